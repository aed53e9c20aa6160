//! The list of misconfigured alerts: what people put off or had nothing to do about, and how it is mended.

use super::action_id::{Elsewhere, Listed};
use super::card::name;
use super::kit::{confirm, context, more_private, plain, section_with};
use super::mrkdwn::{day, day_and_time, escape, escape_marked, is_dangerous};
use super::{Message, limits};
use crate::domain::directory::{Directory, Urgency};
use crate::domain::id::{MisconfiguredNo, ServiceId, StoreId};
use crate::domain::misconfigured::{CAME_BACK, Misconfigured, NAME_LABEL};
use crate::domain::urgency::UrgencyBy;
use crate::domain::world::World;
use slack_morphism::prelude::*;

/// Alerts in one list: each comes with a rule of six lines.
const LISTED: usize = 10;
/// Of a name or a key in a rule, in characters: no rule is offered for a longer one. Keys have no more.
const RULE_VALUE: usize = 255;
/// Where a rule would fit more than its alert.
const NO_RULE: &str =
    "No rule can be copied for it: what it is called is too long, or has what a rule reads otherwise.";

/// Whoever marked an alert for the first time, which nobody is to mend yet, reads where that leads.
pub const NOTED: &str = "Noted: its alert is on the list of alerts to fix, `/pager misconfigured`.";

/// "“DiskFull” of Payments API"
fn called(m: &Misconfigured, d: &Directory) -> String {
    format!("\u{201c}{}\u{201d} of {}", escape_marked(&m.name, limits::LABEL), service(&m.service, d))
}

fn service(id: &ServiceId, d: &Directory) -> String {
    escape_marked(d.services.get(id).map_or(id.as_str(), |s| s.name.as_str()), limits::LABEL)
}

/// `misconfigured`, the most often marked first. `of`: only of this service. `private`: so many more are of private
/// services.
pub fn list(
    all: &[&Misconfigured],
    of: Option<&ServiceId>,
    private: usize,
    w: &World,
    d: &Directory,
    store: StoreId,
    command: &str,
) -> Message {
    let c = escape(command, 40);
    let of_service = of.map(|id| format!(" of {}", service(id, d))).unwrap_or_default();
    if all.is_empty() {
        let mut message = Message::plain(format!(
            "No alert{of_service} needs fixing. A snooze because it is “not urgent”, and *Not actionable* under *More…*, \
             mark one; and one that comes {CAME_BACK} times within 7 days is listed by itself."
        ));
        message.blocks.extend((private > 0).then(|| context(&more_private(private))));
        return message;
    }
    let text = format!("Alerts{of_service} to fix, the most frequent first");
    let by_severity = all.iter().filter_map(|m| d.services.get(m.told.as_ref().unwrap_or(&m.service)));
    let by_severity = by_severity.map(|s| &s.urgency_by).any(|by| matches!(by, UrgencyBy::Severity(_)));
    let lower = if by_severity { "lower its severity, " } else { "" };
    let how = format!(
        "Fix it at its monitor: correct its threshold, {lower}or delete it. Or let it only inform: put the rule below it \
         into `config.toml`, before every other `[[route]]`. Then press *Fixed*."
    );
    let mut blocks = vec![context(&text), context(&how)];
    blocks.extend(all.iter().take(LISTED).map(|m| section_with(&line(m, w, d), mended_button(m, store, d))));
    if all.len() > LISTED {
        let narrower = if of.is_some() { "" } else { &format!(": `{c} misconfigured SERVICE` lists one service's") };
        blocks.push(context(&format!("…and {} more, less frequent{narrower}.", all.len() - LISTED)));
    }
    if private > 0 {
        blocks.push(context(&more_private(private)));
    }
    blocks.push(context(&format!("`{c} misconfigured fixed N` takes one off the list, too.")));
    Message { text, blocks, colored: None }
}

