//! What people type: slash commands, and words to the bot itself.

use super::misconfigured::misconfigured;
use super::people::{Who, stranger};
use super::rca::Shown;
use super::{ANSWER, Came, Handler, ephemeral, told};
use crate::command::{self, Command, Doing, Line, ListOf, Meant, OnCall, Speaker, Topic, Which, WhichPlaybook, Whose};
use crate::config::Means;
use crate::domain::directory::{Directory, User};
use crate::domain::duty::{coming, duties, out_of_hearing};
use crate::domain::forecast::forecast;
use crate::domain::gaps;
use crate::domain::going_on::{self, Announcement};
use crate::domain::id::{ChannelId, IncidentNo, InputId, SlackUserId, TeamId, UserId};
use crate::domain::incident::{Incident, State};
use crate::domain::input::{Act, Deed, Raise, SnoozeWhy, What};
use crate::domain::privacy::{may_read, may_read_of};
use crate::domain::refusal::Refusal;
use crate::domain::schedule::{DatedShift, Schedule, now_and_next, shifts};
use crate::domain::stamp::{At, Stamp};
use crate::pump::Snapshot;
use crate::slack::Outcome;
use crate::slack::dispatch::Handled;
use crate::slack::translate::Place;
use crate::views::action_id::Subject;
use crate::views::going_on::Beside;
use crate::views::modal::RaiseDraft;
use crate::views::oncall::Watch;
use crate::views::quiet::Reader;
use crate::views::{self, Message};
use chrono_tz::Tz;
use serde_json::{Value, json};
use std::sync::Arc;

/// How a command is answered.
pub(super) enum Reply {
    Words(Message),
    /// A window; and what stands for it where no window can be opened.
    Window(Value, Message),
}

/// Who typed what, where.
pub(super) struct Typed<'a> {
    /// The envelope or event it came with: what makes it recognisable when it comes again.
    pub id: &'a str,
    pub by: &'a SlackUserId,
    /// With its `/`, for answers that say what to type.
    pub command: &'a str,
    pub place: &'a Place,
}

impl Handler {
    pub(super) async fn slash(&self, id: &str, by: &SlackUserId, command: &str, text: &str, place: Place) -> Handled {
        let typed = Typed { id, by, command, place: &place };
        match self.run(&typed, text).await {
            Reply::Words(message) => ephemeral(&message),
            Reply::Window(view, _) => {
                self.in_background(|this| async move { this.show(&place, "views.open", view).await })
            }
        }
    }

    /// Words to the bot are a command without its `/pager`.
    pub(super) async fn said(&self, by: &SlackUserId, channel: ChannelId, text: &str, event: &str) -> Handled {
        let place = Place { channel: Some(channel.clone()), ..Place::default() };
        let typed = Typed { id: event, by, command: self.pager(), place: &place };
        let message = match self.run(&typed, text).await {
            Reply::Words(message) => message,
            // A window needs a click.
            Reply::Window(_, instead) => instead,
        };
        let mut body = super::shown(&message);
        body["channel"] = json!(channel);
        // What they asked for is decided; only its answer is still to be said.
        self.in_background(|this| async move {
            let outcome = this.client.call_now("chat.postMessage", &body).await;
            if !matches!(outcome, Outcome::Ok(_)) {
                tracing::warn!(outcome = outcome.name(), "an answer to somebody's words was not delivered");
            }
        })
    }

