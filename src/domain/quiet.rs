//! A silence or a maintenance window: until a stated end, whatever it covers is recorded and shown, and pages nobody.

use super::directory::Directory;
use super::id::{AlertKey, ChannelId, IncidentNo, QuietId, ServiceId, TeamId, UserId};
use super::incident::Incident;
use super::stamp::{At, Stamp};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Those that are not over.
pub const QUIETS_MAX: usize = 200;
/// Services of one maintenance window.
pub const SERVICES_MAX: usize = 20;
/// Matchers of one silence.
pub const MATCHERS_MAX: usize = 10;
/// The longest silence,
pub const SILENCE_MAX_SECS: i64 = 7 * 24 * 60 * 60;
/// and the longest maintenance window.
pub const MAINTENANCE_MAX_SECS: i64 = 30 * 24 * 60 * 60;
/// Whoever made one hears this long before its end that it ends,
pub const WARN_SECS: i64 = 15 * 60;
/// unless it lasts less than this.
pub const WARN_FROM_SECS: i64 = 30 * 60;
/// So many incidents are held back or let go by one decision, the oldest first; the rest by the next.
pub const SWEPT_AT_ONCE: usize = 64;
/// So many are looked at for that.
pub const LOOKED_AT_AT_ONCE: usize = 1_000;
/// So many of those that an end lets go are remembered by number.
pub const NAMED_AT_THE_END: usize = 10;
/// What ended is remembered this long, for its message to say so.
pub const REMEMBER_SECS: i64 = 60 * 60;
/// While the wall clock is behind what was thought when it was made, it is looked at this often: it may be set again.
pub const CLOCK_LOOK_SECS: i64 = 5 * 60;
/// And waited for no longer than this: a clock that is days behind must not keep pages back for days.
pub const CLOCK_PATIENCE_SECS: i64 = 4 * 60 * 60;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    pub id: QuietId,
    pub scope: Covered,
    pub by: UserId,
    /// On the wall clock, as `until` is.
    pub from: At,
    pub until: At,
    /// `until` on the line of delays.
    pub ends: At,
    /// When to look at it again, on the line of delays.
    pub due: At,
    /// It waits for a wall clock that was set back: when it ends whatever that says, on the line of delays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<At>,
    /// Why, in the words of whoever made it.
    pub because: Arc<str>,
    pub stands: Stands,
    /// It is made true in Alertmanager too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Elsewhere>,
}

/// A silence in Alertmanager: what it is to be there, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The service whose Alertmanager it is.
    pub of: ServiceId,
    pub matchers: Vec<Matcher>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
    /// Nothing of it is there any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// Why the last try came to nothing; empty: it did not.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub not_done: Arc<str>,
}

/// What is written in Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub url: Arc<str>,
    pub id: Arc<str>,
    /// On the wall clock.
    pub until: At,
}

/// Incidents that are still to be looked at, because what is covered changed: from this one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    pub from: IncidentNo,
    /// On the line of delays.
    pub due: At,
    /// Because of a configuration: what waits for a time, or for more of its kind, is looked at too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub config: bool,
}

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stands {
    Planned,
    InForce {
        /// Whoever made it was told that it ends soon.
        warned: bool,
    },
    /// `by`: who ended it before its time.
    Ended {
        by: Option<UserId>,
        at: At,
        held: HeldBack,
    },
}

/// What was held back at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    /// Paged from then on.
    pub pages: Several,
    /// Held back by something else.
    pub stays: Several,
}

/// Incidents, of which only the first are named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Several {
    pub named: Vec<IncidentNo>,
    pub more: u64,
}

