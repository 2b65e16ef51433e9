//! A patch becomes the numbers that a model takes.

use crate::OnnxError;
use crate::card::{Card, Normalisation, Slices};
use triher_volume::{Image, Mask, resize_area};

/// The inputs of one patch, each as the card orders its axes: one, or one for each slice.
pub(crate) fn inputs(card: &Card, patch: &Image, mask: &Mask) -> Result<Vec<Vec<f32>>, OnnxError> {
    patch.check_same_grid("patch", mask, "patch mask")?;
    let (z, y, x) = card.volume_size();
    let depth = z.unwrap_or(patch.geometry().size()[2]);
    let size = [x, y, depth];
    // Area averaging, as the published encoders' patches are made; a patch of that size stays as it is.
    let mut volume = if patch.geometry().size() == size {
        patch.voxels().to_vec()
    } else {
        resize_area(patch, size)?.into_voxels()
    };
    normalise(&mut volume, card.input.normalisation);
    let Some(slices) = card.slices else {
        return Ok(vec![arrange(card, &volume, depth)]);
    };
    let plane = x * y;
    Ok(chosen(slices.which, mask)
        .into_iter()
        .map(|k| arrange(card, &volume[k * plane..(k + 1) * plane], 1))
        .collect())
}

/// Numbers of the slices that a 2-D model is given.
fn chosen(which: Slices, mask: &Mask) -> Vec<usize> {
    let [width, height, depth] = mask.geometry().size();
    let all = || (0..depth).collect();
    match which {
        Slices::All => all(),
        Slices::Middle(count) => {
            let count = count.min(depth);
            let first = (depth - count) / 2;
            (first..first + count).collect()
        }
        Slices::Lesion => {
            let planes = mask.voxels().chunks_exact(width * height);
            let touched: Vec<usize> = planes
                .enumerate()
                .filter(|(_, plane)| plane.contains(&true))
                .map(|(k, _)| k)
                .collect();
            if touched.is_empty() { all() } else { touched }
        }
    }
}

/// Voxels `[z][y][x]` in the order of the card's axes, channels repeated.
fn arrange(card: &Card, voxels: &[f32], depth: usize) -> Vec<f32> {
    let (_, height, width) = card.volume_size();
    let axes = card.axes();
    let length = |axis: char| match axis {
        'c' => card.input.channels,
        'z' => depth,
        'y' => height,
        'x' => width,
        _ => 1,
    };
    // How far apart neighbours along each axis lie in `voxels`; channels lie on top of each other.
    let stride = |axis: char| match axis {
        'z' => height * width,
        'y' => width,
        'x' => 1,
        _ => 0,
    };
    let mut offsets = vec![0usize];
    for axis in axes {
        let (length, stride) = (length(axis), stride(axis));
        offsets = offsets
            .into_iter()
            .flat_map(|offset| (0..length).map(move |at| offset + at * stride))
            .collect();
    }
    offsets.into_iter().map(|offset| voxels[offset]).collect()
}

/// Voxels that are not finite become 0 after the others were normalised without them.
pub(crate) fn normalise(voxels: &mut [f32], how: Normalisation) {
    let finite = || voxels.iter().copied().filter(|v| v.is_finite());
    let count = finite().count();
    let (subtract, divide) = match how {
        Normalisation::None => (0.0, 1.0),
        Normalisation::ZScore => {
            let mean = finite().map(f64::from).sum::<f64>() / count.max(1) as f64;
            let squares: f64 = finite().map(|v| (f64::from(v) - mean).powi(2)).sum();
            let sd = (squares / (count.max(2) - 1) as f64).sqrt();
            (mean, sd + 1e-8)
        }
        Normalisation::MinMax => {
            let low = finite().fold(f32::INFINITY, f32::min);
            let high = finite().fold(f32::NEG_INFINITY, f32::max);
            (f64::from(low), f64::from(high - low))
        }
        Normalisation::Fixed { mean, sd } => (f64::from(mean), f64::from(sd)),
        Normalisation::Window {
            percentiles: [low, high],
        } => {
            let mut sorted: Vec<f32> = finite().collect();
            sorted.sort_by(f32::total_cmp);
            let (low, high) = (percentile(&sorted, low), percentile(&sorted, high));
            (low, high - low)
        }
    };
    let clip = matches!(how, Normalisation::Window { .. });
    for voxel in voxels {
        // An image of one value has no spread: it becomes zeros.
        let value = if divide > 0.0 {
            (f64::from(*voxel) - subtract) / divide
        } else {
            0.0
        };
        let value = if clip { value.clamp(0.0, 1.0) } else { value };
        *voxel = if value.is_finite() { value as f32 } else { 0.0 };
    }
}