    async fn run(&self, typed: &Typed<'_>, text: &str) -> Reply {
        let s = self.board.snapshot();
        let user = s.directory.user_by_slack(typed.by);
        let speaker = Speaker {
            now: self.clock.now(),
            tz: user.map_or(Tz::UTC, |u| u.tz),
            me: user.map(|u| &u.id),
            directory: &s.directory,
        };
        let line = Line { command: typed.command, text, means: self.means(typed.command) };
        let command = match command::parse(&line, &speaker) {
            Ok(command) => command,
            Err(mistake) if user.is_none() && mistake.why == command::UNKNOWN_SPEAKER => {
                return Reply::Words(self.stranger(typed.by, None).await);
            }
            Err(mistake) => return Reply::Words(views::list::mistake(&mistake)),
        };
        if let Some(read) = self.read(&s, &command, user, typed) {
            return read;
        }
        let Some(user) = user else { return Reply::Words(self.unknown_speaks(&s, command, typed).await) };
        if let Command::Playbook(WhichPlaybook::Draft(which)) = command {
            return self.draft(&s, which, user, typed).await;
        }
        Reply::Words(match command {
            Command::OnCall(on_call) => self.stand_in(&s, on_call, user, typed).await,
            Command::Handoff(handoff) => self.handoff(&s, handoff, user, typed).await,
            Command::Items(items) => self.items(&s, items, user, typed).await,
            Command::Doing(doing) => self.says_doing(&s, doing, user, typed).await,
            Command::Mended(entry) => self.mended(&s, entry, user, typed).await,
            Command::Quiet { .. } | Command::EndQuiet(_) => self.quiet(&s, &command, user, typed).await,
            Command::Trigger { service: Some(service), what } => {
                let raise = Raise { service, by: user.id.clone(), title: what, urgency: None, from: None };
                self.act(typed, typed.id.into(), What::Raise(raise), IncidentNo(0)).await
            }
            Command::Acknowledge(numbers) => self.acknowledge(&s, &numbers, user, typed).await,
            other => match deed(&other) {
                Some((which, deed)) => match self.which(&s, which, verb(&deed), Some(&user.id), typed) {
                    // Whoever begins work on what nobody has, has it: the same question as for `ack`.
                    Ok(incident) if let (Deed::Start, Some(question)) = (&deed, question(&s, incident, user)) => {
                        question
                    }
                    Ok(incident) => {
                        let act = Act { incident, by: user.id.clone(), deed };
                        let told = self.act(typed, typed.id.into(), What::Act(act), incident).await;
                        let is_night = matches!(other, Command::Snooze { meant: Some(Meant::Today), .. });
                        if is_night { views::reply::this_morning(told) } else { told }
                    }
                    Err(pick) => pick,
                },
                None => views::list::help(typed.command, None),
            },
        })
    }

