//! The hours of the week to which a layer is restricted.
//!
//! Each opens when the clock on the wall first shows `from`, and closes when it first shows `until`. Hours that touch or
//! overlap are one: nothing changes hands between them.

use crate::domain::hours::Span;
use crate::domain::stamp::At;
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

const NEVER: At = At(i64::MAX);
/// Hours that follow each other without a break, looked at: far more than there are in a week.
const LINKS: usize = 400;
/// How far ahead the next hours are looked for. More than a week, since hours may lie in a gap.
const AHEAD_DAYS: u64 = 22;

/// Until when they are open at `at`, looked at no further than `enough`. Without any hours: always.
///
/// # Errors
/// When they are closed: when they next open.
pub(super) fn open_at(hours: &[Span], tz: Tz, at: At, enough: At) -> Result<At, At> {
    if hours.is_empty() {
        return Ok(NEVER);
    }
    let Some(mut until) = closes(hours, tz, at) else { return Err(opens(hours, tz, at)) };
    for _ in 0..LINKS {
        match closes(hours, tz, until).filter(|_| until < enough) {
            Some(later) => until = later,
            None => break,
        }
    }
    Ok(until)
}

/// When the last of those that are open at `at` closes.
fn closes(hours: &[Span], tz: Tz, at: At) -> Option<At> {
    let today = at.utc().with_timezone(&tz).date_naive();
    // They may have begun yesterday; or tomorrow, where the clock goes back over midnight; or before a day that is left out.
    let first = today.checked_sub_days(Days::new(2)).unwrap_or(today);
    let windows = first.iter_days().take(4).flat_map(|day| hours.iter().filter_map(move |h| h.on(tz, day)));
    windows.filter(|(from, until)| *from <= at && at < *until).map(|(_, until)| until).max()
}

/// When the next of those that are closed at `at` opens.
fn opens(hours: &[Span], tz: Tz, at: At) -> At {
    let today = at.utc().with_timezone(&tz).date_naive();
    let first = today.checked_sub_days(Days::new(1)).unwrap_or(today);
    let ahead = AHEAD_DAYS as usize;
    let on =
        |day: NaiveDate| hours.iter().filter_map(|h| h.on(tz, day)).map(|(from, _)| from).filter(|f| *f > at).min();
    first.iter_days().take(ahead).find_map(on).unwrap_or(NEVER)
}
