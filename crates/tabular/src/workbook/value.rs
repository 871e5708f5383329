//! The text of one cell of a worksheet.

use calamine::{DataRef, ExcelDateTime};

/// The text, or nothing when the cell shows an error or no number or date that can be written.
pub(super) fn text(value: &DataRef<'_>) -> Option<String> {
    match value {
        DataRef::Int(number) => Some(number.to_string()),
        DataRef::Float(number) => number_text(*number),
        DataRef::String(text) | DataRef::DurationIso(text) => Some(text.clone()),
        DataRef::SharedString(text) => Some((*text).to_owned()),
        DataRef::Bool(value) => Some(value.to_string()),
        DataRef::DateTime(value) => date_text(*value),
        DataRef::DateTimeIso(text) => Some(iso_text(text)),
        DataRef::Error(_) => None,
        DataRef::Empty => Some(String::new()),
    }
}

/// Numbers are stored in binary: 0.1 + 0.2 would be 0.30000000000000004 without rounding to what Excel shows.
fn number_text(number: f64) -> Option<String> {
    let shown: f64 = format!("{number:.14e}").parse().ok()?;
    // Adding zero makes -0 a plain 0.
    number.is_finite().then(|| (shown + 0.0).to_string())
}

const SECONDS_OF_DAY: f64 = 86_400.0;
/// The first day number after 9999-12-31.
const LAST_DAY: f64 = 2_958_466.0;

fn date_text(value: ExcelDateTime) -> Option<String> {
    let days = value.as_f64();
    if !(0.0..LAST_DAY).contains(&days) {
        return None;
    }
    if value.is_duration() {
        return Some(duration_text(days));
    }
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    Some(match time.as_str() {
        _ if days < 1.0 => time,
        "00:00:00" => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}T{time}"),
    })
}

fn duration_text(days: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the caller has bounded the days to positive numbers of seven digits"
    )]
    let seconds = (days * SECONDS_OF_DAY).round() as u64;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A date that the file has as text; midnight is left out.
fn iso_text(text: &str) -> String {
    let midnight = |time: &str| time.trim_end_matches('Z').chars().all(|c| matches!(c, '0' | ':' | '.'));
    match text.split_once('T') {
        Some((date, time)) if midnight(time) => date.to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};

    #[test]
    fn numbers_have_no_needless_decimals_and_no_exponent() {
        let cases = [
            (13_748_136.0, "13748136"),
            (4_512_345_678.0, "4512345678"),
            (1e15, "1000000000000000"),
            (0.1 + 0.2, "0.3"),
            (-1234.5, "-1234.5"),
            (-0.0, "0"),
            (0.000_001, "0.000001"),
            (1e21, "1000000000000000000000"),
        ];
        for (number, expected) in cases {
            assert_eq!(text(&DataRef::Float(number)).as_deref(), Some(expected));
        }
        assert_eq!(text(&DataRef::Float(f64::NAN)), None);
    }

    #[test]
    fn dates_are_iso() {
        let date = |value| text(&DataRef::DateTime(ExcelDateTime::new(value, DateTime, false)));
        assert_eq!(date(45_943.0).as_deref(), Some("2025-10-13"));
        assert_eq!(date(45_943.5).as_deref(), Some("2025-10-13T12:00:00"));
        assert_eq!(date(0.354_166_666_666_667).as_deref(), Some("08:30:00"));
        assert_eq!(date(2_958_465.0).as_deref(), Some("9999-12-31"));
        assert_eq!(date(-1.0), None);
        assert_eq!(date(3e6), None);
        let old_mac = ExcelDateTime::new(45_943.0 - 1462.0, DateTime, true);
        assert_eq!(text(&DataRef::DateTime(old_mac)).as_deref(), Some("2025-10-13"));
        let hours = ExcelDateTime::new(1.5, TimeDelta, false);
        assert_eq!(text(&DataRef::DateTime(hours)).as_deref(), Some("36:00:00"));
    }

    #[test]
    fn dates_stored_as_text_lose_midnight() {
        let iso = |value: &str| text(&DataRef::DateTimeIso(value.to_owned()));
        assert_eq!(iso("2025-10-13T00:00:00.000Z").as_deref(), Some("2025-10-13"));
        assert_eq!(iso("2025-10-13T00:30:00").as_deref(), Some("2025-10-13T00:30:00"));
    }
}