    /// What only reads. `None`: it is to be decided.
    fn read(&self, s: &Snapshot, command: &Command, user: Option<&User>, typed: &Typed<'_>) -> Option<Reply> {
        let d = &*s.directory;
        let me = user.map(|u| &u.id);
        let reader = Reader { user: me, channel: typed.place.channel.as_ref() };
        let words = |m: Message| Some(Reply::Words(m));
        match command {
            Command::Mine => words(self.paused(views::list::mine(&mine(s, me), d, typed.command))),
            Command::Help(topic) => words(self.help(typed, *topic)),
            Command::List(of) => {
                let mut message = list(s, of, reader, typed.command);
                let silent = views::quiet::in_short(&s.world, d, reader);
                message.blocks.extend(silent.as_deref().map(views::kit::context));
                words(self.paused(message))
            }
            Command::Show(which) => {
                let rca = |i: &Incident| s.world.rcas.get(&i.no).map(Arc::as_ref);
                words(self.about(s, *which, me, "show", typed, |i| views::list::show(i, rca(i), d, s.store)))
            }
            Command::Why(which) => {
                let now = s.stamp_at(self.clock.now());
                words(self.about(s, *which, me, "why", typed, |i| {
                    let next = forecast(&s.world, d, i.no, now);
                    let about = |a: &&Announcement| a.is_about(&i.service, &i.team) && i.is_open();
                    let going_on: Vec<_> = readable(s, reader, now.wall).filter(about).collect();
                    views::why::why(i, d, &next, &going_on)
                }))
            }
            Command::Quiets => words(views::quiet::list(&s.world, d, reader, typed.command)),
            Command::PlanMaintenance => {
                me?;
                Some(Reply::Window(self.plan_maintenance(s, typed.place), views::list::press_to_raise()))
            }
            Command::Misconfigured(of) => words(misconfigured(s, of.as_ref(), reader, self.clock.now(), typed.command)),
            Command::Heartbeats(of) => words(views::heartbeats::list(&s.world, d, of.as_ref(), reader)),
            Command::Playbook(WhichPlaybook::List) => {
                me?;
                words(views::playbook::list(d, typed.command))
            }
            Command::Playbook(WhichPlaybook::Named(id)) if me.is_some() => match d.playbooks.get(id) {
                Some(playbook) => words(views::playbook::message(playbook, None, d)),
                None => words(views::playbook::list(d, typed.command)),
            },
            Command::Playbook(WhichPlaybook::For(which)) => words(self.about(s, *which, me, "playbook", typed, |i| {
                views::playbook::for_incident(i, d, typed.command, s.store)
            })),
            Command::Triage(which) => {
                let me = user?;
                Some(self.triage(s, *which, me, typed))
            }
            Command::Major(which) => {
                let me = me?;
                words(self.about(s, *which, Some(me), "major", typed, |i| self.asks_major(s, i, me)))
            }
            Command::Fyi => words(views::fyi::list(&s.world, d, me, reader.channel)),
            Command::Now => {
                let (open, left_out) = open(s, reader);
                let mut now = views::list::in_parts(&open, d);
                now =
                    views::list::left_out(views::list::still_firing(now, &still_firing(s, reader, None), d), left_out);
                now = views::why::now(now, &watches(s, self.clock.now()), d);
                words(self.paused(views::going_on::beside(now, &beside(s, reader, self.now()), d)))
            }
            Command::Doing(Doing::List) => {
                let all: Vec<_> = readable(s, reader, self.clock.now()).collect();
                words(views::going_on::doing(&all, typed.command, d))
            }
            Command::OnCall(OnCall::Help) => words(self.help(typed, Some(Topic::OnCall))),
            Command::OnCall(OnCall::Everybody) => words(views::oncall::oncall(None, &watches(s, self.clock.now()), d)),
            Command::OnCall(OnCall::Team(team)) => {
                words(views::oncall::oncall(Some(team), &watches(s, self.clock.now()), d))
            }
            Command::OnCall(OnCall::Schedule(id)) => {
                let mut all = watches(s, self.clock.now());
                all.retain(|w| w.schedule.id == *id);
                words(views::oncall::oncall(None, &all, d))
            }
            Command::OnCall(OnCall::Calendar(whose)) => {
                words(views::calendar::calendar(whose, ahead(s, whose, self.clock.now()), d))
            }
            Command::OnCall(OnCall::Gaps(whose)) => {
                let now = self.clock.now();
                let of = schedules_of(d, whose.as_ref());
                let gaps = of.map(|of| (of, gaps::within_two_weeks(&s.world, d, &of.id, now))).collect();
                words(views::calendar::gaps(whose.as_ref(), gaps, d))
            }
            Command::OnCall(OnCall::Overrides) => {
                let now = self.clock.now();
                let mut ahead: Vec<_> = s.world.overrides.values().filter(|o| o.until > now).collect();
                ahead.sort_by_key(|o| (o.from, o.id));
                words(views::oncall::overrides(&ahead, &self.on_call_command(typed.command), d))
            }
            Command::OnCall(OnCall::Me) => {
                let me = me?;
                let coming = coming(&s.world, d, self.clock.now(), me);
                let silent = d.users.get(me).and_then(|user| out_of_hearing(&s.world, d, self.now(), user));
                words(views::oncall::me(me, &duties(&s.world, d, self.now(), me), &coming, silent, d))
            }
            Command::OnCall(OnCall::Ready) => words(self.shows_ready(s, me?, &self.on_call_command(typed.command))),
            Command::Trigger { service, what } if service.is_none() || what.is_empty() => {
                me?;
                let draft = RaiseDraft { service: service.as_ref(), what, ..RaiseDraft::default() };
                Some(Reply::Window(self.raise(s, &draft, typed.place), views::list::press_to_raise()))
            }
            Command::Rca(what) => match self.shows_rca(s, what, user?, typed) {
                Shown::Words(message) => words(message),
                Shown::Window(view, instead) => Some(Reply::Window(view, instead)),
            },
            Command::Handoff(_)
            | Command::Items(_)
            | Command::Playbook(WhichPlaybook::Named(_) | WhichPlaybook::Draft(_))
            | Command::Trigger { .. }
            | Command::Acknowledge(_)
            | Command::Snooze { .. }
            | Command::EndSnooze(_)
            | Command::Escalate(_)
            | Command::Add(..)
            | Command::Reassign(..)
            | Command::Urgency(..)
            | Command::Mitigated(_)
            | Command::NotActionable(_)
            | Command::NotMajor(_)
            | Command::ImOnIt(_)
            | Command::Resolve(..)
            | Command::Reopen(_)
            | Command::Note(..)
            | Command::Merge { .. }
            | Command::Doing(Doing::Announce { .. } | Doing::End(_))
            | Command::Quiet { .. }
            | Command::EndQuiet(_)
            | Command::Mended(_)
            | Command::OnCall(OnCall::Override { .. } | OnCall::Take { .. } | OnCall::EndOverride(_) | OnCall::Test) => {
                None
            }
        }
    }