/// A percentile of ascending numbers, linear between neighbours (NumPy's default).
fn percentile(sorted: &[f32], percent: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let at = percent / 100.0 * last as f64;
    let (below, above) = (at.floor() as usize, at.ceil() as usize);
    let (low, high) = (f64::from(sorted[below]), f64::from(sorted[above.min(last)]));
    low + (high - low) * (at - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::Geometry;

    fn card(text: &str) -> Card {
        let card: Card =
            toml::from_str(&format!("file = \"m.onnx\"\nname = \"m\"\n{text}")).unwrap();
        card.check().unwrap();
        card
    }

    fn patch() -> (Image, Mask) {
        let geometry = Geometry::axis_aligned([3, 2, 4], [1.0; 3], [0.0; 3]).unwrap();
        (
            Image::from_fn(geometry, |[i, j, k]| (i + 10 * j + 100 * k) as f32),
            Mask::from_fn(geometry, |[.., k]| k == 1 || k == 2),
        )
    }

    #[test]
    fn axes_come_in_the_cards_order() {
        let (image, mask) = patch();
        let same = card("[input]\nsize = [4, 2, 3]\nnormalisation = \"none\"");
        assert_eq!(inputs(&same, &image, &mask).unwrap(), [image.voxels()]);
        let turned = card(
            "[input]\naxes = \"n x y z c\"\nchannels = 3\nsize = [4, 2, 3]\nnormalisation = \"none\"",
        );
        let fed = &inputs(&turned, &image, &mask).unwrap()[0];
        assert_eq!(turned.input_shape(), [1, 3, 2, 4, 3]);
        assert_eq!(fed[..6], [0.0, 0.0, 0.0, 100.0, 100.0, 100.0]);
        assert_eq!(fed[(2 * 2 * 4 + 4 + 3) * 3], 312.0);
    }

    #[test]
    fn slices_are_those_of_the_lesion_or_of_the_middle() {
        let (image, mask) = patch();
        let of = |which: &str| {
            let card = card(&format!(
                "[input]\naxes = \"n c y x\"\nsize = [2, 3]\nnormalisation = \"none\"\n[slices]\nwhich = {which}"
            ));
            let slices = inputs(&card, &image, &mask).unwrap();
            slices.iter().map(|s| s[0]).collect::<Vec<f32>>()
        };
        assert_eq!(of("\"lesion\""), [100.0, 200.0]);
        assert_eq!(of("\"all\""), [0.0, 100.0, 200.0, 300.0]);
        assert_eq!(of("{ middle = 3 }"), [0.0, 100.0, 200.0]);
        assert_eq!(of("{ middle = 9 }").len(), 4);
    }

    #[test]
    fn intensities_are_normalised_as_the_card_says() {
        let of = |how: &str, mut values: Vec<f32>| {
            let card = card(&format!("[input]\nsize = [1, 1, 1]\nnormalisation = {how}"));
            normalise(&mut values, card.input.normalisation);
            values
        };
        assert_eq!(
            of("\"z-score\"", vec![1.0, 3.0, f32::NAN]),
            [-0.707_106_77, 0.707_106_77, 0.0]
        );
        assert_eq!(of("\"min-max\"", vec![2.0, 4.0, 3.0]), [0.0, 1.0, 0.5]);
        assert_eq!(of("{ mean = 1.0, sd = 2.0 }", vec![5.0]), [2.0]);
        let window = of(
            "{ percentiles = [25.0, 75.0] }",
            vec![0.0, 1.0, 2.0, 3.0, 4.0],
        );
        assert_eq!(window, [0.0, 0.0, 0.5, 1.0, 1.0]);
        for how in [
            "\"z-score\"",
            "\"min-max\"",
            "{ percentiles = [1.0, 99.0] }",
        ] {
            assert_eq!(of(how, vec![7.0; 3]), [0.0; 3]);
            assert_eq!(of(how, vec![f32::NAN; 2]), [0.0; 2]);
        }
    }
}
