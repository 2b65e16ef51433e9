//! Dates and times of DICOM (PS3.5 section 6.2: DA, TM, DT) as seconds.

/// Seconds after midnight of a time `HHMMSS.ffffff`, of which the end may be missing.
pub(crate) fn time_s(text: &str) -> Option<f64> {
    let text: String = text.trim().chars().filter(|c| *c != ':').collect();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || !matches!(whole.len(), 2 | 4 | 6) {
        return None;
    }
    let part = |at: usize| {
        whole
            .get(at..at + 2)
            .map_or(Some(0.0), |t| t.parse::<f64>().ok())
    };
    let fraction: f64 = format!("0.{fraction}0").parse().ok()?;
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    // 60 is a leap second.
    (hours < 24.0 && minutes < 60.0 && seconds <= 60.0)
        .then_some(hours * 3600.0 + minutes * 60.0 + seconds + fraction)
}

/// Days since some day long ago of a date `YYYYMMDD`: differences are right across months and years.
pub(crate) fn days(text: &str) -> Option<f64> {
    // Old files write YYYY.MM.DD.
    let text: String = text.trim().chars().filter(|c| *c != '.').collect();
    if text.len() < 8 || !text.bytes().take(8).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    // Years begin in March, so that the leap day is the last.
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    Some(
        (365 * year + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + (153 * month + 2).div_euclid(5)
            + day) as f64,
    )
}

/// Seconds of a date and time `YYYYMMDDHHMMSS.ffffff&ZZZZ`.
pub(crate) fn date_time_s(text: &str) -> Option<f64> {
    // A time zone at the end is the same for all images of a study.
    let text = text.split(['+', '-', '&']).next().unwrap_or(text);
    let time = text
        .get(8..)
        .filter(|t| !t.trim().is_empty())
        .map_or(Some(0.0), time_s)?;
    Some(days(text)? * SECONDS_A_DAY + time)
}

pub(crate) const SECONDS_A_DAY: f64 = 86_400.0;

/// Times that run over midnight without a new date: no study lasts half a day, so those that lie more than that before the latest are of the next day.
pub(crate) fn over_midnight(times: &mut [&mut f64]) {
    let latest = times.iter().map(|t| **t).fold(f64::NEG_INFINITY, f64::max);
    let earliest = times.iter().map(|t| **t).fold(f64::INFINITY, f64::min);
    let same_date = (latest / SECONDS_A_DAY).floor() == (earliest / SECONDS_A_DAY).floor();
    if !same_date || latest - earliest <= SECONDS_A_DAY / 2.0 {
        return;
    }
    for time in times {
        if **time < latest - SECONDS_A_DAY / 2.0 {
            **time += SECONDS_A_DAY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_their_forms() {
        assert_eq!(time_s("102551"), Some(37_551.0));
        assert_eq!(time_s("10:25:51.5"), Some(37_551.5));
        assert_eq!(time_s("1025"), Some(37_500.0));
        assert_eq!(time_s("102551."), Some(37_551.0));
        for bad in ["nonsense", "", "1", "995959", "102551.x", "10.5.5"] {
            assert_eq!(time_s(bad), None, "{bad}");
        }
        let late = date_time_s("20231231235959.5").unwrap();
        assert_eq!(date_time_s("20240101000000+0100").unwrap() - late, 0.5);
        assert_eq!(
            date_time_s("20240301000000").unwrap() - date_time_s("20240228000000").unwrap(),
            2.0 * SECONDS_A_DAY
        );
    }

    #[test]
    fn a_study_over_midnight() {
        let mut times = [86_340.0, 60.0, 150.0];
        over_midnight(&mut times.iter_mut().collect::<Vec<_>>());
        assert_eq!(times, [86_340.0, 86_460.0, 86_550.0]);
        let mut day = [30_000.0, 60_000.0];
        over_midnight(&mut day.iter_mut().collect::<Vec<_>>());
        assert_eq!(day, [30_000.0, 60_000.0]);
    }
}
