//! Detection on simulated patients of three centres: hits, Dice and volume by centre, as a Markdown table on standard output.
//!
//! `cargo run --release -p triher-detection --example detection_report -- SEED PATIENTS_PER_CENTRE [each] [graph-cut]`; with `each`, one line a patient.

use rayon::prelude::*;
use std::io::Write;
use triher_detection::{DetectionOptions, OutlineMethod, candidate_at_seed, detect};
use triher_simulate::{CohortSpec, SimulatedPatient, patients, simulate_patient};
use triher_volume::Mask;

/// One patient's results.
struct Row {
    id: String,
    centre: String,
    diameter_mm: f64,
    /// Rank of the first candidate that meets the lesion (Dice above 0.2), from 1.
    rank: Option<usize>,
    confidence: f64,
    /// Dice of the candidate of rank 1, whatever it is.
    first_dice: f64,
    /// Dice of the candidate that was hit.
    hit_dice: f64,
    /// Dice of the outline from a seed at the lesion's centre.
    seed_dice: f64,
    seed_volume_ratio: f64,
}

/// Overlap at which a candidate counts as the lesion.
const HIT_DICE: f64 = 0.2;

fn dice(a: &Mask, b: &Mask) -> f64 {
    let shared = a
        .voxels()
        .iter()
        .zip(b.voxels())
        .filter(|(a, b)| **a && **b);
    2.0 * shared.count() as f64 / (a.count() + b.count()).max(1) as f64
}

fn row(patient: &SimulatedPatient, options: &DetectionOptions) -> Result<Row, String> {
    let found = detect(&patient.series, options).map_err(|e| e.to_string())?;
    let overlaps: Vec<f64> = found
        .candidates
        .iter()
        .map(|c| dice(&c.mask, &patient.lesion))
        .collect();
    let rank = overlaps.iter().position(|&d| d > HIT_DICE);
    let geometry = patient.series.geometry();
    let seed = geometry.nearest_voxel(geometry.world_to_index(patient.truth.lesion_centre_mm));
    let by_seed = seed.and_then(|seed| candidate_at_seed(&patient.series, seed, options).ok());
    Ok(Row {
        id: patient.id.clone(),
        centre: patient.centre.clone(),
        diameter_mm: patient.truth.lesion_diameter_mm,
        rank: rank.map(|r| r + 1),
        confidence: found.candidates.first().map_or(0.0, |c| c.confidence),
        first_dice: overlaps.first().copied().unwrap_or(0.0),
        hit_dice: rank.map_or(0.0, |r| overlaps[r]),
        seed_dice: by_seed
            .as_ref()
            .map_or(0.0, |c| dice(&c.mask, &patient.lesion)),
        seed_volume_ratio: by_seed.map_or(0.0, |c| c.volume_mm3 / patient.lesion.volume_mm3()),
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seed = arguments.first().map_or(Ok(2026), |text| text.parse())?;
    let count = arguments.get(1).map_or(Ok(34), |text| text.parse())?;
    let mut spec = CohortSpec::demo(seed);
    for centre in &mut spec.centres {
        centre.patients = count;
    }
    let all: Vec<(usize, usize)> = patients(&spec).collect();
    let mut options = DetectionOptions::default();
    if arguments.iter().any(|a| a == "graph-cut") {
        options.outline = OutlineMethod::GraphCut;
    }
    let rows = all
        .par_iter()
        .map(|&(centre, index)| {
            let patient = simulate_patient(&spec, centre, index).map_err(|e| e.to_string())?;
            row(&patient, &options)
        })
        .collect::<Result<Vec<Row>, String>>()?;
    let mut out = std::io::stdout().lock();
    if arguments.iter().any(|a| a == "each") {
        for r in &rows {
            let rank = r.rank.map_or("-".to_owned(), |rank| rank.to_string());
            writeln!(
                out,
                "{} {:.0} mm, rank {rank}, confidence {:.2}, Dice {:.2} at rank 1, {:.2} hit, {:.2} by seed ({:.2} of the volume)",
                r.id,
                r.diameter_mm,
                r.confidence,
                r.first_dice,
                r.hit_dice,
                r.seed_dice,
                r.seed_volume_ratio
            )?;
        }
    }
    writeln!(
        out,
        "| centre | patients | hit at rank 1 | hit within 3 | Dice at rank 1, mean (median) | Dice of hits, median | Dice by seed, mean (median) | volume by seed, median ratio | confidence of rank 1, median |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|---|")?;
    let names: Vec<String> = spec.centres.iter().map(|c| c.name.clone()).collect();
    for name in names.iter().map(String::as_str).chain(["all"]) {
        let rows: Vec<&Row> = rows
            .iter()
            .filter(|r| name == "all" || r.centre == name)
            .collect();
        let within = |most: usize| {
            let hits = rows.iter().filter(|r| r.rank.is_some_and(|n| n <= most));
            hits.count() as f64 / rows.len() as f64
        };
        let mean =
            |value: fn(&Row) -> f64| rows.iter().map(|r| value(r)).sum::<f64>() / rows.len() as f64;
        let middle = |value: fn(&Row) -> f64| median(rows.iter().map(|r| value(r)).collect());
        let hits = rows.iter().filter(|r| r.rank.is_some());
        let hit_dice = median(hits.map(|r| r.hit_dice).collect());
        writeln!(
            out,
            "| {name} | {} | {:.0} % | {:.0} % | {:.2} ({:.2}) | {hit_dice:.2} | {:.2} ({:.2}) | {:.2} | {:.2} |",
            rows.len(),
            100.0 * within(1),
            100.0 * within(3),
            mean(|r| r.first_dice),
            middle(|r| r.first_dice),
            mean(|r| r.seed_dice),
            middle(|r| r.seed_dice),
            middle(|r| r.seed_volume_ratio),
            middle(|r| r.confidence),
        )?;
    }
    Ok(())
}