    /// The command that means everything, with its `/`.
    pub(super) fn pager(&self) -> &str {
        self.commands.iter().find(|c| c.means == Means::Pager).map_or("/pager", |c| c.name.as_str())
    }

    fn means(&self, command: &str) -> Means {
        self.commands.iter().find(|c| c.name == command).map_or(Means::Pager, |c| c.means)
    }

    fn help(&self, typed: &Typed<'_>, topic: Option<Topic>) -> Message {
        match topic {
            Some(Topic::OnCall) => self.on_call_help(typed),
            _ => views::list::help(typed.command, topic),
        }
    }

    pub(super) fn on_call_help(&self, typed: &Typed<'_>) -> Message {
        views::list::help(&self.on_call_command(typed.command), Some(Topic::OnCall))
    }

    /// What stands before `override` where somebody types this command.
    pub(super) fn on_call_command(&self, command: &str) -> String {
        match self.means(command) {
            Means::Pager => format!("{command} oncall"),
            Means::Oncall => command.to_owned(),
        }
    }

    fn paused(&self, message: Message) -> Message {
        if self.paused { views::list::paused(message) } else { message }
    }

    fn about(
        &self,
        s: &Snapshot,
        which: Which,
        me: Option<&UserId>,
        verb: &str,
        typed: &Typed<'_>,
        view: impl FnOnce(&Incident) -> Message,
    ) -> Message {
        let no = match which {
            Which::No(no) => no,
            Which::Mine => match only(&mine(s, me)) {
                Some(no) => no,
                None => return views::list::pick(&mine(s, me), &s.directory, &format!("{} {verb}", typed.command)),
            },
        };
        match self.find(s, no) {
            Some(i) if !may_read(&i, &s.directory, me, typed.place.channel.as_ref()) => views::list::private(&i),
            Some(incident) => view(&incident),
            None => Message::plain(views::refusal::refusal(&Refusal::NoSuchIncident(no), &s.directory)),
        }
    }

    /// The incident meant; else which there are to choose from.
    pub(super) fn which(
        &self,
        s: &Snapshot,
        which: Which,
        verb: &str,
        me: Option<&UserId>,
        typed: &Typed<'_>,
    ) -> Result<IncidentNo, Message> {
        let all = mine(s, me);
        let have: Vec<&Incident> = all.iter().copied().filter(|i| me.is_some() && i.responder() == me).collect();
        // What somebody else has is named by its number: nobody ends their work by a word too few.
        let has_it = |i: &Incident| match &i.state {
            State::Snoozed { by, .. } => Some(by.clone()),
            _ => i.responder().cloned(),
        };
        // Whoever is asked to come is not turned away; they end nobody's work by it.
        let comes = ["start", "note", "escalate", "triage", "playbook"].contains(&verb);
        let is_asked = |i: &Incident| comes && me.is_some_and(|me| i.being_asked().contains(me));
        let is_theirs = |i: &&Incident| me.is_some() && !is_asked(i) && has_it(i).is_some_and(|who| Some(&who) != me);
        let (theirs, free): (Vec<&Incident>, Vec<&Incident>) = all.into_iter().partition(is_theirs);
        match which {
            Which::No(no) => Ok(no),
            Which::Mine => only(&have).or_else(|| only(&free)).ok_or_else(|| {
                let line = format!("{} {verb}", typed.command);
                match free.is_empty() && !theirs.is_empty() {
                    true => views::list::others(&theirs, &s.directory, &line),
                    false => views::list::pick(&free, &s.directory, &line),
                }
            }),
        }
    }

