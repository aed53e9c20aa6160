//! Silences and maintenance windows: typed, filled in, and their buttons.

use super::commands::Typed;
use super::people::stranger;
use super::{ANSWER, Came, DECIDE, Handler};
use crate::command::{Command, Silenced};
use crate::domain::directory::User;
use crate::domain::fact::Fact;
use crate::domain::id::{AlertKey, IncidentNo, QuietId, SlackUserId, UserId};
use crate::domain::incident::Incident;
use crate::domain::input::{QuietRequest, What};
use crate::domain::quiet::{Covered, How, Matcher, Within};
use crate::domain::refusal::{NotElsewhere, Refusal};
use crate::pump::Snapshot;
use crate::slack::dispatch::Handled;
use crate::slack::translate::{Filled, Place};
use crate::views::action_id::{Elsewhere, Lasting, Origin, Subject};
use crate::views::quiet::{MORE_SECS, Reader};
use crate::views::{self, Message};
use serde_json::{Value, json};

/// The label by which alerts are the same elsewhere.
pub(super) const NAME: &str = "alertname";

impl Handler {
    /// A silence or a maintenance window by command, and the end of one.
    pub(super) async fn quiet(&self, s: &Snapshot, command: &Command, user: &User, typed: &Typed<'_>) -> Message {
        let by = user.id.clone();
        let what = match command {
            Command::Quiet { what, from, until, because, elsewhere, .. } => {
                let scope = match what {
                    Silenced::Covered(scope) => scope.clone(),
                    Silenced::Incident(no) => match self.find(s, *no).as_ref().map(alert_of) {
                        // What a group has in common may be common to much more there.
                        Some(Some(Covered::Labels { .. })) if *elsewhere => {
                            let why = Refusal::NotElsewhere(NotElsewhere::NoLabels);
                            return Message::plain(views::refusal::refusal(&why, &s.directory));
                        }
                        Some(Some(scope)) => scope,
                        Some(None) => return Message::plain(views::reply::no_alert_to_silence(*no)),
                        None => {
                            let why = Refusal::NoSuchIncident(*no);
                            return Message::plain(views::refusal::refusal(&why, &s.directory));
                        }
                    },
                };
                let (from, until, because) = (*from, *until, because.clone());
                What::Quiet(QuietRequest { scope, by, from, until, because, elsewhere: *elsewhere })
            }
            Command::EndQuiet(id) => What::EndQuiet { id: *id, by },
            _ => return views::list::help(typed.command, Some(crate::command::Topic::Quiet)),
        };
        let reader = Reader { user: Some(&user.id), channel: typed.place.channel.as_ref() };
        match self.decide(typed.id.into(), what, ANSWER).await {
            Came::To { facts, snapshot } => {
                let ended = match command {
                    Command::EndQuiet(id) => Some(*id),
                    _ => None,
                };
                came_of(&facts, s, &snapshot, ended, reader, typed.command)
            }
            other => self.not_done(other, typed, IncidentNo(0)),
        }
    }

    /// *End now*, *Cancel it* and *1 hour more*.
    pub(super) async fn quiet_pressed(
        &self,
        id: &str,
        by: &SlackUserId,
        what: Elsewhere,
        chosen: Option<String>,
        place: Place,
    ) -> Handled {
        let snapshot = self.board.snapshot();
        let title = "Warridor".to_owned();
        let lasting = chosen.as_deref().and_then(Lasting::parse).filter(|l| l.store == snapshot.store);
        let Some(lasting) = lasting else {
            return self.later(by.clone(), place, title, Message::plain(views::reply::from_another_store()));
        };
        let Some(user) = snapshot.directory.user_by_slack(by).map(|u| u.id.clone()) else {
            let message = stranger(&self.who(by).await, None);
            return self.later(by.clone(), place, title, message);
        };
        let asked = match what {
            Elsewhere::ExtendQuiet => {
                let until = lasting.until.plus_secs(MORE_SECS);
                What::ExtendQuiet { id: lasting.quiet, by: user.clone(), until }
            }
            _ => What::EndQuiet { id: lasting.quiet, by: user.clone() },
        };
        match self.decide(id.into(), asked, DECIDE).await {
            Came::To { facts, snapshot: after } => {
                let reader = Reader { user: Some(&user), channel: place.channel.as_ref() };
                let message = came_of(&facts, &snapshot, &after, Some(lasting.quiet), reader, "/pager");
                self.later(by.clone(), place, title, message)
            }
            other => self.undone(other, by.clone(), place, title),
        }
    }

