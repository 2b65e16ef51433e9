//! A picture of motion correction: the subtraction image before and after, in three planes.

use crate::StudyError;
use crate::canvas::Canvas;
use crate::pictures::{Slice, Upright};
use triher_registration::{Correction, MotionReport, PhaseMotion};
use triher_volume::{DynamicSeries, Image, Mask};

/// Widths of the three panels together, pixels.
const PANELS: f64 = 1260.0;
/// Between panels and about them.
const GAP: usize = 12;
/// How much letters are enlarged.
const LETTERS: usize = 2;
/// Height of a line of text.
const LINE: usize = 24;
const PAPER: [u8; 3] = [255; 3];
const INK: [u8; 3] = [20; 3];
const BAR: usize = 300;
const PLANES: [(&str, usize); 3] = [("axial", 2), ("coronal", 1), ("sagittal", 0)];

/// Draws a phase's subtraction image before and after its motion was undone, both in one window, with what was found above.
///
/// Subtracted are the reference and the phase, the earlier from the later, so that enhancement is bright. The phase is the one given, else the one that was
/// moved most; the slices are those of the breast that the correction cleared most (the middle ones when it cleared none). Grey is no difference; what moved shows as
/// pairs of bright and dark edges. Slices are drawn head up, with the patient's left on the right.
///
/// # Errors
/// When there is no such phase, or it is the reference.
pub(crate) fn motion_picture(
    before: &DynamicSeries,
    after: &DynamicSeries,
    report: &MotionReport,
    phase: Option<usize>,
) -> Result<Vec<u8>, StudyError> {
    let motion = match phase {
        None => most_moved(report),
        Some(number) => (report.phases.iter()).find(|p| p.phase == number),
    };
    let motion = motion.filter(|m| m.correction != Correction::Reference);
    let Some(motion) = motion else {
        return Err(StudyError::Input(format!(
            "there is no motion of a phase {} to draw: give one of the {} phases (0 is before contrast), but not {}, onto which the others were moved",
            phase.unwrap_or(report.reference),
            report.phases.len(),
            report.reference
        )));
    };
    let [was, is] = [
        subtraction(before, motion.phase, report.reference)?,
        subtraction(after, motion.phase, report.reference)?,
    ];
    // The heart beats and the grid has borders: what counts is the breast.
    let region = match triher_detection::breast_region(after, &Default::default()) {
        Ok(found) => found.breast,
        Err(_) => was.map(|_| true),
    };
    let upright = Upright::of(before.geometry());
    let region = upright.turned(&region)?;
    let (was, is) = (upright.turned(&was)?, upright.turned(&is)?);
    let white = window(&was);
    let spacing = was.geometry().spacing_mm();
    let extent = |axis: usize| was.geometry().size()[axis] as f64 * spacing[axis];
    let extents = PLANES.map(|(_, axis)| match axis {
        0 => [extent(1), extent(2)],
        1 => [extent(0), extent(2)],
        _ => [extent(0), extent(1)],
    });
    let scale = PANELS / extents.iter().map(|e| e[0]).sum::<f64>();
    let sizes = extents.map(|e| e.map(|mm| ((mm * scale).round() as usize).clamp(1, 3000)));
    let tallest = sizes.iter().map(|s| s[1]).max().unwrap_or(1);
    let words = words(motion, report);
    let longest = words.iter().map(|w| Canvas::text_width(w, LETTERS)).max();
    let panels = sizes.iter().map(|s| s[0]).sum::<usize>() + 2 * GAP;
    let width = panels.max(longest.unwrap_or(0)) + 2 * GAP;
    let head = GAP + words.len() * LINE;
    let row = LINE + tallest + GAP;
    let mut canvas = Canvas::new([width, head + 2 * row + 2 * LINE], PAPER);
    for (number, line) in words.iter().enumerate() {
        canvas.text([GAP, GAP + number * LINE], line, LETTERS, INK);
    }
    let mut left = GAP;
    for ((plane, axis), size) in PLANES.into_iter().zip(sizes) {
        let index = most_gained(&was, &is, &region, axis);
        let slice = upright.stored_index(axis, index) + 1;
        for (number, (when, image)) in [("before", &was), ("after", &is)].into_iter().enumerate() {
            let top = head + number * row;
            let label = format!("{when}: {plane} {slice}");
            canvas.text([left, top + 4], &label, LETTERS, INK);
            panel(
                &mut canvas,
                &Slice::of(image, axis, index),
                [left, top + LINE],
                size,
                white,
            );
        }
        left += size[0] + GAP;
    }
    legend(&mut canvas, head + 2 * row, white);
    canvas.png()
}