    /// Somebody unknown wants to act: guests may note, others may ask to be let in.
    async fn unknown_speaks(&self, s: &Snapshot, command: Command, typed: &Typed<'_>) -> Message {
        let (which, text, name) = match (command, self.who(typed.by).await) {
            (Command::Note(which, text), Who::Outsider { name }) => (which, text, name),
            (_, who) => return stranger(&who, None),
        };
        let incident = match self.which(s, which, "note", None, typed) {
            Ok(incident) => incident,
            Err(pick) => return pick,
        };
        match self.guest_note(typed.id.into(), typed.by, name, incident, text).await {
            Came::To { facts, snapshot } => told(&facts, &snapshot, incident),
            other => self.not_done(other, typed, incident),
        }
    }

    /// Those named; without a name, the only one that waits for the speaker.
    async fn acknowledge(&self, s: &Snapshot, named: &[IncidentNo], user: &User, typed: &Typed<'_>) -> Message {
        let waiting: Vec<&Incident> = mine(s, Some(&user.id))
            .into_iter()
            .filter(|i| i.is_triggered() || i.being_asked().contains(&user.id))
            .collect();
        let numbers = match (named, only(&waiting)) {
            ([], Some(only)) => vec![only],
            ([], None) if waiting.is_empty() => return views::list::nothing_waits(typed.command),
            ([], None) => return views::list::pick(&waiting, &s.directory, &format!("{} ack", typed.command)),
            (named, _) => named.to_vec(),
        };
        if let [no] = numbers.as_slice()
            && let Some(question) = question(s, *no, user)
        {
            return question;
        }
        let mut said: Vec<Message> = Vec::new();
        for incident in numbers {
            // Nobody's page is stopped by the way: one tap more, each on its own.
            if let Some(i) = s.world.incident(incident)
                && super::press::asks_first(i, &user.id)
            {
                said.push(Message::plain(views::reply::left_alone(i, &user.id, typed.command, &s.directory)));
                continue;
            }
            let id = InputId::from(format!("{}/{}", typed.id, incident.0));
            let act = Act { incident, by: user.id.clone(), deed: Deed::Acknowledge };
            said.push(self.act(typed, id, What::Act(act), incident).await);
        }
        views::list::together(said)
    }

    async fn act(&self, typed: &Typed<'_>, id: InputId, what: What, incident: IncidentNo) -> Message {
        match self.decide(id, what, ANSWER).await {
            Came::To { facts, snapshot } => {
                let opened = facts.iter().find_map(|f| match f {
                    crate::domain::fact::Fact::IncidentOpened(o) => Some(o.incident),
                    _ => None,
                });
                told(&facts, &snapshot, opened.unwrap_or(incident))
            }
            other => self.not_done(other, typed, incident),
        }
    }

    pub(super) fn not_done(&self, came: Came, typed: &Typed<'_>, incident: IncidentNo) -> Message {
        let s = self.board.snapshot();
        match came {
            Came::Refused(refusal) => {
                views::refusal::message(&refusal, &s.directory, Subject { store: s.store, incident })
            }
            Came::NotSaved => Message::plain(views::reply::not_saved()),
            Came::Busy => Message::plain(views::reply::busy()),
            Came::Late | Came::To { .. } => {
                let show = format!("{} show {}", typed.command, incident.0);
                Message::plain(format!("That takes long. `{show}` says whether it was done."))
            }
        }
    }
}

/// What somebody whom nobody asked is asked, before a page to somebody else stops.
fn question(s: &Snapshot, no: IncidentNo, user: &User) -> Option<Message> {
    let i = s.world.incident(no).filter(|i| super::press::asks_first(i, &user.id))?;
    Some(views::reply::not_asked(i, &user.id, &s.directory, Subject { store: s.store, incident: no }))
}

