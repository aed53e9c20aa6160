//! When a level of a policy asks: for incidents of some tiers, with some labels, at some hours.

use super::call::SkipReason;
use super::directory::Urgency;
use super::hours::Hours;
use super::id::HoursId;
use super::routing::AnyOf;
use super::stamp::At;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct When {
    /// One of them is the incident's. Empty: any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<u8>,
    /// By the label's name. A label that the incident does not have fits nothing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, AnyOf>,
    /// Only during these hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub during: Option<HoursId>,
    /// Only outside these hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<HoursId>,
}

/// What conditions are held against.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// `None`: not known yet. Then it keeps no level from asking; the same of the labels.
    pub tier: Option<u8>,
    /// One a line, `name: value`.
    pub labels: Option<&'a str>,
    pub hours: &'a BTreeMap<HoursId, Hours>,
    pub wall: At,
    /// By which of their rules people are asked.
    pub urgency: Urgency,
}

impl When {
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }

    /// Can it hold for an incident of this tier at all?
    pub fn may_be_of(&self, tier: u8) -> bool {
        self.tiers.is_empty() || self.tiers.contains(&tier)
    }

    /// Does it hold at no hour at which the other does?
    pub fn is_never_with(&self, other: &Self) -> bool {
        let are_apart = |during: &Option<HoursId>, outside: &Option<HoursId>| during.is_some() && during == outside;
        are_apart(&self.during, &other.outside) || are_apart(&other.during, &self.outside)
    }

    /// Why a level does not ask now; `None`: it asks. Hours that the configuration no longer has keep nobody from being
    /// asked.
    pub fn refuses(&self, case: Case<'_>) -> Option<SkipReason> {
        if case.tier.is_some_and(|tier| !self.may_be_of(tier)) {
            return Some(SkipReason::OtherTier);
        }
        let has = |labels: &str, name: &str, wanted: &AnyOf| {
            let mut all = labels.lines().filter_map(|line| line.split_once(": "));
            all.any(|(found, value)| found == name && wanted.fits(value))
        };
        if case.labels.is_some_and(|labels| self.labels.iter().any(|(name, wanted)| !has(labels, name, wanted))) {
            return Some(SkipReason::OtherLabels);
        }
        let is_open =
            |id: &Option<HoursId>| id.as_ref().and_then(|id| case.hours.get(id)).map(|h| h.is_open_at(case.wall));
        let is_off = is_open(&self.during) == Some(false) || is_open(&self.outside) == Some(true);
        is_off.then_some(SkipReason::OtherHours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::routing::Glob;

    /// Sunday 1 March 2026, 12:00 UTC, and the Monday after it.
    const SUNDAY: At = At(1_772_366_400_000);
    const MONDAY: At = At(1_772_452_800_000);

    fn any(of: &[&str]) -> AnyOf {
        AnyOf(of.iter().map(|g| Glob((*g).to_owned())).collect())
    }

    #[test]
    fn a_level_asks_where_all_its_conditions_hold() {
        let hours = BTreeMap::from([("office".into(), Hours::usual(chrono_tz::UTC))]);
        let labels = |value: &[&str]| BTreeMap::from([("region".to_owned(), any(value))]);
        let eu = "alertname: DiskFull\nregion: eu-west";
        let during = |id: &str| When { during: Some(id.into()), ..When::default() };
        let outside = |id: &str| When { outside: Some(id.into()), ..When::default() };
        let tiers = |of: &[u8]| When { tiers: of.to_vec(), ..When::default() };
        let region = |of: &[&str]| When { labels: labels(of), ..When::default() };
        let both = When { tiers: vec![1], ..region(&["eu-*"]) };
        use SkipReason::{OtherHours, OtherLabels, OtherTier};
        for (when, tier, labels, wall, wanted) in [
            (When::default(), Some(3), Some(""), SUNDAY, None),
            (tiers(&[1, 2]), Some(2), Some(""), SUNDAY, None),
            (tiers(&[1, 2]), Some(3), Some(""), SUNDAY, Some(OtherTier)),
            (tiers(&[1]), None, None, SUNDAY, None),
            (region(&["us-*", "eu-*"]), Some(1), Some(eu), SUNDAY, None),
            (region(&["eu"]), Some(1), Some(eu), SUNDAY, Some(OtherLabels)),
            (region(&["*"]), Some(1), Some("alertname: DiskFull"), SUNDAY, Some(OtherLabels)),
            (region(&["us-*"]), Some(1), None, SUNDAY, None),
            (both.clone(), Some(1), Some(eu), SUNDAY, None),
            (both.clone(), Some(2), Some(eu), SUNDAY, Some(OtherTier)),
            (both, Some(1), Some(""), SUNDAY, Some(OtherLabels)),
            (during("office"), Some(1), Some(""), MONDAY, None),
            (during("office"), Some(1), Some(""), SUNDAY, Some(OtherHours)),
            (outside("office"), Some(1), Some(""), SUNDAY, None),
            (outside("office"), Some(1), Some(""), MONDAY, Some(OtherHours)),
            (during("gone"), Some(1), Some(""), SUNDAY, None),
            (outside("gone"), Some(1), Some(""), MONDAY, None),
        ] {
            let case = Case { tier, labels, hours: &hours, wall, urgency: Urgency::High };
            assert_eq!(when.refuses(case), wanted, "{when:?} of tier {tier:?}, {labels:?}, at {}", wall.utc());
        }
    }

    #[test]
    fn a_policy_kept_before_there_were_conditions_has_none_and_none_are_written() {
        let step: super::super::directory::Step =
            serde_json::from_str(r#"{"targets":[{"user":"ana"}],"delay_secs":300}"#).expect("as it was written");
        assert!(step.when.is_always());
        let written = serde_json::to_string(&step).expect("JSON");
        assert_eq!(written, r#"{"targets":[{"user":"ana"}],"delay_secs":300}"#);
        let when =
            When { tiers: vec![1], labels: BTreeMap::from([("region".into(), any(&["eu-*"]))]), ..When::default() };
        let again: When = serde_json::from_str(&serde_json::to_string(&when).expect("JSON")).expect("JSON");
        assert_eq!(again, when);
    }
}
