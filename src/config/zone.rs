//! Time zones by their IANA names.

use super::limits::MAX_NAME_CHARS;
use super::reader::Table;
use super::suggest;
use chrono_tz::{TZ_VARIANTS, Tz};

/// The table's `tz`, which it must have.
pub(super) fn read(table: &Table<'_>) -> Option<Tz> {
    table.required("tz", "tz = \"Europe/Berlin\", or another IANA time zone");
    optional(table)
}

/// The table's `tz`, if it has one.
pub(super) fn optional(table: &Table<'_>) -> Option<Tz> {
    let found = table.text("tz", MAX_NAME_CHARS)?;
    match found.value.parse::<Tz>() {
        Ok(tz) => Some(tz),
        Err(_) => {
            let mut mend = "write an IANA name such as Europe/Berlin or America/New_York".to_owned();
            if let Some(meant) = nearest(&found.value) {
                mend.push_str(&format!(". Did you mean \"{meant}\"?"));
            }
            table.complain(&found, "is not a time zone", &mend);
            None
        }
    }
}

/// By the whole name, else by its city: "Berlin" is Europe/Berlin.
pub fn nearest(written: &str) -> Option<&'static str> {
    let zones = || TZ_VARIANTS.iter().map(|tz| tz.name());
    let tidy = written.trim().replace(' ', "_");
    let city = zones().filter(|name| name.contains('/')).find(|name| {
        let last = name.rsplit('/').next().unwrap_or_default();
        last.eq_ignore_ascii_case(&tidy)
    });
    city.or_else(|| suggest::nearest(&tidy, zones()))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn cities_and_slips_are_understood() {
        assert_eq!(nearest("Berlin"), Some("Europe/Berlin"));
        assert_eq!(nearest("new york"), Some("America/New_York"));
        assert_eq!(nearest("Europe/Berln"), Some("Europe/Berlin"));
        assert_eq!(nearest("europe/berlin"), Some("Europe/Berlin"));
        assert_eq!(nearest("the moon, its far side, a crater"), None);
    }
}