/// The phase whose motion that was undone is largest; one that was left when none was undone.
fn most_moved(report: &MotionReport) -> Option<&PhaseMotion> {
    let moved = (report.phases.iter()).filter(|p| p.correction != Correction::Reference);
    moved.reduce(|most, next| {
        if next.mean_displacement_mm > most.mean_displacement_mm {
            next
        } else {
            most
        }
    })
}

/// The later of phase and reference minus the earlier one.
fn subtraction(
    series: &DynamicSeries,
    phase: usize,
    reference: usize,
) -> Result<Image, StudyError> {
    let image = |number: usize| {
        let found = series.phases().get(number).map(|p| &p.image);
        found.ok_or_else(|| StudyError::Internal(format!("there is no phase {number}")))
    };
    let mut difference = image(phase.max(reference))?.clone();
    let earlier = image(phase.min(reference))?;
    for (voxel, other) in difference.voxels_mut().iter_mut().zip(earlier.voxels()) {
        *voxel -= other;
    }
    Ok(difference)
}

/// What was found, in lines.
fn words(motion: &PhaseMotion, report: &MotionReport) -> Vec<String> {
    let (later, earlier) = (
        motion.phase.max(report.reference),
        motion.phase.min(report.reference),
    );
    let mut lines = vec![format!(
        "Subtraction C{later} - C{earlier}, before and after C{} was moved onto C{}",
        motion.phase, report.reference
    )];
    let done = match motion.correction {
        Correction::Deformable => "rigid motion and deformation undone",
        Correction::Rigid => "rigid motion undone",
        _ => "left as it was",
    };
    lines.push(format!(
        "{done}: {:.1} degrees; {:.1} mm on average, {:.1} mm at most",
        motion.rotation_deg, motion.mean_displacement_mm, motion.max_displacement_mm
    ));
    lines.push(match motion.jacobian_range {
        Some([low, high]) => format!(
            "Jacobian determinant of the deformation: {low:.2} to {high:.2} ({})",
            if motion.correction == Correction::Deformable {
                "within the limits"
            } else {
                "the deformation was not used"
            }
        ),
        None => "no deformation was fitted: the Jacobian determinant is 1".to_owned(),
    });
    lines
}

/// Half the width of the window: the 99th percentile of the differences' sizes.
fn window(difference: &Image) -> f32 {
    let finite = difference.voxels().iter().filter(|v| v.is_finite());
    let mut sizes: Vec<f32> = finite.map(|v| v.abs()).collect();
    let rank = sizes.len().saturating_sub(1) * 99 / 100;
    let white = match sizes.get(rank) {
        None => 0.0,
        Some(_) => *sizes.select_nth_unstable_by(rank, f32::total_cmp).1,
    };
    white.max(f32::MIN_POSITIVE)
}

/// The slice across an axis from which the correction took most of a region's differences; the middle one when it took nothing from any. What a correction only adds
/// (at the grid's border, where the moved phase ends) does not count for a slice.
fn most_gained(before: &Image, after: &Image, region: &Mask, axis: usize) -> usize {
    let geometry = before.geometry();
    let mut sums = vec![0.0f64; geometry.size()[axis]];
    let pairs = before.voxels().iter().zip(after.voxels());
    let within = pairs.zip(region.voxels()).enumerate();
    for (offset, ((b, a), _)) in
        within.filter(|(_, ((b, a), inside))| **inside && b.is_finite() && a.is_finite())
    {
        sums[geometry.index_at(offset)[axis]] += f64::from(b.abs() - a.abs());
    }
    // The outer tenths are where phases have nothing in common: what comes and goes there is no picture of the patient.
    let border = sums.len() / 10;
    let inner = &sums[border..sums.len() - border];
    let most = inner.iter().fold(0.0, |m: f64, &s| m.max(s));
    match inner.iter().position(|&s| s == most) {
        Some(at) if most > 0.0 => border + at,
        _ => sums.len() / 2,
    }
}

