//! The grammar of `/pager`: words in, a command out. Pure.

use crate::config::Means;
use crate::domain::id::IncidentNo;

/// The longest team name taken from a command, in characters.
const TEAM_MAX: usize = 80;
/// The longest note taken from a command, in characters; Slack itself allows more than a card can show.
pub const NOTE_MAX: usize = 3_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    List,
    Show(IncidentNo),
    Acknowledge(IncidentNo),
    Escalate(IncidentNo),
    Resolve(IncidentNo, Option<String>),
    Note(IncidentNo, String),
    /// Who is on call: everywhere, or in one team.
    OnCall(Option<String>),
    Help,
    OnCallHelp,
}

/// What was wrong with the words, and what to type instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUnderstood {
    pub mend: String,
}

/// Reads the text after the command, which means `means`.
///
/// # Errors
/// [`NotUnderstood`] with the line to type instead.
pub fn parse(means: Means, command: &str, text: &str) -> Result<Command, NotUnderstood> {
    match means {
        Means::Pager => pager(command, text),
        Means::Oncall => Ok(on_call(text)),
    }
}

fn on_call(text: &str) -> Command {
    match text.trim() {
        "" => Command::OnCall(None),
        "help" | "?" => Command::OnCallHelp,
        team => Command::OnCall(Some(team.chars().take(TEAM_MAX).collect())),
    }
}

fn pager(command: &str, text: &str) -> Result<Command, NotUnderstood> {
    let text = text.trim();
    let (verb, rest) = split(text);
    let more = if verb.eq_ignore_ascii_case("note") { " what you found" } else { "" };
    let number = |rest: &str| -> Result<(IncidentNo, String), NotUnderstood> {
        let (first, rest) = split(rest);
        let digits = first.strip_prefix('#').unwrap_or(first);
        match digits.parse() {
            Ok(n) => Ok((IncidentNo(n), rest.to_owned())),
            Err(_) if first.is_empty() => Err(mend(format!("Which incident? Type `{command} {verb} 12{more}`."))),
            Err(_) => Err(mend(format!("An incident is a number. Type `{command} {verb} 12{more}`."))),
        }
    };
    let alone = |(no, rest): (IncidentNo, String), make: fn(IncidentNo) -> Command| {
        if rest.is_empty() { Ok(make(no)) } else { Err(mend(format!("Type `{command} {verb} {}` alone.", no.0))) }
    };
    match verb.to_lowercase().as_str() {
        "" | "list" => Ok(Command::List),
        "help" | "?" => Ok(Command::Help),
        "oncall" => Ok(on_call(rest)),
        "show" => alone(number(rest)?, Command::Show),
        "ack" | "acknowledge" => alone(number(rest)?, Command::Acknowledge),
        "escalate" => alone(number(rest)?, Command::Escalate),
        "resolve" => number(rest).map(|(no, note)| Command::Resolve(no, (!note.is_empty()).then(|| bounded(&note)))),
        "note" => match number(rest)? {
            (no, note) if note.is_empty() => {
                Err(mend(format!("What is the note? Type `{command} note {} what you found`.", no.0)))
            }
            (no, note) => Ok(Command::Note(no, bounded(&note))),
        },
        "snooze" | "reopen" => {
            let no = number(rest).map_or(12, |(no, _)| no.0);
            Err(mend(format!("That is a button: `{command} show {no}` has it.")))
        }
        _ => Err(mend(format!("Type `{command} help` to see what it can do."))),
    }
}

fn mend(mend: String) -> NotUnderstood {
    NotUnderstood { mend }
}

fn bounded(note: &str) -> String {
    note.chars().take(NOTE_MAX).collect()
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace).map_or((text, ""), |(first, rest)| (first, rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_understood() {
        let rows = [
            ("", Command::List),
            ("list", Command::List),
            ("  LIST ", Command::List),
            ("help", Command::Help),
            ("show 12", Command::Show(IncidentNo(12))),
            ("show #12", Command::Show(IncidentNo(12))),
            ("ack 12", Command::Acknowledge(IncidentNo(12))),
            ("escalate #7", Command::Escalate(IncidentNo(7))),
            ("resolve 12", Command::Resolve(IncidentNo(12), None)),
            ("resolve 12 restarted the pod", Command::Resolve(IncidentNo(12), Some("restarted the pod".to_owned()))),
            ("note 12  disk  full", Command::Note(IncidentNo(12), "disk  full".to_owned())),
            ("oncall", Command::OnCall(None)),
            ("oncall Payments API", Command::OnCall(Some("Payments API".to_owned()))),
            ("oncall help", Command::OnCallHelp),
        ];
        for (text, command) in rows {
            assert_eq!(parse(Means::Pager, "/pager", text), Ok(command), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_answered_with_the_line_to_type() {
        let rows = [
            ("ack", "Which incident? Type `/pager ack 12`."),
            ("ack foo", "An incident is a number. Type `/pager ack 12`."),
            ("ack -1", "An incident is a number. Type `/pager ack 12`."),
            ("ack 12 13", "Type `/pager ack 12` alone."),
            ("note 12", "What is the note? Type `/pager note 12 what you found`."),
            ("note", "Which incident? Type `/pager note 12 what you found`."),
            ("snooze 7 2h", "That is a button: `/pager show 7` has it."),
            ("reopen", "That is a button: `/pager show 12` has it."),
            ("frobnicate", "Type `/pager help` to see what it can do."),
        ];
        for (text, mend) in rows {
            assert_eq!(parse(Means::Pager, "/pager", text).map_err(|e| e.mend), Err(mend.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn the_alias_for_who_is_on_call_takes_a_team() {
        let rows = [
            ("", Command::OnCall(None)),
            (" search ", Command::OnCall(Some("search".to_owned()))),
            ("help", Command::OnCallHelp),
        ];
        for (text, command) in rows {
            assert_eq!(parse(Means::Oncall, "/who", text), Ok(command), "{text:?}");
        }
        let long = "x".repeat(TEAM_MAX + 1);
        assert_eq!(parse(Means::Oncall, "/who", &long), Ok(Command::OnCall(Some("x".repeat(TEAM_MAX)))));
    }

    #[test]
    fn a_note_is_bounded() {
        let long = "x".repeat(NOTE_MAX + 10);
        assert_eq!(
            parse(Means::Pager, "/pager", &format!("note 1 {long}")),
            Ok(Command::Note(IncidentNo(1), "x".repeat(NOTE_MAX)))
        );
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_gets_an_answer(text in ".{0,200}") {
            let _ = parse(Means::Pager, "/pager", &text);
        }
    }
}
