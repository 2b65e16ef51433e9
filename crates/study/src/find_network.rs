//! Candidates from a trained segmentation network instead of the built-in search.

use crate::StudyError;
use crate::encoder::onnx_runtime;
use std::path::Path;
use triher_detection::{
    Candidate, DetectionOptions, WindowError, WindowOptions, candidates_from_probability,
    foreground_probability, sliding_window,
};
use triher_onnx::{OnnxError, SegmenterCard};
use triher_patch::{PhaseInput, whole_input};
use triher_volume::{DynamicSeries, Image, Interpolation, resample_onto};

/// Runs the network of a card over a study, window by window, and makes candidates of what it takes for lesion. Its probabilities are brought back
/// to the study's grid by linear interpolation before they are compared with the card's threshold.
///
/// # Errors
/// When card or network cannot be read or do not fit each other, or a phase that the card names is not there.
pub(crate) fn by_network(
    card: &Path,
    series: &DynamicSeries,
    options: &DetectionOptions,
) -> Result<Vec<Candidate>, StudyError> {
    let card = SegmenterCard::read(card)?;
    let inputs = card.input.channels.iter();
    let inputs: Vec<PhaseInput> = inputs.map(|text| text.parse()).collect::<Result<_, _>>()?;
    let channels = inputs.iter().map(|input| {
        let image = whole_input(series, input)?;
        Ok(card.prepared(&image)?)
    });
    let channels: Vec<Image> = channels.collect::<Result<_, StudyError>>()?;
    let network = card.open(&onnx_runtime())?;
    let windows = WindowOptions {
        overlap: card.windows.overlap,
        sigma_fraction: Some(card.windows.gaussian).filter(|sigma| *sigma > 0.0),
        flips: card.flips(),
        ..WindowOptions::new(card.window())
    };
    let maps = sliding_window(&channels, &windows, |window| network.maps(window));
    let maps = maps.map_err(|error| match error {
        WindowError::Network(error) => StudyError::from(error),
        WindowError::Volume(error) => error.into(),
        other => OnnxError::Model {
            path: card.file.clone(),
            problem: other.to_string(),
        }
        .into(),
    })?;
    let probability = foreground_probability(&maps)?
        .ok_or_else(|| StudyError::Internal("a network without maps".to_owned()))?;
    let grid = series.geometry();
    let probability = match probability.geometry() == grid {
        true => probability,
        false => resample_onto(&probability, grid, Interpolation::Linear, 0.0),
    };
    let threshold = card.output.threshold;
    Ok(candidates_from_probability(
        &probability,
        threshold,
        options,
    )?)
}
