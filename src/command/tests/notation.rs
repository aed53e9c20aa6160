//! Commands and mistakes on one line each, times in the speaker's zone.

use crate::command::{
    Command, Doing, Handoff, Items, ListOf, Meant, Mistake, OnCall, Rcas, Silenced, Which, WhichPlaybook, Whom, Whose,
};
use crate::domain::quiet::{Covered, Within};
use crate::domain::stamp::At;
use chrono_tz::Tz;

pub fn told(result: &Result<Command, Mistake>, tz: Tz) -> Vec<String> {
    match result {
        Ok(command) => vec![format!("= {}", command_line(command, tz))],
        Err(Mistake { why, instead }) => {
            let mut lines = vec![format!("! {why}")];
            lines.extend(instead.iter().map(|line| format!("> {line}")));
            lines
        }
    }
}

fn command_line(command: &Command, tz: Tz) -> String {
    match command {
        Command::Mine => "mine".to_owned(),
        Command::Help(topic) => format!("help{}", topic.map_or_else(String::new, |t| format!(" {t:?}"))),
        Command::Trigger { service, what } => {
            format!("trigger {} `{what}`", service.as_ref().map_or("?", |s| s.as_str()))
        }
        Command::List(ListOf::Mine) => "list mine".to_owned(),
        Command::List(ListOf::All) => "list all".to_owned(),
        Command::List(ListOf::Team(team)) => format!("list team {team}"),
        Command::Show(which) => format!("show {}", no(*which)),
        Command::Acknowledge(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            format!("ack {}", if numbers.is_empty() { "mine".to_owned() } else { numbers.join(" ") })
        }
        Command::Snooze { which, until, meant, reason } => {
            let reason = reason.as_ref().map_or_else(String::new, |r| format!(" `{r}`"));
            format!("snooze {} until {}{}{reason}", no(*which), at(*until, tz), also(*meant))
        }
        Command::EndSnooze(which) => format!("end snooze {}", no(*which)),
        Command::Escalate(which) => format!("escalate {}", no(*which)),
        Command::Add(which, whom) => format!("add {} {}", no(*which), who(whom)),
        Command::Reassign(which, user) => format!("reassign {} @{user}", no(*which)),
        Command::Urgency(which, urgency) => format!("urgency {} {urgency:?}", no(*which)),
        Command::Mitigated(which) => format!("mitigated {}", no(*which)),
        Command::NotMajor(which) => format!("not major {}", no(*which)),
        Command::NotActionable(which) => format!("not actionable {}", no(*which)),
        Command::ImOnIt(which) => format!("start {}", no(*which)),
        Command::Resolve(which, note) => {
            format!("resolve {}{}", no(*which), note.as_ref().map_or_else(String::new, |n| format!(" `{n}`")))
        }
        Command::Reopen(number) => format!("reopen {number}"),
        Command::Note(which, text) => format!("note {} `{text}`", no(*which)),
        Command::Merge { from, into } => format!("merge {} into {into}", no(*from)),
        Command::Why(which) => format!("why {}", no(*which)),
        Command::Now => "now".to_owned(),
        Command::Doing(Doing::List) => "doing".to_owned(),
        Command::Doing(Doing::End(no)) => format!("end announcement {}", no.0),
        Command::Doing(Doing::Announce { text, until, of }) => {
            format!("announce `{text}` until {} of {of:?}", at(*until, tz))
        }
        Command::Quiets => "silences".to_owned(),
        Command::PlanMaintenance => "maintenance?".to_owned(),
        Command::EndQuiet(id) => format!("end silence {}", id.0),
        Command::Quiet { what, from, until, meant, because, elsewhere } => {
            let because = if *elsewhere { format!("{because}` and in Alertmanager `") } else { because.clone() };
            let span = format!("{} - {}{}", at(*from, tz), at(*until, tz), also(*meant));
            format!("{} {span} `{because}`", silenced(what))
        }
        Command::Fyi => "fyi".to_owned(),
        Command::Misconfigured(of) => {
            format!("misconfigured{}", of.as_ref().map_or_else(String::new, |s| format!(" of {s}")))
        }
        Command::Heartbeats(of) => {
            format!("heartbeats{}", of.as_ref().map_or_else(String::new, |s| format!(" of {s}")))
        }
        Command::Handoff(Handoff::Show(None)) => "handoff".to_owned(),
        Command::Handoff(Handoff::Show(Some(team))) => format!("handoff of {team}"),
        Command::Handoff(Handoff::Note { team: None, text }) => format!("handoff note \u{201c}{text}\u{201d}"),
        Command::Handoff(Handoff::Note { team: Some(team), text }) => {
            format!("handoff of {team} note \u{201c}{text}\u{201d}")
        }
        Command::Handoff(Handoff::Accept) => "handoff accept".to_owned(),
        Command::Major(which) => format!("major {}", no(*which)),
        Command::Triage(which) => format!("triage {}", no(*which)),
        Command::Rca(Rcas::Mine) => "rcas".to_owned(),
        Command::Rca(Rcas::Of(of)) => format!("rca of {of}"),
        Command::Rca(Rcas::List(of)) => format!("rcas of {}", of.as_ref().map_or("all", |team| team.as_str())),
        Command::Rca(Rcas::Status) => "rca status".to_owned(),
        Command::Items(Items::Mine) => "items".to_owned(),
        Command::Items(Items::Of(of)) => format!("items of {}", of.as_ref().map_or("all", |team| team.as_str())),
        Command::Items(Items::Done { item, outcome }) => format!("item {} done \u{201c}{outcome}\u{201d}", item.0),
        Command::Items(Items::Reopen { item }) => format!("item {} opened again", item.0),
        Command::Items(Items::Change { item, owner, due }) => {
            let owner = owner.as_ref().map_or(String::new(), |who| format!(" to {who}"));
            let due = due.map_or(String::new(), |due| format!(" by {}", at(due, tz)));
            format!("item {} changed{owner}{due}", item.0)
        }
        Command::Playbook(WhichPlaybook::List) => "playbooks".to_owned(),
        Command::Playbook(WhichPlaybook::Draft(which)) => format!("draft from {}", no(*which)),
        Command::Playbook(WhichPlaybook::Named(id)) => format!("playbook {id}"),
        Command::Playbook(WhichPlaybook::For(which)) => format!("playbook for {}", no(*which)),
        Command::Mended(no) => format!("mended {}", no.0),
        Command::OnCall(on_call) => on_call_line(on_call, tz),
    }
}

