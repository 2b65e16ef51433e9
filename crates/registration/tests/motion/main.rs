//! Known motion in simulated patients.

mod scene;

use scene::{Movement, Scene};
use std::time::Instant;
use triher_registration::*;

#[test]
fn explore() {
    let mut opts = DeformableOptions::default();
    let get = |n: &str| std::env::var(n).ok().and_then(|v| v.parse::<f64>().ok());
    if let Some(v) = get("BEND") {
        opts.bending_mm2 = v;
    }
    if let Some(v) = get("VOL") {
        opts.volume = v;
    }
    if let Some(v) = get("CTRL") {
        opts.control_spacing_mm = v;
    }
    if let Some(v) = get("RAD") {
        opts.similarity = Similarity::LocalCorrelation { radius_mm: v };
    }
    if let Some(v) = get("MI") {
        opts.similarity = Similarity::MutualInformation {
            bins: v as usize,
            sampled: 1.0,
        };
    }
    if let Some(v) = get("FINE") {
        opts.levels_mm = vec![4.0 * v, 2.0 * v, v];
    }
    let mut ropts = RigidOptions::default();
    if let Some(v) = get("RLN") {
        ropts.similarity = Similarity::LocalCorrelation { radius_mm: v };
    }
    if let Some(v) = get("ITER") {
        opts.iterations = v as usize;
    }
    if let Ok(v) = std::env::var("LEVELS") {
        opts.levels_mm = v.split(',').map(|x| x.parse().unwrap()).collect();
    }
    let from: usize = get("FROM").unwrap_or(0.0) as usize;
    let only = std::env::var("ONLY").unwrap_or_default();
    let usemask = get("MASK").is_some();
    let patients: usize = get("PAT").unwrap_or(3.0) as usize;
    for movement in [Movement::None, Movement::Rigid, Movement::Deformable] {
        if !only.is_empty() && format!("{movement:?}") != only {
            continue;
        }
        for number in from..patients {
            let scene = Scene::new(number);
            let (series, motions) = scene.moved(movement);
            let reference = &series.phases()[1].image;
            let mask = usemask.then(|| scene.tissue.clone());
            for phase in if get("P3").is_some() {
                vec![0usize, 3]
            } else {
                vec![0usize]
            } {
                let motion = &motions[phase];
                let t = Instant::now();
                let image = &series.phases()[phase].image;
                let rigid = register_rigid(reference, image, None, &ropts).unwrap();
                let mut rigid = rigid;
                let mut region = None;
                if get("CMP").is_some() {
                    let mut co = ComparableOptions::default();
                    if let Some(v) = get("REACH") {
                        co.reach_mm = v;
                    }
                    if let Some(v) = get("MARGIN") {
                        co.margin_mm = v;
                    }
                    if let Some(v) = get("EXC") {
                        co.excess = v;
                    }
                    if let Some(v) = get("NOISE") {
                        co.noise = v;
                    }
                    let moved = Transform::Rigid(rigid.transform).resample(
                        image,
                        triher_volume::Interpolation::Linear,
                        0.0,
                    );
                    let reg = comparable_region(reference, &moved, mask.as_ref(), &co).unwrap();
                    let lesion_left = reg
                        .voxels()
                        .iter()
                        .zip(scene.lesion.voxels())
                        .filter(|(a, b)| **a && **b)
                        .count();
                    let tissue_left = reg
                        .voxels()
                        .iter()
                        .zip(scene.tissue.voxels())
                        .filter(|(a, b)| **a && **b)
                        .count();
                    println!(
                        "lesion {} left {} tissue {} left {}",
                        scene.lesion.count(),
                        lesion_left,
                        scene.tissue.count(),
                        tissue_left
                    );
                    rigid = register_rigid(reference, image, Some(&reg), &ropts).unwrap();
                    region = Some(reg);
                }
                let mask = region;
                let t1 = t.elapsed().as_secs_f64();
                let t = Instant::now();
                let fit =
                    register_deformable(reference, image, mask.as_ref(), &rigid.transform, &opts)
                        .unwrap();
                let t2 = t.elapsed().as_secs_f64();
                let jac = fit.transform.jacobian_determinant();
                let (lo, hi) = jac
                    .voxels()
                    .iter()
                    .fold((9f32, -9f32), |(l, h), &v| (l.min(v), h.max(v)));
                let res = |tr: &Transform, mask: &triher_volume::Mask| {
                    let g = scene.grid();
                    let mut d: Vec<f64> = (0..g.len())
                        .filter(|&a| mask.voxels()[a])
                        .map(|a| {
                            let p = g.index_to_world(g.index_at(a).map(|v| v as f64));
                            let q = motion.back(tr.apply(p));
                            (0..3).map(|n| (p[n] - q[n]).powi(2)).sum::<f64>().sqrt()
                        })
                        .collect();
                    d.sort_by(f64::total_cmp);
                    (
                        d.iter().sum::<f64>() / d.len() as f64,
                        d[d.len() * 95 / 100],
                        d[d.len() - 1],
                    )
                };
                let r = Transform::Rigid(rigid.transform);
                let f = Transform::Deformable(Box::new(fit.transform.clone()));
                println!(
                    "{movement:?} patient {number} phase {phase}: tissue none {:.2?} rigid {:.2?} ffd {:.2?} | lesion none {:.2?} rigid {:.2?} ffd {:.2?} jac {lo:.2} {hi:.2} sim {:.3}->{:.3} it {:?} {:?} t {t1:.1} {t2:.1}",
                    res(&Transform::Identity, &scene.tissue),
                    res(&r, &scene.tissue),
                    res(&f, &scene.tissue),
                    res(&Transform::Identity, &scene.lesion),
                    res(&r, &scene.lesion),
                    res(&f, &scene.lesion),
                    fit.similarity_before,
                    fit.similarity_after,
                    rigid.iterations,
                    fit.iterations
                );
            }
        }
    }
}