/// One slice, enlarged with values between voxels interpolated.
fn panel(canvas: &mut Canvas, slice: &Slice, corner: [usize; 2], size: [usize; 2], white: f32) {
    let voxels = [slice.width, slice.height];
    let value = |x: usize, y: usize| slice.values[x + slice.width * y];
    for y in 0..size[1] {
        for x in 0..size[0] {
            let place: [(usize, usize, f32); 2] = [(x, 0), (y, 1)].map(|(p, a)| {
                let at = (p as f64 + 0.5) * voxels[a] as f64 / size[a] as f64 - 0.5;
                let at = at.clamp(0.0, (voxels[a] - 1) as f64);
                let low = at.floor() as usize;
                (low, (low + 1).min(voxels[a] - 1), (at - at.floor()) as f32)
            });
            let [(x0, x1, u), (y0, y1, v)] = place;
            let row = |y: usize| value(x0, y) * (1.0 - u) + value(x1, y) * u;
            let between = row(y0) * (1.0 - v) + row(y1) * v;
            canvas.set(corner[0] + x, corner[1] + y, [grey(between / white); 3]);
        }
    }
}

/// Grey of a difference in windows' halves: -1 black, 0 middle, 1 white.
fn grey(share: f32) -> u8 {
    // A value that is not a number is black.
    (127.5 * (share.clamp(-1.0, 1.0) + 1.0)) as u8
}

/// A bar of the window with its numbers.
fn legend(canvas: &mut Canvas, top: usize, white: f32) {
    let low = format!("-{white:.0}");
    let begin = 2 * GAP + Canvas::text_width(&low, LETTERS);
    canvas.text([GAP, top + 4], &low, LETTERS, INK);
    for x in 0..BAR {
        let shade = grey(2.0 * x as f32 / (BAR - 1) as f32 - 1.0);
        for y in 0..LINE - 4 {
            canvas.set(begin + x, top + y, [shade; 3]);
        }
    }
    let text = format!("+{white:.0}, the same in all panels; grey is no difference");
    canvas.text([begin + BAR + GAP, top + 4], &text, LETTERS, INK);
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_registration::{MotionModel, MotionOptions, register_series};
    use triher_volume::{Geometry, Phase};

    /// A ball that is brighter and a voxel further after contrast.
    fn moved() -> DynamicSeries {
        let grid = Geometry::axis_aligned([24, 20, 16], [3.0, 3.0, 4.0], [0.0; 3]).unwrap();
        let ball = |x: f64, bright: f32| {
            Image::from_fn(grid, |[i, j, k]| {
                let place = [i as f64 - x, j as f64 - 9.0, k as f64 - 8.0];
                let distance = place.iter().map(|p| p * p).sum::<f64>().sqrt();
                20.0 + bright / (1.0 + (2.0 * (distance - 5.0)).exp()) as f32
            })
        };
        let phases = [ball(10.0, 100.0), ball(11.5, 140.0)].map(|image| Phase {
            image,
            time_s: None,
        });
        DynamicSeries::new(phases.into()).unwrap()
    }

    #[test]
    fn before_shows_the_motion_and_after_does_not() {
        let series = moved();
        let options = MotionOptions {
            model: MotionModel::Rigid,
            ..MotionOptions::default()
        };
        let (corrected, report) = register_series(&series, None, &options).unwrap();
        let [was, is] = [&series, &corrected].map(|s| subtraction(s, 0, 1).unwrap());
        // The dark edge behind the ball is a darkness that only motion makes: the ball is brighter everywhere.
        let darkest = |image: &Image| image.voxels().iter().fold(0f32, |m, v| m.min(*v));
        assert!(darkest(&was) < -40.0 && darkest(&is) > -10.0);
        let everywhere = was.map(|_| true);
        assert!((4..=12).contains(&most_gained(&was, &is, &everywhere, 2)));
        let png = motion_picture(&series, &corrected, &report, None).unwrap();
        assert_eq!(
            png,
            motion_picture(&series, &corrected, &report, Some(0)).unwrap()
        );
        let decoder = png::Decoder::new(std::io::Cursor::new(&png));
        let info = decoder.read_info().unwrap();
        assert!(info.info().width > 1260 && info.info().height > 300);
        for phase in [1, 5] {
            let error = motion_picture(&series, &corrected, &report, Some(phase)).unwrap_err();
            assert!(error.to_string().contains("but not 1"), "{error}");
        }
    }

    #[test]
    fn grey_is_no_difference() {
        assert_eq!(
            [-2.0, -1.0, 0.0, 1.0, f32::NAN].map(grey),
            [0, 0, 127, 255, 0]
        );
        let grid = Geometry::axis_aligned([4, 3, 6], [1.0; 3], [0.0; 3]).unwrap();
        let image = Image::filled(grid, 1.0);
        assert_eq!(most_gained(&image, &image, &image.map(|_| true), 2), 3);
    }
}
