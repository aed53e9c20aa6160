//! Spans of time as people write them: `90s`, `5m`, `1h30m`, `7d`.

const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Seconds, or `None` if it is not such a text. Units go from large to small, each at most once.
pub(super) fn parse(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let (_, secs) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(count.checked_mul(*secs)?)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    (!text.is_empty()).then_some(total)
}

/// The shortest way to write it.
pub(super) fn show(secs: i64) -> String {
    let mut left = secs.max(0);
    let mut text = String::new();
    for (unit, size) in UNITS {
        if left >= size {
            text.push_str(&format!("{}{unit}", left / size));
            left %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write() {
        for (text, want) in [
            ("5m", Some(300)),
            ("90s", Some(90)),
            ("1h30m", Some(5_400)),
            ("1d", Some(86_400)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("m", None),
            ("5 m", None),
            ("30m1h", None),
            ("1m1m", None),
            ("-5m", None),
            ("5min", None),
            ("99999999999999999999h", None),
            ("9999999999999999h", None),
            ("5µ", None),
        ] {
            assert_eq!(parse(text), want, "{text}");
        }
    }

    #[test]
    fn shown_as_written() {
        for text in ["5m", "1h30m", "0s", "1d", "1m30s", "2d3h"] {
            assert_eq!(parse(text).map(show).as_deref(), Some(text));
        }
    }
}