impl Several {
    pub fn add(&mut self, no: IncidentNo) {
        if self.named.len() < NAMED_AT_THE_END { self.named.push(no) } else { self.more += 1 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Silence,
    Maintenance,
}

/// What is not to page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Covered {
    /// Maintenance of these.
    Services(Vec<ServiceId>),
    /// Maintenance of all that a team has.
    Team(TeamId),
    /// A silence of one alert.
    Alert(AlertKey),
    /// A silence of alerts by their labels.
    Labels { within: Within, matchers: Vec<Matcher> },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Within {
    Service(ServiceId),
    Team(TeamId),
}

/// One label, and what its value must be. A label that is not there is empty, as in Prometheus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matcher {
    pub name: Arc<str>,
    pub how: How,
    pub value: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    Is,
    IsNot,
    /// Written `name=value*`.
    Begins,
}

impl Matcher {
    /// `name=value`, `name!=value` or `name=begins*`.
    pub fn parse(word: &str) -> Option<Self> {
        let (name, rest) = word.split_once('=')?;
        let (name, how) = match name.strip_suffix('!') {
            Some(name) => (name, How::IsNot),
            None => (name, How::Is),
        };
        let value = rest.trim_matches(['"', '“', '”']);
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':' | '/');
        if name.is_empty() || !name.chars().all(is_name) || value.starts_with('~') {
            return None;
        }
        let (value, how) = match (value.strip_suffix('*'), how) {
            (Some(begins), How::Is) => (begins, How::Begins),
            (Some(_), _) => return None,
            (None, how) => (value, how),
        };
        // An empty beginning begins everything, and would silence it.
        if value.contains('*') || how == How::Begins && value.is_empty() {
            return None;
        }
        Some(Self { name: name.into(), how, value: value.into() })
    }

    fn matches(&self, labels: &str) -> bool {
        let lines = labels.lines().filter_map(|l| l.split_once(": "));
        self.fits(lines.clone().find(|(name, _)| *name == &*self.name).map_or("", |(_, value)| value))
    }

    fn fits(&self, value: &str) -> bool {
        match self.how {
            How::Is => value == &*self.value,
            How::IsNot => value != &*self.value,
            How::Begins => value.starts_with(&*self.value),
        }
    }
}

impl std::fmt::Display for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.how {
            How::Is => write!(f, "{}={}", self.name, self.value),
            How::IsNot => write!(f, "{}!={}", self.name, self.value),
            How::Begins => write!(f, "{}={}*", self.name, self.value),
        }
    }
}

impl Covered {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Services(_) | Self::Team(_) => Kind::Maintenance,
            Self::Alert(_) | Self::Labels { .. } => Kind::Silence,
        }
    }

    /// The services it speaks of; of a team, all it has.
    pub fn services(&self, d: &Directory) -> Vec<ServiceId> {
        let of_team = |team: &TeamId| d.services.values().filter(|s| s.team == *team).map(|s| s.id.clone()).collect();
        match self {
            Self::Services(all) => all.clone(),
            Self::Alert(key) => vec![key.service.clone()],
            Self::Labels { within: Within::Service(service), .. } => vec![service.clone()],
            Self::Team(team) | Self::Labels { within: Within::Team(team), .. } => of_team(team),
        }
    }

    /// Where it is told: the channels of what it speaks of that may hear of it.
    pub fn channels(&self, d: &Directory) -> Vec<ChannelId> {
        let mut all: Vec<ChannelId> = match self {
            Self::Team(team) | Self::Labels { within: Within::Team(team), .. } => {
                d.teams.get(team).map(|t| t.channel.clone()).into_iter().collect()
            }
            Self::Services(_) | Self::Alert(_) | Self::Labels { within: Within::Service(_), .. } => {
                let services = self.services(d).into_iter().filter_map(|s| d.services.get(&s));
                services.filter(|s| d.may_show(&s.id, &s.channel)).map(|s| s.channel.clone()).collect()
            }
        };
        all.sort();
        all.dedup();
        all
    }

    /// The most it may last.
    pub fn most_secs(&self) -> i64 {
        match self.kind() {
            Kind::Silence => SILENCE_MAX_SECS,
            Kind::Maintenance => MAINTENANCE_MAX_SECS,
        }
    }

    fn covers_service(&self, service: &ServiceId, team: &TeamId) -> bool {
        match self {
            Self::Services(all) => all.contains(service),
            Self::Team(t) => t == team,
            Self::Alert(_) | Self::Labels { .. } => false,
        }
    }
}

