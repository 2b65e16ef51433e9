//! The patients of a cohort, on all threads: who cannot be used is told and left out, and the others go on.

use crate::StudyError;
use crate::cohort::CohortPatient;
use crate::extract::SkippedPatient;
use crate::progress::Progress;
use rayon::prelude::*;
use std::borrow::Borrow;

/// Does the work for each patient; outcomes in the order of the patients, whatever the number of threads.
pub(crate) fn each_patient<P, T>(
    stage: &str,
    patients: &[P],
    progress: &dyn Progress,
    work: impl Fn(&CohortPatient) -> Result<T, StudyError> + Sync,
) -> Vec<Result<T, SkippedPatient>>
where
    P: Borrow<CohortPatient> + Sync,
    T: Send,
{
    progress.begin(stage, patients.len() as u64);
    let outcomes = patients
        .par_iter()
        .map(|patient| {
            let patient = patient.borrow();
            let outcome = work(patient);
            progress.step(&patient.unit);
            outcome.map_err(|error| {
                let name = patient.id.as_deref().unwrap_or(&patient.unit);
                let reason = error.of_patient(name).to_string();
                progress.note(&format!("skipped: {reason}"));
                SkippedPatient {
                    patient: patient.unit.clone(),
                    reason,
                }
            })
        })
        .collect();
    progress.end();
    outcomes
}
