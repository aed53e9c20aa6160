//! `<@U123|ana>` and the like: names that were picked from Slack's list and not typed.

use crate::domain::directory::Directory;
use crate::domain::id::SlackUserId;

/// The longest `<…>` that is one word, in bytes.
pub(super) const MENTION_MAX_BYTES: usize = 300;

/// What Slack writes for a name that was picked from its list, when the manifest sets `should_escape`
/// (docs.slack.dev/interactivity/implementing-slash-commands).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mention<'a> {
    /// `<@U123|ana>`
    User { id: &'a str, label: &'a str },
    /// `<#C123|payments>`
    Channel { id: &'a str, label: &'a str },
    /// `<!subteam^S123|@payments>`
    Group { label: &'a str },
    /// `<!here>`
    Everyone(&'a str),
    /// `<mailto:ana@example.com|ana@example.com>`
    Mail(&'a str),
    /// `<https://example.com|example.com>`
    Link(&'a str),
}

/// The word as a mention, if it is one and nothing else.
pub(super) fn mention(word: &str) -> Option<Mention<'_>> {
    let inner = word.strip_prefix('<')?.strip_suffix('>')?;
    let (target, label) = inner.split_once('|').unwrap_or((inner, ""));
    if let Some(id) = target.strip_prefix('@') {
        return Some(Mention::User { id, label: label.trim_start_matches('@') });
    }
    if let Some(id) = target.strip_prefix('#') {
        return Some(Mention::Channel { id, label: label.trim_start_matches('#') });
    }
    if let Some(special) = target.strip_prefix('!') {
        return Some(match special.strip_prefix("subteam^") {
            Some(_) => Mention::Group { label: label.trim_start_matches('@') },
            None => Mention::Everyone(special),
        });
    }
    let mail = target.strip_prefix("mailto:").map(Mention::Mail);
    mail.or_else(|| target.starts_with("http").then_some(Mention::Link(target)))
}

/// Free text with its mentions as a person reads them: a note is kept longer than Slack's ids mean anything.
pub fn readable(text: &str, directory: &Directory) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let close = rest.bytes().take(MENTION_MAX_BYTES).position(|b| b == b'>').map_or(1, |close| close + 1);
        match mention(&rest[..close]) {
            Some(Mention::User { id, label }) => {
                let known = directory.user_by_slack(&SlackUserId::from(id)).map(|u| u.name.as_str());
                out.push('@');
                out.push_str(known.unwrap_or(if label.is_empty() { id } else { label }));
            }
            Some(Mention::Channel { id, label }) => {
                out.push('#');
                out.push_str(if label.is_empty() { id } else { label });
            }
            Some(Mention::Group { label }) => {
                out.push('@');
                out.push_str(if label.is_empty() { "group" } else { label });
            }
            Some(Mention::Everyone(name)) => {
                out.push('@');
                out.push_str(name);
            }
            Some(Mention::Mail(target) | Mention::Link(target)) => out.push_str(target),
            None => out.push_str(&rest[..close]),
        }
        rest = &rest[close..];
    }
    out.push_str(rest);
    out
}
