//! From when until when somebody stands in: "2h", "18:00-22:00", "tomorrow 9am-5pm", "from monday 9am for 8h".

use super::mistake::Mistake;
use super::reading::Reading;
use super::spoken::{Day, Spoken, duration};
use super::when::{Meant, ahead, form};
use crate::domain::stamp::At;

const DAY_SECS: i64 = 24 * 60 * 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub from: At,
    /// After `from`.
    pub until: At,
    pub meant: Option<Meant>,
}

/// An end whose clock time is before that of the beginning is the next day's: a night. Longer than this, and no whole day, it
/// is rather a slip: 9am-8am for 9am-8pm.
const NIGHT_MAX_SECS: i64 = 16 * 60 * 60;

const UNTIL: &[&str] = &["until", "till", "til", "to", "through"];
const BETWEEN: &[&str] = &["until", "till", "til", "to", "through", "-", "and"];
const FROM: &[&str] = &["from", "between", "starting", "on"];

/// The interval named by the next words.
///
/// # Errors
/// It has no end, an end before its beginning, or a beginning that has passed.
pub(super) fn span(r: &mut Reading<'_>) -> Result<Span, Mistake> {
    let now = r.speaker.now;
    let first = r.words.at();
    if r.words.is_done() {
        return Err(r.instead("For how long?", first, first, "2h"));
    }
    if r.words.skip(UNTIL) {
        return until(r, now, None, now);
    }
    r.words.skip(&["for"]);
    let at = r.words.at();
    if let Some(secs) = duration(&mut r.words) {
        let to = r.words.at();
        let lasts = |r: &Reading<'_>, from: At| {
            let mut r = r.clone();
            r.words.set(to);
            ahead(&r, Spoken::After(secs), r.speaker.tz, from, at)
        };
        if !r.words.skip(FROM) {
            return Ok(Span { from: now, until: lasts(r, now)?.at, meant: None });
        }
        let (from, meant) = beginning(r)?;
        return Ok(Span { from, until: lasts(r, from)?.at, meant });
    }
    r.words.set(first);
    let said_from = r.words.skip(FROM);
    if said_from && r.words.skip(&["now"]) {
        return end(r, now, None, first, said_from);
    }
    if let Some(mistake) = underway(r) {
        return Err(mistake);
    }
    let (from, meant) = beginning(r)?;
    end(r, from, meant, first, said_from)
}

fn beginning(r: &mut Reading<'_>) -> Result<(At, Option<Meant>), Mistake> {
    let at = r.words.at();
    let (spoken, tz) = form(r)?;
    let moment = ahead(r, spoken, tz, r.speaker.now, at)?;
    Ok((moment.at, moment.meant))
}

/// What stands after the beginning: "- 22:00", "until tuesday", "for 8h".
fn end(r: &mut Reading<'_>, from: At, meant: Option<Meant>, first: usize, said_from: bool) -> Result<Span, Mistake> {
    let at = r.words.at();
    if r.words.skip(BETWEEN) {
        return until(r, from, meant, from);
    }
    r.words.skip(&["for"]);
    let lasting = r.words.at();
    if let Some(secs) = duration(&mut r.words) {
        let end = ahead(r, Spoken::After(secs), r.speaker.tz, from, lasting)?;
        return Ok(Span { from, until: end.at, meant });
    }
    r.words.set(at);
    Err(if said_from {
        r.instead("Until when?", at, at, "for 2h")
    } else {
        r.instead("From then, or until then?", first, first, "until")
    })
}

fn until(r: &mut Reading<'_>, from: At, meant: Option<Meant>, base: At) -> Result<Span, Mistake> {
    let at = r.words.at();
    let (spoken, tz) = form(r)?;
    let end = ahead(r, spoken, tz, base, at)?;
    let lasts = (end.at.0 - from.0) / 1_000;
    let clock_only = matches!(spoken, Spoken::Civil { day: None, clock: Some(_) });
    if from > r.speaker.now && clock_only && lasts > NIGHT_MAX_SECS && lasts < DAY_SECS {
        let local = end.at.utc().with_timezone(&tz);
        let (day, clock) = (local.format("%a").to_string().to_lowercase(), r.words.typed(at, r.words.at()).to_owned());
        let why = format!(
            "That is until {}, {} h: the end is before the beginning. If it is meant, write its day.",
            local.format("%a %H:%M"),
            lasts / 3_600
        );
        return Err(r.instead(why, at, r.words.at(), &format!("{day} {clock}")));
    }
    let meant = meant.or(end.meant.filter(|_| base == r.speaker.now));
    Ok(Span { from, until: end.at, meant })
}

/// "18:00-22:00" at 20:00: tomorrow's, or what is left of today's? Nobody is put on call by a guess.
fn underway(r: &Reading<'_>) -> Option<Mistake> {
    let r = &mut r.clone();
    let first = r.words.at();
    let civil = |spoken: Spoken| match spoken {
        Spoken::Civil { day: None | Some(Day::Today), clock: Some(clock) } => Some(clock),
        Spoken::Civil { .. } | Spoken::After(_) | Spoken::WorkingHours => None,
    };
    let (spoken, tz) = form(r).ok()?;
    let from = civil(spoken)?;
    if !r.words.skip(BETWEEN) {
        return None;
    }
    let at = r.words.at();
    let to = civil(form(r).ok()?.0)?;
    let today = |clock| Spoken::Civil { day: Some(Day::Today), clock: Some(clock) };
    let passed = ahead(r, today(from), tz, r.speaker.now, first).is_err();
    let left = ahead(r, today(to), tz, r.speaker.now, first).is_ok();
    (passed && left).then(|| {
        let end = r.words.typed(at, r.words.at()).to_owned();
        r.instead("That has begun already. From now on?", first, r.words.at(), &format!("until {end}"))
    })
}
