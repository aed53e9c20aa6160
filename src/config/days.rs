//! Days of the week, as they stand in `days`.

use super::limits::MAX_NAME_CHARS;
use super::reader::Table;
use super::schedules::WEEKDAYS;
use crate::domain::hours::Weekdays;
use chrono::Weekday;

/// `mon-fri`, `sat,sun`, `fri-mon`, or a list of such. `None`: there are none, or something is wrong in them.
pub(super) fn read(table: &Table<'_>) -> Option<Weekdays> {
    let (_, written) = table.text_or_texts("days", 7, MAX_NAME_CHARS)?;
    if written.is_empty() {
        table.required_items("days", "write days = \"mon-fri\"");
        return None;
    }
    let mut days = Weekdays::default();
    for found in written {
        for part in found.value.split(',').map(str::trim) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (Some(first), Some(last)) = (weekday(first), weekday(last)) else {
                let mend = "write days as \"mon-fri\", \"sat,sun\" or \"mon-thu,sat\"";
                table.complain(&found, "does not name days of the week", mend);
                return None;
            };
            let mut day = first;
            days = days.with(day);
            while day != last {
                day = day.succ();
                days = days.with(day);
            }
        }
    }
    Some(days)
}

/// By its first three letters at least.
fn weekday(text: &str) -> Option<Weekday> {
    let text = text.trim().to_lowercase();
    let index = WEEKDAYS.iter().position(|day| text.len() >= 3 && day.starts_with(&text))?;
    Weekday::try_from(u8::try_from(index).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::weekday;
    use chrono::Weekday;

    #[test]
    fn days_by_their_first_letters() {
        assert_eq!(weekday("mon"), Some(Weekday::Mon));
        assert_eq!(weekday(" Thurs"), Some(Weekday::Thu));
        assert_eq!(weekday("sunday"), Some(Weekday::Sun));
        assert_eq!((weekday("t"), weekday("someday"), weekday("")), (None, None, None));
    }
}
