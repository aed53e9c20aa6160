//! What people type. It is understood, or there is a sentence, and a corrected line that is understood. What wakes
//! somebody is never guessed.

use crate::company::company;
use chrono_tz::Tz;
use std::sync::LazyLock;
use warridor::command::{
    Command, Doing, LINE_MAX, Line, Means, Mistake, NUMBERS_MAX, OnCall, REASON_MAX, Speaker, TEXT_MAX, Which, Whom,
    parse, readable,
};
use warridor::domain::directory::{Directory, Urgency};
use warridor::domain::id::UserId;
use warridor::domain::stamp::At;

static COMPANY: LazyLock<Directory> = LazyLock::new(company);

const ZONES: [Tz; 8] = [
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::America__Santiago,
    Tz::Pacific__Apia,
    Tz::Asia__Kolkata,
    Tz::Africa__Casablanca,
    Tz::UTC,
];

/// The first byte is how it is typed, the four after it are when, the rest is the line.
pub fn lines(data: &[u8]) {
    let Some((&[how, a, b, c, d], text)) = data.split_first_chunk() else { return };
    let text = String::from_utf8_lossy(text);
    let now = At(i64::from(u32::from_le_bytes([a, b, c, d])) * 1_000);
    let me = UserId::from("ana");
    let speaker = Speaker {
        now,
        tz: ZONES[usize::from(how) % ZONES.len()],
        me: (how & 8 == 0).then_some(&me),
        directory: &COMPANY,
    };
    let (means, command) = if how & 16 == 0 { (Means::Pager, "/pager") } else { (Means::Oncall, "/who") };
    let line = Line { command, text: &text, means };
    let parsed = parse(&line, &speaker);
    assert_eq!(parsed, parse(&line, &speaker));
    match &parsed {
        Ok(command) => {
            is_bounded(command, now);
            is_not_guessed(command, &text);
        }
        Err(mistake) => is_told(mistake, &line, &speaker),
    }
    let read = readable(&text, &COMPANY);
    assert!(read.len() <= text.len() + 200 * text.matches('<').count());
}

fn is_told(Mistake { why, instead }: &Mistake, line: &Line<'_>, speaker: &Speaker<'_>) {
    let unseen = |c: char| matches!(c, '\n' | '\r' | '\0' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!why.is_empty() && why.chars().count() < 1_000 && !why.contains(unseen), "{why:?}");
    let Some(instead) = instead else { return };
    assert!(instead.chars().count() <= 2 * LINE_MAX && !instead.contains(unseen), "{instead:?}");
    let (command, rest) = instead.split_once(' ').unwrap_or((instead, ""));
    assert_eq!(command, line.command);
    let again = parse(&Line { text: rest, ..*line }, speaker);
    assert!(again.is_ok(), "{:?} is corrected to {instead:?}, which is {again:?}", line.text);
}

fn is_bounded(command: &Command, now: At) {
    let is_text = |text: &str, max: usize| assert!(!text.is_empty() && text.chars().count() <= max, "{text:?}");
    let is_span = |from: At, until: At| assert!(now <= from && from < until, "{from:?} to {until:?} at {now:?}");
    match command {
        Command::Snooze { until, reason, .. } => {
            is_span(now, *until);
            reason.iter().for_each(|r| is_text(r, REASON_MAX));
        }
        Command::Quiet { from, until, because, .. } => {
            is_span(*from, *until);
            is_text(because, REASON_MAX);
        }
        Command::OnCall(OnCall::Override { from, until, .. } | OnCall::Take { from, until, .. }) => {
            is_span(*from, *until)
        }
        Command::Doing(Doing::Announce { text, until, .. }) => {
            is_text(text, TEXT_MAX);
            is_span(now, *until);
        }
        Command::Note(_, text) | Command::Resolve(_, Some(text)) => is_text(text, TEXT_MAX),
        Command::Trigger { what, .. } => assert!(what.chars().count() <= TEXT_MAX),
        Command::Acknowledge(all) => {
            assert!(all.len() <= NUMBERS_MAX);
            assert!(all.iter().enumerate().all(|(n, no)| no.0 > 0 && !all[..n].contains(no)), "{all:?}");
        }
        Command::Merge { from, into } => assert_ne!(*from, Which::No(*into)),
        _ => {}
    }
}

