//! Harrell's concordance.

use crate::follow_up::{all_finite, same_length};
use crate::{FollowUp, SurvivalError};

/// The chance that of two patients the one with the higher risk has the event first, over pairs of
/// which that is known; equal risks count half. Pairs that have the event at the same time are left
/// out, and one censored at another's time of event outlived it. `None` without such pairs. Looks at
/// every pair of an event and another patient. Source: Harrell et al., Stat. Med. 15:361 (1996); as R's
/// `concordance`.
///
/// # Errors
/// Another number of risks than of patients, or a risk that is not finite.
pub fn concordance(follow_up: &FollowUp, risk: &[f64]) -> Result<Option<f64>, SurvivalError> {
    same_length("risk", follow_up.len(), risk.len())?;
    all_finite("risk", risk)?;
    let (mut doubled, mut pairs) = (0u64, 0u64);
    for (i, time) in follow_up.time.iter().enumerate() {
        if !follow_up.event[i] {
            continue;
        }
        for (j, other) in follow_up.time.iter().enumerate() {
            if other > time || (other == time && !follow_up.event[j]) {
                pairs += 1;
                doubled += if risk[i] > risk[j] {
                    2
                } else {
                    u64::from(risk[i] == risk[j])
                };
            }
        }
    }
    Ok((pairs > 0).then(|| doubled as f64 / (2 * pairs) as f64))
}
