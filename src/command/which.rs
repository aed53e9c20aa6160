//! Which incidents: `12`, `#12`, `12, 13 and 14`, or none, which means one's own.

use super::mistake::{Mistake, quoted};
use super::reading::Reading;
use super::spoken::counts_before;
use super::{NUMBERS_MAX, Which};
use crate::domain::id::IncidentNo;

/// The incident's number that stands next, as `12`, `#12` or `incident 12`. Goes past it. "2 hours" is none.
pub(super) fn number(r: &mut Reading<'_>) -> Result<Option<IncidentNo>, Mistake> {
    let is_digits = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_digit());
    let digits = |w: &str| is_digits(w.trim_start_matches('#'));
    let named = r.words.is(&["incident", "incidents", "no", "nr", "number"]) && r.words.lower(1).is_some_and(digits);
    let word = r.words.lower(usize::from(named)).unwrap_or_default();
    let marked = named || word.starts_with('#');
    if !digits(word) || (!marked && r.words.lower(1).is_some_and(counts_before)) {
        return Ok(None);
    }
    let no = incident_no(word).ok_or_else(|| Mistake::new(format!("{} is no incident's number.", quoted(word))))?;
    r.words.advance(1 + usize::from(named));
    Ok(Some(no))
}

pub(super) fn incident_no(digits: &str) -> Option<IncidentNo> {
    digits.trim_start_matches('#').parse().ok().filter(|n| *n > 0).map(IncidentNo)
}

/// `N`, or nothing; "it" and "mine" say nothing.
pub(super) fn which(r: &mut Reading<'_>) -> Result<Which, Mistake> {
    match number(r)? {
        Some(no) => Ok(Which::No(no)),
        None => {
            r.words.skip(&["it", "this", "that", "mine"]);
            Ok(Which::Mine)
        }
    }
}

/// `N`, or nothing, and nothing more.
pub(super) fn alone(r: &mut Reading<'_>) -> Result<Which, Mistake> {
    let which = which(r)?;
    r.end().map(|()| which)
}

/// `N…`
pub(super) fn numbers(r: &mut Reading<'_>) -> Result<Vec<IncidentNo>, Mistake> {
    let mut found = Vec::new();
    r.words.skip(&["it", "this", "that", "mine"]);
    while let Some(word) = r.words.lower(0).map(str::to_owned) {
        let at = r.words.at();
        r.words.advance(1);
        if ["and", "&", "&amp", "+", "-", "incident", "incidents", "please", "pls", "thanks"].contains(&word.as_str()) {
            continue;
        }
        for part in word.split([',', ';', '&', '+', '/', '#']).filter(|part| !part.is_empty()) {
            let Some(no) = incident_no(part) else {
                let why = match word.as_str() {
                    "all" | "everything" => "I acknowledge only what is named. Write the numbers.".to_owned(),
                    _ => format!("{} is no incident's number.", quoted(&word)),
                };
                // A number after it may be meant all the same; other words are not.
                let more = r.words.ahead(NUMBERS_MAX).iter().any(|w| incident_no(w).is_some());
                let to = if more { at + 1 } else { at + 1 + r.words.left() };
                return Err(r.instead(why, at, to, ""));
            };
            if !found.contains(&no) {
                found.push(no);
            }
        }
    }
    if found.len() > NUMBERS_MAX {
        return Err(Mistake::new(format!("At most {NUMBERS_MAX} incidents at once.")));
    }
    Ok(found)
}
