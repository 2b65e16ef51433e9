//! How the pulse sequence was run.

/// What the images say of their pulse sequence; `None` where they say nothing. All phases of a study share it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SequenceParameters {
    /// RepetitionTime (0018,0080), milliseconds.
    pub repetition_time_ms: Option<f64>,
    /// EchoTime (0018,0081), milliseconds.
    pub echo_time_ms: Option<f64>,
    /// FlipAngle (0018,1314), degrees.
    pub flip_angle_deg: Option<f64>,
    /// MagneticFieldStrength (0018,0087), tesla.
    pub field_strength_t: Option<f64>,
}
