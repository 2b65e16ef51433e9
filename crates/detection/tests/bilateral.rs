//! Both breasts in axial images: a chest with heart, skin, gland, a vessel and one lesion, all from formulas.

use triher_detection::{DetectionOptions, detect};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

fn length(v: [f64; 3]) -> f64 {
    v.iter().map(|c| c * c).sum::<f64>().sqrt()
}

/// Above 0 inside: about the distance to the skin, millimetres.
fn inside_mm([x, y, z]: [f64; 3]) -> f64 {
    let chest = 105.0 * (1.0 - ((x / 180.0).powi(2) + ((y - 105.0) / 105.0).powi(2)).sqrt());
    let breast =
        |side: f64| 60.0 * (1.0 - length([(x - side * 85.0) / 60.0, (y - 10.0) / 85.0, z / 58.0]));
    chest.max(breast(1.0)).max(breast(-1.0))
}

const LESION_MM: [f64; 3] = [-92.0, -35.0, 8.0];

fn is_lesion([x, y, z]: [f64; 3]) -> bool {
    length([x - LESION_MM[0], y - LESION_MM[1], z - LESION_MM[2]]) < 9.0
}

fn signal(p: [f64; 3], after: bool) -> f64 {
    let [x, y, z] = p;
    let depth = inside_mm(p);
    let (before, enhancement) = if depth < 0.0 {
        (0.0, 0.0)
    } else if is_lesion(p) {
        (210.0, 230.0)
    } else if length([x - 30.0, y - 75.0, z]) < 45.0 {
        (150.0, 400.0)
    } else if (x - 60.0).hypot(z - 15.0) < 2.5 && y < 0.0 {
        (120.0, 260.0)
    } else if depth < 2.5 {
        (180.0, 160.0)
    } else if y > 25.0 && (x.abs() - 80.0).hypot(y - 80.0) < 50.0 {
        (15.0, 5.0)
    } else if y < -5.0 && depth > 14.0 {
        (220.0, 50.0 + 25.0 * (x / 7.0).sin() * (y / 6.0).cos())
    } else {
        (60.0, 6.0)
    };
    before + if after { enhancement } else { 0.0 }
}

#[test]
fn a_lesion_of_two_breasts_comes_before_the_heart() {
    let geometry =
        Geometry::axis_aligned([150, 84, 28], [2.5, 2.5, 4.0], [-186.0, -100.0, -54.0]).unwrap();
    let image = |after: bool| {
        Image::from_fn(geometry, |index| {
            let p = geometry.index_to_world(index.map(|i| i as f64));
            // Something like noise, the same every time.
            let noise = (12.9898 * p[0] + 78.233 * p[1] + 37.719 * p[2]).sin() * 43_758.545;
            (signal(p, after) + 12.0 * (noise - noise.floor())) as f32
        })
    };
    let phase = |after, time_s| Phase {
        image: image(after),
        time_s: Some(time_s),
    };
    let series = DynamicSeries::new(vec![phase(false, 0.0), phase(true, 100.0)]).unwrap();
    let found = detect(&series, &DetectionOptions::default()).unwrap();
    println!("{:?} {:?}", found.breast.wall, found.breast.nipples_mm);
    for c in &found.candidates {
        println!(
            "{:.3} {:.0} mm3 {:.0?}",
            c.confidence, c.volume_mm3, c.centre_mm
        );
    }
    let best = &found.candidates[0];
    let truth = Mask::from_fn(geometry, |index| {
        is_lesion(geometry.index_to_world(index.map(|i| i as f64)))
    });
    let shared = truth
        .voxels()
        .iter()
        .zip(best.mask.voxels())
        .filter(|(a, b)| **a && **b)
        .count();
    let dice = 2.0 * shared as f64 / (truth.count() + best.mask.count()) as f64;
    assert!(dice > 0.8, "{dice}");

    // The heart's front lies at y = 30, the chest's skin between the breasts at y = 0.
    let wall = &found.breast.wall;
    assert!(wall.in_front_mm([30.0, 30.0, 0.0]) < 0.0, "{wall:?}");
    assert!(wall.in_front_mm([0.0, 0.0, 0.0]) > 0.0, "{wall:?}");
    assert!(wall.in_front_mm(LESION_MM) > 20.0, "{wall:?}");
    let mut sides: Vec<f64> = found.breast.nipples_mm.iter().map(|n| n[0]).collect();
    sides.sort_by(f64::total_cmp);
    assert_eq!(sides.len(), 2);
    assert!(
        (sides[0] + 85.0).abs() < 8.0 && (sides[1] - 85.0).abs() < 8.0,
        "{sides:?}"
    );
}