/// What wakes somebody was written: its word, its incident's number and whom it is about, none of them nearly.
fn is_not_guessed(command: &Command, text: &str) {
    let (words, which, whom): (&[&str], _, _) = match command {
        Command::Trigger { .. } => (&["trigger", "create", "new", "raise"], None, None),
        Command::Escalate(which) => (&["escalate", "esc"], Some(which), None),
        Command::Add(which, whom) => (&["add", "involve", "invite"], Some(which), Some(whom.clone())),
        Command::Reassign(which, who) => (&["reassign", "assign"], Some(which), Some(Whom::User(who.clone()))),
        Command::Urgency(which, Urgency::High) => (&["urgency", "priority", "prio"], Some(which), None),
        Command::Reopen(no) => (&["reopen", "re-open", "unresolve"], Some(&Which::No(*no)), None),
        _ => return,
    };
    let written = tidied(text);
    let tokens: Vec<&str> = written.split(|c: char| c.is_whitespace()).filter(|t| !t.is_empty()).collect();
    let is_word = |t: &&str| words.contains(&t.trim_matches(|c: char| !c.is_alphanumeric()));
    assert!(tokens.iter().any(|t| is_word(t)), "{command:?} was made of {text:?}");
    if let Some(Which::No(no)) = which {
        let no = no.0.to_string();
        let is_number = |t: &&str| t.trim_matches(|c: char| !c.is_ascii_digit()).trim_start_matches('0') == no;
        assert!(tokens.iter().any(|t| is_number(t)), "{command:?} was made of {text:?}");
    }
    let Some(whom) = whom else { return };
    let called: Vec<String> = match &whom {
        Whom::User(id) => {
            let user = &COMPANY.users[id];
            let slack = user.slack.iter().map(|s| s.to_string());
            let mail = user.email.iter().flat_map(|m| [m.clone(), m.split('@').next().unwrap_or_default().to_owned()]);
            let words = user.name.split(' ').map(str::to_owned);
            [id.to_string(), user.name.clone()].into_iter().chain(slack).chain(mail).chain(words).collect()
        }
        Whom::Team(id) => vec![id.to_string(), COMPANY.teams[id].name.clone()],
        Whom::Schedule(id) => vec![id.to_string(), COMPANY.schedules[id].name.clone()],
    };
    let squeezed = squeezed(&written);
    let is_called = |name: &String| match &whom {
        // Nobody is meant by part of their name.
        Whom::User(_) => squeezed.contains(&self::squeezed(&name.to_lowercase())),
        // A name may be begun; three letters of it at least.
        Whom::Team(_) | Whom::Schedule(_) => {
            let begun: String = self::squeezed(&name.to_lowercase()).chars().take(3).collect();
            squeezed.contains(&begun)
        }
    };
    let is_me = matches!(&whom, Whom::User(id) if id.as_str() == "ana")
        && tokens.iter().any(|t| ["me", "myself"].contains(&t.trim_matches(|c: char| !c.is_alphanumeric())));
    // A channel stands for its team.
    let is_channel = written.contains("<#");
    assert!(is_me || is_channel || called.iter().any(is_called), "{command:?} was made of {text:?}");
}

/// As a person reads it: without what cannot be seen, in lower case, dashes of one kind.
fn tidied(text: &str) -> String {
    let unseen = |c: char| {
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{61c}' | '\u{feff}' | '\u{ad}')
            || (c.is_control() && !c.is_whitespace())
    };
    let dash = |c: char| if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') { '-' } else { c };
    text.chars().filter(|c| !unseen(*c)).map(dash).collect::<String>().to_lowercase()
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}