/// What helps people and is no label: annotations stand with the labels of an alert.
const NOT_LABELS: [&str; 6] = ["description", "runbook_url", "runbook", "playbook", "dashboard_url", "dashboard"];

/// So many labels of an alert are kept; of one that has as many there may have been more.
const LABELS_KEPT: usize = 64;

/// The labels of an alert as matchers; none where one of them is not known whole, or cannot be written so: fewer would
/// cover more than this alert.
pub(super) fn matchers_of(labels: &str) -> Vec<Matcher> {
    let is_name = |name: &str| {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        name.chars().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    if labels.lines().count() >= LABELS_KEPT {
        return Vec::new();
    }
    let matcher = |line: &str| {
        let (name, value) = line.split_once(": ").filter(|(name, value)| is_name(name) && !value.ends_with('…'))?;
        Some(Matcher { name: name.into(), how: How::Is, value: value.into() })
    };
    let is_label = |line: &&str| !NOT_LABELS.iter().any(|not| line.starts_with(&format!("{not}: ")));
    labels.lines().filter(is_label).map(matcher).collect::<Option<_>>().unwrap_or_default()
}

impl Quiet {
    /// Is there something of it in Alertmanager, or may there be, that is to go?
    pub fn is_left_elsewhere(&self, wall: At) -> bool {
        let is_left = |e: &Elsewhere| !e.removed && e.written.as_ref().map_or(self.until, |w| w.until) > wall;
        self.is_over() && self.elsewhere.as_ref().is_some_and(is_left)
    }

    pub fn kind(&self) -> Kind {
        self.scope.kind()
    }

    pub fn is_over(&self) -> bool {
        matches!(self.stands, Stands::Ended { .. })
    }

    /// At this instant: until both clocks say that it is over, or it is ended, or was waited for long enough.
    pub fn is_in_force(&self, now: Stamp) -> bool {
        let is_waited_for = self.latest.is_none_or(|latest| latest > now.at);
        let lasts = self.ends > now.at || self.until > now.wall;
        matches!(self.stands, Stands::InForce { .. }) && lasts && is_waited_for
    }

    /// Will it be in force at this instant of the wall clock, if nobody ends it before?
    pub fn will_be_in_force(&self, wall: At) -> bool {
        !self.is_over() && self.from <= wall && wall < self.until
    }

    /// Would it cover something of this incident, were it in force?
    pub fn speaks_of(&self, i: &Incident, d: &Directory) -> bool {
        (0..i.alerts.len()).any(|n| self.covers(i, n, d))
    }

    /// Is this alert of the incident (by its place there) covered? All labels of the one that opened it are known; of others, those by
    /// which they joined it.
    fn covers(&self, i: &Incident, alert: usize, d: &Directory) -> bool {
        let Some(a) = i.alerts.get(alert) else { return false };
        let service = a.belongs_to(i);
        let team = d.services.get(service).map_or(&i.team, |s| &s.team);
        match &self.scope {
            Covered::Services(_) | Covered::Team(_) => self.scope.covers_service(service, team),
            Covered::Alert(key) => key.service == *a.service_in(i) && key.dedup == a.dedup,
            Covered::Labels { within, matchers } => {
                let is_within = match within {
                    Within::Service(s) => s == service,
                    Within::Team(t) => t == team,
                };
                let is_first = alert == 0 && i.first_alert().is_some();
                // What was merged into it may have others.
                let joined = i.group.as_ref().filter(|_| !is_first && i.merged.is_empty());
                let matches = |m: &Matcher| match joined {
                    Some(group) => group.value(&m.name).is_some_and(|value| m.fits(value)),
                    None => is_first && m.matches(&i.labels),
                };
                is_within && matchers.iter().all(matches)
            }
        }
    }
}

/// What covers an incident, if all that fires in it is covered; of several, the one that ends last. What a person
/// reported is asked for on purpose: nothing covers it.
pub fn covering<'a>(all: &'a OrdMap<QuietId, Quiet>, i: &Incident, d: &Directory, now: Stamp) -> Option<&'a Quiet> {
    covering_if(all, i, d, |q| q.is_in_force(now))
}