fn on_call_line(on_call: &OnCall, tz: Tz) -> String {
    let span = |from: &At, until: &At, meant| format!("{} - {}{}", at(*from, tz), at(*until, tz), also(meant));
    match on_call {
        OnCall::Everybody => "oncall everybody".to_owned(),
        OnCall::Team(team) => format!("oncall team {team}"),
        OnCall::Schedule(schedule) => format!("oncall schedule {schedule}"),
        OnCall::Calendar(whose) => format!("calendar of {}", whose_line(whose)),
        OnCall::Gaps(None) => "gaps".to_owned(),
        OnCall::Gaps(Some(whose)) => format!("gaps of {}", whose_line(whose)),
        OnCall::Me => "oncall me".to_owned(),
        OnCall::Ready => "oncall ready".to_owned(),
        OnCall::Test => "oncall test".to_owned(),
        OnCall::Override { schedule, who, from, until, meant } => {
            format!("override {schedule} @{who} {}", span(from, until, *meant))
        }
        OnCall::Take { schedule, from, until, meant } => format!("take {schedule} {}", span(from, until, *meant)),
        OnCall::Overrides => "overrides".to_owned(),
        OnCall::EndOverride(id) => format!("end override {}", id.0),
        OnCall::Help => "oncall help".to_owned(),
    }
}

fn whose_line(whose: &Whose) -> String {
    match whose {
        Whose::Team(team) => format!("team {team}"),
        Whose::Schedule(schedule) => format!("schedule {schedule}"),
    }
}

fn silenced(what: &Silenced) -> String {
    match what {
        Silenced::Incident(no) => format!("silence the alert of {no}"),
        Silenced::Covered(Covered::Alert(key)) => format!("silence {} of {}", key.dedup, key.service),
        Silenced::Covered(Covered::Labels { within, matchers }) => {
            let all: Vec<String> = matchers.iter().map(ToString::to_string).collect();
            let within = match within {
                Within::Service(id) => id.to_string(),
                Within::Team(id) => format!("team {id}"),
            };
            format!("silence {} in {within}", all.join(" "))
        }
        Silenced::Covered(Covered::Services(all)) => {
            let all: Vec<&str> = all.iter().map(|s| s.as_str()).collect();
            format!("maintenance {}", all.join(" "))
        }
        Silenced::Covered(Covered::Team(id)) => format!("maintenance team {id}"),
    }
}

fn no(which: Which) -> String {
    match which {
        Which::No(no) => no.to_string(),
        Which::Mine => "mine".to_owned(),
    }
}

fn who(whom: &Whom) -> String {
    match whom {
        Whom::User(user) => format!("@{user}"),
        Whom::Team(team) => format!("team {team}"),
        Whom::Schedule(schedule) => format!("schedule {schedule}"),
    }
}

fn also(meant: Option<Meant>) -> &'static str {
    match meant {
        None => "",
        Some(Meant::Today) => " (today)",
        Some(Meant::Tomorrow) => " (tomorrow)",
    }
}

fn at(at: At, tz: Tz) -> String {
    at.utc().with_timezone(&tz).format("%a %Y-%m-%d %H:%M %Z").to_string()
}
