//! `users.*`, `bots.info` and `dnd.*`.

use super::answer::{Outcome, Refused};
use super::args::{self, Args};
use super::state::Slack;
use super::workspace::{DndWindow, User};
use crate::domain::stamp::At;
use chrono::{Duration, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

impl Slack {
    /// `users.info`.
    pub(super) fn user_info(&self, args: Args<'_>, now: At) -> Outcome {
        let id = args.text("user").ok_or("user_not_found")?;
        let user = self.dir.users.get(&id).ok_or("user_not_found")?;
        Ok(json!({"user": self.user_shape(user, now)}))
    }

    /// `users.list`.
    pub(super) fn users_list(&self, args: Args<'_>, now: At) -> Outcome {
        let all: Vec<&User> = self.dir.in_order().collect();
        let (page, next) = args::page(args, &all, 1_000, 1_000)?;
        let members: Vec<Value> = page.into_iter().map(|u| self.user_shape(u, now)).collect();
        Ok(json!({"members": members, "cache_ts": now.secs(), "response_metadata": {"next_cursor": next}}))
    }

    /// `users.lookupByEmail`.
    pub(super) fn lookup_by_email(&self, args: Args<'_>, now: At) -> Outcome {
        let email = args.need("email")?;
        let found = self
            .dir
            .in_order()
            .find(|u| !u.deleted && u.email.as_ref().is_some_and(|e| e.eq_ignore_ascii_case(email.trim())));
        let user = found.ok_or("users_not_found")?;
        Ok(json!({"user": self.user_shape(user, now)}))
    }

    /// `bots.info`.
    pub(super) fn bots_info(&self, args: Args<'_>) -> Outcome {
        if args.text("bot").is_some_and(|b| b != self.ws.bot.bot_id) {
            return Err("bot_not_found".into());
        }
        let mut bot = super::messages::bot_profile(&self.ws);
        bot["user_id"] = self.ws.bot.user_id.clone().into();
        Ok(json!({"bot": bot}))
    }

    fn user_shape(&self, user: &User, now: At) -> Value {
        let tz: Tz = user.tz.parse().unwrap_or(Tz::UTC);
        let mut profile = json!({
            "title": "", "phone": "", "skype": "", "real_name": user.real_name, "real_name_normalized": user.real_name,
            "display_name": user.name, "display_name_normalized": user.name, "status_text": "", "status_emoji": "",
            "status_emoji_display_info": [], "status_expiration": 0, "avatar_hash": "g0000000",
            "image_24": "", "image_32": "", "image_48": "", "image_72": "", "image_192": "", "image_512": "",
            "status_text_canonical": "", "team": self.ws.team_id,
        });
        if user.is_bot {
            profile["api_app_id"] = self.ws.app_id.clone().into();
            profile["bot_id"] = self.ws.bot.bot_id.clone().into();
            profile["always_active"] = true.into();
        } else if self.has_scope("users:read.email") {
            // Without the scope the field is simply not there.
            profile["email"] = json!(user.email);
        }
        let team = if user.is_stranger { "T0STRANGER" } else { &self.ws.team_id };
        let mut shape = json!({
            "id": user.id, "team_id": team, "name": user.name, "deleted": user.deleted, "profile": profile,
            "is_bot": user.is_bot, "is_app_user": false, "updated": 1_700_000_000,
        });
        if !user.deleted {
            let offset = tz.offset_from_utc_datetime(&now.utc().naive_utc()).fix();
            let more = json!({
                "color": "9f69e7", "real_name": user.real_name, "tz": user.tz, "tz_label": user.tz,
                "tz_offset": offset.local_minus_utc(), "is_admin": user.is_admin, "is_owner": false,
                "is_primary_owner": false, "is_restricted": user.is_restricted,
                "is_ultra_restricted": user.is_ultra_restricted, "is_email_confirmed": true, "has_2fa": false,
                "who_can_share_contact_card": "EVERYONE",
            });
            if let (Value::Object(shape), Value::Object(more)) = (&mut shape, more) {
                shape.extend(more);
            }
        }
        if user.is_stranger {
            shape["is_stranger"] = true.into();
        }
        shape
    }

    /// `dnd.info`.
    pub(super) fn dnd_info(&self, args: Args<'_>, now: At) -> Outcome {
        // Without a user Slack tells of the token's own: the bot, which never rests.
        let id = args.text("user").unwrap_or_else(|| self.ws.bot.user_id.clone());
        let user = self.dir.users.get(&id).filter(|u| !u.deleted).ok_or("user_not_found")?;
        let mut v = dnd(user, now);
        v["snooze_enabled"] = false.into();
        Ok(v)
    }

    /// `dnd.teamInfo`.
    pub(super) fn dnd_team_info(&self, args: Args<'_>, now: At) -> Outcome {
        let ids = args.list("users").ok_or_else(|| Refused::arguments(["missing required field: users"]))?;
        if ids.len() > 50 {
            return Err("too_many_users".into());
        }
        let mut users = Map::new();
        for id in ids {
            if let Some(user) = self.dir.users.get(&id).filter(|u| !u.deleted) {
                users.insert(id, dnd(user, now));
            }
        }
        Ok(json!({"users": users}))
    }
}

pub(super) fn dnd(user: &User, now: At) -> Value {
    match user.dnd.as_ref().and_then(|w| next_window(w, &user.tz, now)) {
        // Slack says 1 for both when Do Not Disturb is off.
        None => json!({"dnd_enabled": false, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}),
        Some((start, end)) => json!({"dnd_enabled": true, "next_dnd_start_ts": start, "next_dnd_end_ts": end}),
    }
}

/// The window that holds `now`, or else the next one, as Unix seconds.
pub(super) fn next_window(window: &DndWindow, tz: &str, now: At) -> Option<(i64, i64)> {
    let tz: Tz = tz.parse().ok()?;
    let start = NaiveTime::parse_from_str(&window.start, "%H:%M").ok()?;
    let end = NaiveTime::parse_from_str(&window.end, "%H:%M").ok()?;
    let today = now.utc().with_timezone(&tz).date_naive();
    for days in -1..=2 {
        let day = today + Duration::days(days);
        let last = if end > start { day } else { day + Duration::days(1) };
        let at = |date: chrono::NaiveDate, time| {
            let local = date.and_time(time);
            // In a gap of the clock the window begins when the gap ends.
            tz.from_local_datetime(&local)
                .earliest()
                .or_else(|| tz.from_local_datetime(&(local + Duration::hours(1))).earliest())
        };
        let (from, to) = (at(day, start)?.timestamp(), at(last, end)?.timestamp());
        if to > now.secs() {
            return Some((from, to));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_that_holds_now_or_else_the_next() {
        let night = DndWindow { start: "22:00".into(), end: "08:00".into() };
        let utc = |h: i64| At(h * 3_600_000);
        assert_eq!(next_window(&night, "Etc/UTC", utc(3)), Some((-2 * 3_600, 8 * 3_600)));
        assert_eq!(next_window(&night, "Etc/UTC", utc(12)), Some((22 * 3_600, 32 * 3_600)));
        assert_eq!(next_window(&night, "Etc/UTC", utc(23)), Some((22 * 3_600, 32 * 3_600)));
        assert_eq!(next_window(&night, "Mars/Base", utc(23)), None);
        let noon = DndWindow { start: "12:00".into(), end: "13:00".into() };
        assert_eq!(next_window(&noon, "Etc/UTC", utc(13)), Some((36 * 3_600, 37 * 3_600)));
    }
}