/// What is to be done, where a command stands for one deed.
fn deed(command: &Command) -> Option<(Which, Deed)> {
    Some(match command.clone() {
        Command::Snooze { which, until, reason, .. } => {
            let because = reason.unwrap_or_default();
            match for_later(&because) {
                Some(rest) => {
                    (which, Deed::Snooze { until, why: Some(SnoozeWhy::NotUrgent), because: rest.to_owned() })
                }
                None => (which, Deed::Snooze { until, why: None, because }),
            }
        }
        Command::EndSnooze(which) => (which, Deed::EndSnooze),
        Command::Escalate(which) => (which, Deed::Escalate),
        Command::Add(which, whom) => (which, Deed::AddResponders { whom: vec![whom] }),
        Command::Reassign(which, to) => (which, Deed::Reassign { to }),
        Command::Urgency(which, to) => (which, Deed::SetUrgency { to }),
        Command::Mitigated(which) => (which, Deed::Mitigate),
        Command::NotActionable(which) => (which, Deed::NotActionable),
        Command::NotMajor(which) => (which, Deed::TakeMajorBack),
        Command::ImOnIt(which) => (which, Deed::Start),
        Command::Resolve(which, note) => (which, Deed::Resolve { note }),
        Command::Reopen(no) => (Which::No(no), Deed::Reopen),
        Command::Note(which, text) => (which, Deed::Note { text }),
        Command::Merge { from, into } => (from, Deed::MergeInto { into }),
        Command::Mine
        | Command::Help(_)
        | Command::Trigger { .. }
        | Command::List(_)
        | Command::Show(_)
        | Command::Acknowledge(_)
        | Command::Why(_)
        | Command::Now
        | Command::Doing(_)
        | Command::Quiets
        | Command::Quiet { .. }
        | Command::PlanMaintenance
        | Command::EndQuiet(_)
        | Command::Fyi
        | Command::Misconfigured(_)
        | Command::Mended(_)
        | Command::Heartbeats(_)
        | Command::Playbook(_)
        | Command::Handoff(_)
        | Command::Rca(_)
        | Command::Items(_)
        | Command::Triage(_)
        | Command::Major(_)
        | Command::OnCall(_) => return None,
    })
}

/// What is said beside the words of the snooze window that mark an alert as one to be mended, if they are said.
fn for_later(because: &str) -> Option<&str> {
    let rest = ["not urgent", "for later"].into_iter().find_map(|words| {
        let said = because.get(..words.len())?;
        said.eq_ignore_ascii_case(words).then(|| &because[words.len()..])
    })?;
    let is_apart = !rest.starts_with(char::is_alphanumeric);
    is_apart.then(|| {
        rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | ';' | '.' | '-' | '–' | '—'))
    })
}

/// The word that stands for a deed, for a line to type.
fn verb(deed: &Deed) -> &'static str {
    match deed {
        Deed::Acknowledge => "ack",
        Deed::Start => "start",
        Deed::Snooze { .. } => "snooze",
        Deed::EndSnooze => "unsnooze",
        Deed::Escalate => "escalate",
        Deed::AddResponders { .. } => "add",
        Deed::Reassign { .. } => "reassign",
        Deed::SetUrgency { .. } => "urgency",
        Deed::Mitigate => "mitigated",
        Deed::Resolve { .. } => "resolve",
        Deed::NotActionable => "not-actionable",
        Deed::Reopen => "reopen",
        // By button only.
        Deed::DeclinePageAgain => "show",
        Deed::Note { .. } => "note",
        // No command does.
        Deed::Quote(_) => "show",
        Deed::MergeInto { .. } => "merge",
        Deed::Triage { .. } | Deed::NotMine { .. } | Deed::CanWait { .. } => "triage",
        Deed::TakeMajorBack => "not-major",
        Deed::DeclareMajor => "major",
        Deed::BeginPlaybook { .. } | Deed::GoOn { .. } => "playbook",
    }
}

/// The open incidents that somebody may read about here, and how many they may not.
fn open<'a>(s: &'a Snapshot, reader: Reader<'_>) -> (Vec<&'a Incident>, usize) {
    let all = s.world.open_incidents().map(|i| &**i);
    let (mut open, private): (Vec<&Incident>, Vec<&Incident>) =
        all.partition(|i| may_read(i, &s.directory, reader.user, reader.channel));
    open.sort_by_cached_key(|i| views::list::order(i));
    (open, private.len())
}

/// What was resolved by hand, still fires and pages again, as far as somebody may read about it here.
fn still_firing<'a>(s: &'a Snapshot, reader: Reader<'_>, of: Option<&TeamId>) -> Vec<&'a Incident> {
    let again = |i: &&Incident| i.is_resolved() && i.course.pages_again_at().is_some() && i.has_firing_alert();
    let mine = |i: &&Incident| of.is_none_or(|team| i.team == *team);
    let all = s.world.incidents.values().map(|i| &**i).filter(again).filter(mine);
    all.filter(|i| may_read(i, &s.directory, reader.user, reader.channel)).collect()
}