fn line(m: &Misconfigured, w: &World, d: &Directory) -> String {
    let by_key = if m.by_key { " (its key: it has no name)" } else { "" };
    let mut why = Vec::new();
    if m.not_urgent > 0 {
        why.push(format!("not urgent {}", times(m.not_urgent)));
    }
    if m.not_actionable > 0 {
        why.push(format!("not actionable {}", times(m.not_actionable)));
    }
    if m.came > 0 {
        why.push(format!("came {} in 7 days", times(u64::from(m.came))));
    }
    let by = if m.by.as_str().is_empty() { String::new() } else { format!(" by {},", name(d, &m.by)) };
    let mends = m.item.and_then(|no| w.items.get(&no)).filter(|item| item.is_open()).map_or_else(String::new, |item| {
        format!(" {} fixes it by {} (item {}).", name(d, &item.owner), day(item.due), item.no.0)
    });
    let urgency = match m.urgency {
        Urgency::High => "high",
        Urgency::Low => "low",
    };
    let since = if m.marks() > 1 { format!(", since {}", day_and_time(m.first)) } else { String::new() };
    let note = match &*m.note {
        "" => String::new(),
        note => format!(" \u{201c}{}\u{201d}", escape(note, limits::TITLE)),
    };
    format!(
        "`{}` *{}*{by_key}: {}{since}; last{by} {}. Newest: {}, {urgency} urgency.{note}{mends}\n{}",
        m.no.0,
        called(m, d),
        why.join(", "),
        day_and_time(m.last),
        m.incident,
        rule(m).map_or_else(|| format!("_{NO_RULE}_"), |rule| format!("```{rule}```"))
    )
}

pub(super) fn times(n: u64) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// What lets this alert only inform, as `config.toml` has it; escaped. `None`: it would fit others as well.
fn rule(m: &Misconfigured) -> Option<String> {
    let told = toml(m.told.as_ref().unwrap_or(&m.service).as_str())?;
    let name = toml(&m.name)?;
    let which = match m.by_key {
        false => format!("labels = {{ {NAME_LABEL} = {name} }}"),
        true => format!("dedup_key = {name}"),
    };
    // The same name or key is often used for what is critical as well.
    let severity = "# whatever its severity: add another label, if one of them is to page";
    Some(escape_lines(&format!("{severity}\n[[route]]\nservice = {told}\n{which}\nto = \"fyi\"")))
}

/// A value of a rule that fits this and nothing else; `None`: there is none that can be shown in Slack and copied from
/// there.
fn toml(value: &str) -> Option<String> {
    // `*` fits anything, a decoder cut at `…`, and a back-tick ends the code.
    let is_lost =
        |c: char| matches!(c, '*' | '…' | '`') || is_dangerous(c) || c.is_control() || c.is_whitespace() && c != ' ';
    if value.chars().count() > RULE_VALUE || value.chars().any(is_lost) {
        return None;
    }
    Some(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn escape_lines(text: &str) -> String {
    text.lines().map(|l| escape(l, limits::SECTION_TEXT)).collect::<Vec<_>>().join("\n")
}

fn mended_button(m: &Misconfigured, store: StoreId, d: &Directory) -> SlackBlockButtonElement {
    let what = format!("{} leaves the list. If somebody marks it again, it is listed anew, from one.", called(m, d));
    SlackBlockButtonElement::new(plain("Fixed"))
        .with_action_id(Elsewhere::Mended.id().into())
        .with_value(Listed { store, entry: m.no }.value())
        .with_confirm(confirm("Is it fixed?", &what, "Fixed"))
}

/// It is off the list.
pub fn mended(m: &Misconfigured, d: &Directory) -> String {
    format!(
        "{} is off the list of alerts to fix: you say that it is fixed. If somebody marks it again, it is listed anew.",
        called(m, d)
    )
}

/// It was off the list already.
pub fn mended_before(no: MisconfiguredNo) -> String {
    format!("Alert {} is off the list of alerts to fix. `/pager misconfigured` shows the others.", no.0)
}
