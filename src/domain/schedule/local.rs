//! Which instant a local time names.

use crate::domain::stamp::At;
use chrono::{NaiveDateTime, TimeDelta, TimeZone, offset::LocalResult};
use chrono_tz::Tz;

/// The instant a local time names: in an overlap the first one, in a gap the next instant that exists.
pub fn local_instant(tz: Tz, local: NaiveDateTime) -> At {
    match tz.from_local_datetime(&local) {
        LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => At(t.timestamp_millis()),
        LocalResult::None => {
            // The gap ends at the first local minute that exists; no gap in the tz database is longer than a day.
            let mut probe = local;
            for _ in 0..(25 * 60) {
                probe += TimeDelta::minutes(1);
                if let Some(t) = tz.from_local_datetime(&probe).earliest() {
                    return At(t.timestamp_millis());
                }
            }
            At(local.and_utc().timestamp_millis())
        }
    }
}