/// What is to cover it at a later instant of the wall clock, if nothing changes until then; and from when on nothing
/// does any more.
pub fn covering_then<'a>(
    all: &'a OrdMap<QuietId, Quiet>,
    i: &Incident,
    d: &Directory,
    wall: At,
) -> Option<(&'a Quiet, At)> {
    let first = covering_if(all, i, d, |q| q.will_be_in_force(wall))?;
    let mut until = first.until;
    // Where one begins before another has ended, it is held back by the next. Each is looked at once.
    while let Some(next) = covering_if(all, i, d, |q| q.will_be_in_force(until)) {
        until = next.until;
    }
    Some((first, until))
}

/// The maintenance window that a service is in; of several, the one that ends last.
pub fn maintenance_of<'a>(
    all: &'a OrdMap<QuietId, Quiet>,
    service: &ServiceId,
    team: &TeamId,
    now: Stamp,
) -> Option<&'a Quiet> {
    let of_it = all.values().filter(|q| q.is_in_force(now) && q.scope.covers_service(service, team));
    of_it.max_by_key(|q| (q.until, q.id))
}

fn covering_if<'a>(
    all: &'a OrdMap<QuietId, Quiet>,
    i: &Incident,
    d: &Directory,
    counts: impl Fn(&Quiet) -> bool,
) -> Option<&'a Quiet> {
    if i.only_a_person_ends_it() {
        return None;
    }
    let any_fires = i.has_firing_alert();
    let alerts = i.alerts.iter().enumerate().filter(|(_, a)| a.is_firing() || !any_fires);
    let mut first_to_end: Option<&Quiet> = None;
    for (n, _) in alerts {
        let last = all.values().filter(|q| counts(q) && q.covers(i, n, d)).max_by_key(|q| (q.until, q.id))?;
        if first_to_end.is_none_or(|q| (last.until, last.id) < (q.until, q.id)) {
            first_to_end = Some(last);
        }
    }
    first_to_end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matcher_is_read_as_it_is_shown() {
        for word in ["alertname=DiskFull", "env!=prod", "instance=db-*", "empty="] {
            assert_eq!(Matcher::parse(word).map(|m| m.to_string()).as_deref(), Some(word));
        }
        for word in ["alertname", "=x", "a b=c", "x=*", "x=a*b", "x!=a*", "x=~a.*"] {
            assert_eq!(Matcher::parse(word), None, "{word}");
        }
    }

    #[test]
    fn a_matcher_looks_at_one_label_and_a_missing_one_is_empty() {
        let labels = "alertname: DiskFull\ninstance: db-1.example";
        let matches = |word: &str| Matcher::parse(word).is_some_and(|m| m.matches(labels));
        assert!(matches("alertname=DiskFull") && matches("instance=db-*") && matches("env!=prod") && matches("env="));
        assert!(!matches("alertname=Disk") && !matches("instance=web-*") && !matches("alertname!=DiskFull"));
    }

    #[test]
    fn an_alert_is_named_by_all_its_labels_or_not_at_all() {
        let named = |labels: &str| {
            let all: Vec<String> = matchers_of(labels).iter().map(ToString::to_string).collect();
            all.join(" ")
        };
        assert_eq!(
            named("alertname: DiskFull\ninstance: db-1\ndescription: of db-1"),
            "alertname=DiskFull instance=db-1"
        );
        // Fewer would silence more than it.
        for beyond in ["service.name: checkout", "9lives: cat", "note: far too lo…", "no label"] {
            assert_eq!(named(&format!("alertname: DiskFull\n{beyond}")), "", "{beyond}");
        }
        let many = |n: usize| (0..n).map(|n| format!("label_{n}: x")).collect::<Vec<_>>().join("\n");
        assert_eq!(matchers_of(&many(63)).len(), 63);
        assert_eq!(matchers_of(&many(64)), [], "there may have been more");
        assert_eq!(LABELS_KEPT, crate::ingest::limits::LABELS_KEPT);
    }
}