    /// The form in which somebody plans maintenance.
    pub(super) fn plan_maintenance(&self, s: &Snapshot, place: &Place) -> Value {
        let subject = Subject { store: s.store, incident: IncidentNo(0) };
        let origin = Origin::new(subject, place.channel.clone());
        json!(views::modal::maintenance(&s.directory, &origin))
    }

    /// What a form asks for; `None` where it is about something else.
    pub(super) fn quiet_filled(&self, s: &Snapshot, no: IncidentNo, by: &UserId, filled: &Filled) -> Option<What> {
        let now = self.clock.now();
        let request = match filled {
            Filled::Silence { until, is_wide, is_group, elsewhere, because } => {
                let incident = self.find(s, no)?;
                // What joined it since the form was opened was not asked about.
                let scope = match (is_wide, is_group) {
                    (true, _) => same_name(&incident),
                    (false, true) => group_of(&incident),
                    (false, false) => None,
                };
                let scope = scope.or_else(|| first_of(&incident))?;
                let (until, because, elsewhere) = (*until, because.clone(), *elsewhere && !is_group);
                QuietRequest { scope, by: by.clone(), from: now, until, because, elsewhere }
            }
            Filled::Maintenance { services, team, from, until, because } => {
                let scope = match team {
                    Some(team) if services.is_empty() => Covered::Team(team.clone()),
                    _ => Covered::Services(services.clone()),
                };
                let from = from.unwrap_or(now);
                let because = because.clone();
                QuietRequest { scope, by: by.clone(), from, until: *until, because, elsewhere: false }
            }
            _ => return None,
        };
        Some(What::Quiet(request))
    }
}

/// The alert that opened it, or all that joined it too; what a person reported has none.
fn alert_of(i: &Incident) -> Option<Covered> {
    group_of(i).or_else(|| first_of(i))
}

fn group_of(i: &Incident) -> Option<Covered> {
    let matcher = |(name, value): (&str, &str)| Matcher { name: name.into(), how: How::Is, value: value.into() };
    let matchers = i.joined_group()?.labels().map(matcher).collect();
    Some(Covered::Labels { within: Within::Service(i.service.clone()), matchers })
}

fn first_of(i: &Incident) -> Option<Covered> {
    let alert = i.alerts.first()?;
    Some(Covered::Alert(AlertKey { service: alert.service_in(i).clone(), dedup: alert.dedup.clone() }))
}

/// All alerts of the same name on the service, where it has a name.
fn same_name(i: &Incident) -> Option<Covered> {
    i.first_alert()?;
    let value = i.labels.lines().find_map(|l| l.strip_prefix(NAME)?.strip_prefix(": "))?;
    let matchers = vec![Matcher { name: NAME.into(), how: How::Is, value: value.into() }];
    Some(Covered::Labels { within: Within::Service(i.service.clone()), matchers })
}

/// What making, ending or extending one came to. `id`: of one that was there before.
pub(super) fn came_of(
    facts: &[Fact],
    before: &Snapshot,
    after: &Snapshot,
    id: Option<QuietId>,
    reader: Reader<'_>,
    command: &str,
) -> Message {
    let (w, d) = (&after.world, &*after.directory);
    let made = facts.iter().find_map(|f| match f {
        Fact::QuietMade { quiet, .. } => Some(*quiet),
        _ => None,
    });
    let Some(q) = made.or(id).and_then(|id| w.quiets.get(&id)) else {
        return views::quiet::list(w, d, reader, command);
    };
    let extended = facts.iter().any(|f| matches!(f, Fact::QuietExtended { .. }));
    Message::plain(match (made, extended) {
        (Some(_), _) => views::quiet::made(q, &stopped(facts, before), w, d, reader, command),
        (None, true) => views::quiet::extended(q, w, d, reader),
        (None, false) => views::quiet::ended(q, w, d, reader),
    })
}

/// Whom the policies of what is held now were asking, each once.
fn stopped(facts: &[Fact], before: &Snapshot) -> Vec<UserId> {
    let held = facts.iter().filter_map(|f| match f {
        Fact::Held { incident, .. } => before.world.incident(*incident),
        _ => None,
    });
    let calls = held.filter_map(|i| i.main_call().filter(|c| c.is_open()));
    let mut all: Vec<UserId> = Vec::new();
    for asked in calls.flat_map(|c| &c.asked) {
        if !all.contains(&asked.user) {
            all.push(asked.user.clone());
        }
    }
    all
}
