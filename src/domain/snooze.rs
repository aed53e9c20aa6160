//! The ends of a snooze that are offered: absolute times in the reader's own zone.

use super::schedule::local_instant;
use super::stamp::At;
use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;

/// When a working day begins, where nobody said otherwise.
const MORNING: (u32, u32) = (9, 0);
/// Offered in minutes from now.
const SOON_MIN: [i64; 4] = [30, 60, 120, 240];

/// One line of the snooze modal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnoozeChoice {
    /// On the wall clock.
    pub until: At,
    /// The absolute time in the person's own zone.
    pub words: String,
}

/// The offered ends: some time from now, the coming 9:00, and 9:00 of the next working day when that is another.
pub fn choices(wall: At, tz: Tz) -> Vec<SnoozeChoice> {
    let local = |at: At| at.utc().with_timezone(&tz);
    let today = local(wall).date_naive();
    let mut all: Vec<SnoozeChoice> = SOON_MIN
        .iter()
        .map(|min| {
            let until = wall.plus_secs(min * 60);
            SnoozeChoice { until, words: format!("In {} ({})", span(min * 60), local(until).format("%H:%M")) }
        })
        .collect();
    let nine = morning_after(wall, tz, |_| true);
    let working = morning_after(wall, tz, |day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
    for until in [nine, working] {
        if all.iter().any(|c| c.until == until) {
            continue;
        }
        let date = local(until).date_naive();
        let day = match (date - today).num_days() {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            _ => local(until).format("%A").to_string(),
        };
        let words = format!("Until {} {day}, in {}", local(until).format("%H:%M"), span((until.0 - wall.0) / 1_000));
        all.push(SnoozeChoice { until, words });
    }
    all
}

/// The first 9:00 after `wall` on a day that will do.
pub fn morning_after(wall: At, tz: Tz, will_do: impl Fn(NaiveDate) -> bool) -> At {
    let nine = NaiveTime::from_hms_opt(MORNING.0, MORNING.1, 0).unwrap_or_default();
    let today = wall.utc().with_timezone(&tz).date_naive();
    let mut days = today.iter_days().take(8).filter(|d| will_do(*d)).map(|d| local_instant(tz, d.and_time(nine)));
    days.find(|at| *at > wall).unwrap_or(wall.plus_secs(24 * 60 * 60))
}

/// A length as people say it.
fn span(secs: i64) -> String {
    match secs / 60 {
        min @ ..60 => format!("{min} min"),
        60 => "1 hour".to_owned(),
        min if min % 60 == 0 && min < 48 * 60 => format!("{} hours", min / 60),
        min if min < 48 * 60 => format!("{} h {:02} min", min / 60, min % 60),
        min => format!("{} days", min / (24 * 60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(at: &str, tz: Tz) -> Vec<String> {
        let at = chrono::DateTime::parse_from_rfc3339(at).map(|t| At::from(t.to_utc())).unwrap_or_default();
        choices(at, tz).into_iter().map(|c| c.words).collect()
    }

    #[test]
    fn at_night_the_coming_morning_is_today() {
        let offered = words("2026-11-25T02:20:00Z", Tz::Europe__Berlin);
        assert_eq!(
            offered,
            [
                "In 30 min (03:50)",
                "In 1 hour (04:20)",
                "In 2 hours (05:20)",
                "In 4 hours (07:20)",
                "Until 09:00 today, in 5 h 40 min"
            ]
        );
    }

    #[test]
    fn on_a_friday_the_next_working_day_is_monday() {
        let offered = words("2026-11-27T16:00:00Z", Tz::Europe__Berlin);
        assert_eq!(offered[4..], ["Until 09:00 tomorrow, in 16 hours", "Until 09:00 Monday, in 2 days"]);
    }

    #[test]
    fn the_night_the_clocks_change_is_an_hour_longer() {
        let offered = words("2026-10-24T20:00:00Z", Tz::Europe__Berlin);
        assert_eq!(offered[4], "Until 09:00 tomorrow, in 12 hours");
    }
}