/// What concerns somebody; everything they may read about, for somebody unknown.
fn mine<'a>(s: &'a Snapshot, me: Option<&UserId>) -> Vec<&'a Incident> {
    let (mut all, _) = open(s, Reader { user: me, channel: None });
    if let Some(me) = me {
        all.retain(|i| i.concerns(me));
    }
    all
}

fn only(all: &[&Incident]) -> Option<IncidentNo> {
    match all {
        [one] => Some(one.no),
        _ => None,
    }
}

fn list(s: &Snapshot, of: &ListOf, reader: Reader<'_>, command: &str) -> Message {
    let d = &*s.directory;
    let (all, left_out) = open(s, reader);
    match of {
        ListOf::All => {
            let all = views::list::still_firing(views::list::list(&all, d, ""), &still_firing(s, reader, None), d);
            let all = views::list::left_out(all, left_out);
            views::fyi::with_dropped(all, &s.world)
        }
        ListOf::Mine => views::list::mine(&mine(s, reader.user), d, command),
        ListOf::Team(team) => {
            let name = d.teams.get(team).map_or(team.as_str(), |t| t.name.as_str());
            let all: Vec<&Incident> = all.into_iter().filter(|i| i.team == *team).collect();
            views::list::still_firing(views::list::list(&all, d, name), &still_firing(s, reader, Some(team)), d)
        }
    }
}

fn schedules_of<'a>(d: &'a Directory, whose: Option<&Whose>) -> impl Iterator<Item = &'a Schedule> {
    d.schedules.values().filter(move |schedule| match whose {
        None => true,
        Some(Whose::Team(team)) => schedule.team.as_ref() == Some(team),
        Some(Whose::Schedule(id)) => schedule.id == *id,
    })
}

/// Every shift of the coming two weeks.
fn ahead<'a>(s: &'a Snapshot, whose: &Whose, now: At) -> Vec<(&'a Schedule, Vec<DatedShift>)> {
    let overrides: Vec<_> = s.world.overrides.values().collect();
    let end = now.plus_secs(gaps::CALENDAR_SECS);
    let of = schedules_of(&s.directory, Some(whose));
    let ahead = |of| shifts(of, &overrides, now).take(gaps::SHIFTS).take_while(|shift| shift.from < end).collect();
    of.map(|of| (of, ahead(of))).collect()
}

fn watches(s: &Snapshot, at: At) -> Vec<Watch<'_>> {
    let overrides: Vec<_> = s.world.overrides.values().collect();
    let watch = |schedule| {
        let (now, next) = now_and_next(schedule, &overrides, at);
        let who = now.who.as_ref().and_then(|who| s.directory.users.get(who));
        let silent_until = who.and_then(|user| out_of_hearing(&s.world, &s.directory, Stamp::agreed(at), user));
        Watch { schedule, now, next, silent_until }
    };
    s.directory.schedules.values().map(watch).collect()
}

/// What is announced, as far as somebody may read it here.
fn readable<'a>(s: &'a Snapshot, reader: Reader<'_>, now: At) -> impl Iterator<Item = &'a Announcement> {
    going_on::announced(&s.world, now).filter(move |a| a.may_read(&s.directory, reader.user, reader.channel))
}

/// So long ago was what `now` shows of changes.
const CHANGES_SECS: i64 = 2 * 60 * 60;

pub(super) fn beside<'a>(s: &'a Snapshot, reader: Reader<'_>, now: Stamp) -> Beside<'a> {
    let d = &s.directory;
    let all = going_on::recent(&s.world, now.wall, CHANGES_SECS);
    let (changes, private): (Vec<_>, Vec<_>) =
        all.partition(|c| may_read_of(&c.service, d, reader.user, reader.channel));
    let silent = d.users.values().filter_map(|u| Some((&u.id, out_of_hearing(&s.world, d, now, u)?)));
    Beside {
        changes,
        changes_left_out: private.len(),
        announced: readable(s, reader, now.wall).collect(),
        quiets: views::quiet::going_on(&s.world, d, reader),
        silent: silent.collect(),
    }
}
