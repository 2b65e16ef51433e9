//! Dates and times of day as DICOM writes them.

use crate::DicomWriteError;
use crate::options::refuse;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

/// A point in time, to the microsecond.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(NaiveDateTime);

impl Moment {
    /// `seconds` after midnight of a day `YYYYMMDD`.
    pub(crate) fn new(date: &str, seconds: f64) -> Result<Self, DicomWriteError> {
        let day = (date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()))
            .then(|| NaiveDate::parse_from_str(date, "%Y%m%d").ok())
            .flatten()
            .and_then(|day| day.and_hms_opt(0, 0, 0));
        refuse("StudyDate", date, day.is_none(), "a day as YYYYMMDD")?;
        let good = (0.0..86_400.0).contains(&seconds);
        let rule = "seconds after midnight, from 0 to below 86400";
        refuse("StudyTime", &seconds.to_string(), !good, rule)?;
        Self(day.unwrap_or_default()).later(seconds)
    }

    /// The moment `seconds` later.
    pub(crate) fn later(self, seconds: f64) -> Result<Self, DicomWriteError> {
        // A century of phases is a mistake, and larger numbers would not fit.
        let later = (seconds.is_finite() && seconds.abs() < 3.2e9)
            .then(|| TimeDelta::microseconds((seconds * 1e6).round() as i64))
            .and_then(|step| self.0.checked_add_signed(step))
            // Four digits of the year.
            .filter(|t| t.and_utc().timestamp() < 253_402_300_800);
        let rule = "phase times within the year 9999";
        refuse(
            "AcquisitionTime",
            &seconds.to_string(),
            later.is_none(),
            rule,
        )?;
        Ok(later.map_or(self, Self))
    }

    /// `YYYYMMDD` (DA).
    pub(crate) fn date(self) -> String {
        self.0.format("%Y%m%d").to_string()
    }

    /// `HHMMSS.ffffff` (TM).
    pub(crate) fn time(self) -> String {
        self.0.format("%H%M%S%.6f").to_string()
    }

    /// `YYYYMMDDHHMMSS.ffffff` (DT).
    pub(crate) fn date_time(self) -> String {
        self.date() + &self.time()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_turns_the_day_and_leap_years_count() {
        let late = Moment::new("20240228", 86_399.5).unwrap();
        assert_eq!(late.date_time(), "20240228235959.500000");
        assert_eq!(
            late.later(0.5).unwrap().date_time(),
            "20240229000000.000000"
        );
        assert_eq!(late.later(86_401.0).unwrap().date(), "20240301");
        assert_eq!(late.later(1e-6).unwrap().time(), "235959.500001");
    }

    #[test]
    fn what_is_no_moment() {
        for date in ["2024-02-28", "20230229", "", "240228", "2024022८"] {
            assert!(Moment::new(date, 0.0).is_err(), "{date}");
        }
        for seconds in [-1.0, 86_400.0, f64::NAN, f64::INFINITY] {
            assert!(Moment::new("20240228", seconds).is_err(), "{seconds}");
        }
        let last = Moment::new("99991231", 86_399.0).unwrap();
        assert!(last.later(1.0).is_err());
        assert!(last.later(f64::MAX).is_err());
    }
}
