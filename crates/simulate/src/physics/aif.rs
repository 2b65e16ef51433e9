//! The arterial input function.

/// The population-averaged arterial input function of Parker et al. (Magn Reson Med 2006;56:993-1000), scaled and delayed.
///
/// Equation 1 of that paper gives the concentration in whole blood as two Gaussians (first pass, recirculation) and an exponential that
/// a sigmoid switches on:
///
/// `C_b(t) = sum_n A_n / (sigma_n sqrt(2 pi)) exp(-(t - T_n)^2 / (2 sigma_n^2)) + alpha exp(-beta t) / (1 + exp(-s (t - tau)))`
///
/// with `A = 0.809, 0.330` mM min, `T = 0.17046, 0.365` min, `sigma = 0.0563, 0.132` min, `alpha = 1.050` mM, `beta = 0.1685`/min,
/// `s = 38.078`/min and `tau = 0.483` min (its Table 1), `t` in minutes after arrival, 0 before it. The first pass peaks at 6.1 mM, as
/// in its Figure 3. A NumPy implementation gives the same to 1e-12 (`tests/physics.rs`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aif {
    /// Seconds at which the contrast agent arrives.
    pub arrival_s: f64,
    /// Concentration relative to the population's: dose and cardiac output.
    pub scale: f64,
    /// Volume fraction of the blood's cells, which the agent does not enter.
    pub hematocrit: f64,
}

impl Default for Aif {
    /// Arrival at 0 s, the population's concentration, hematocrit 0.42.
    fn default() -> Self {
        Self {
            arrival_s: 0.0,
            scale: 1.0,
            hematocrit: 0.42,
        }
    }
}

const AREA_MM_MIN: [f64; 2] = [0.809, 0.330];
const CENTRE_MIN: [f64; 2] = [0.17046, 0.365];
const WIDTH_MIN: [f64; 2] = [0.0563, 0.132];
const ALPHA_MM: f64 = 1.050;
const BETA_PER_MIN: f64 = 0.1685;
const SIGMOID_PER_MIN: f64 = 38.078;
const TAU_MIN: f64 = 0.483;

impl Aif {
    /// Concentration in whole blood, millimolar, at a time in seconds.
    pub fn blood_mm(&self, time_s: f64) -> f64 {
        if time_s < self.arrival_s {
            return 0.0;
        }
        let t = (time_s - self.arrival_s) / 60.0;
        let pass = |n: usize| {
            let z = (t - CENTRE_MIN[n]) / WIDTH_MIN[n];
            AREA_MM_MIN[n] / (WIDTH_MIN[n] * std::f64::consts::TAU.sqrt()) * (-0.5 * z * z).exp()
        };
        let washout =
            ALPHA_MM * (-BETA_PER_MIN * t).exp() / (1.0 + (-SIGMOID_PER_MIN * (t - TAU_MIN)).exp());
        self.scale * (pass(0) + pass(1) + washout)
    }

    /// Concentration in plasma, millimolar: that of blood over `1 - hematocrit`.
    pub fn plasma_mm(&self, time_s: f64) -> f64 {
        self.blood_mm(time_s) / (1.0 - self.hematocrit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pass_peaks_as_in_the_paper() {
        let aif = Aif::default();
        let samples = (0..6000).map(|i| 0.05 * f64::from(i));
        let (at, peak) = samples
            .map(|t| (t, aif.blood_mm(t)))
            .fold(
                (0.0, 0.0),
                |best, now| if now.1 > best.1 { now } else { best },
            );
        // Parker 2006, Figure 3: about 6 mM some ten seconds after arrival; about 1 mM at one minute; a slow fall after it.
        assert!((peak - 6.07).abs() < 0.02, "{peak}");
        assert!((at - 10.3).abs() < 0.2, "{at}");
        assert!(
            (aif.blood_mm(60.0) - 0.887).abs() < 0.01,
            "{}",
            aif.blood_mm(60.0)
        );
        assert!((aif.blood_mm(300.0) - 0.452).abs() < 0.005);
        assert_eq!(aif.blood_mm(-0.1), 0.0);
        assert!((aif.plasma_mm(20.0) - aif.blood_mm(20.0) / 0.58).abs() < 1e-12);
    }
}
