//! An RCA as a Markdown file, for whoever keeps them elsewhere.

use super::called;
use crate::domain::id::UserId;
use crate::domain::item::{Item, Kind};
use crate::domain::rca::{Excuse, Part, Rca, Reach, Stands};
use crate::domain::stamp::At;

/// All that is known of it. `name`: what to call somebody. Times are UTC.
pub fn markdown(rca: &Rca, items: &[Item], name: &dyn Fn(&UserId) -> String) -> String {
    let mut out = format!("# RCA of {}: {}\n\n", rca.incident, line(&rca.title));
    let mut fact = |what: &str, value: String| out.push_str(&format!("- {what}: {value}\n"));
    fact("Service", format!("{}, tier {}", rca.service, rca.tier));
    fact("Team", rca.team.to_string());
    fact("Began", time(rca.opened));
    if let Some(at) = rca.mitigated {
        fact("Mitigated", time(at));
    }
    fact("Owner", name(&rca.owner));
    if let Some(at) = rca.due {
        fact("Due", time(at));
    }
    fact(
        "Status",
        match &rca.stands {
            Stands::Owed => "owed".to_owned(),
            Stands::Completed(done) => format!("completed by {}, {}", name(&done.by), time(done.at)),
            Stands::NotOwed(Excuse::Merged { into }) => format!("no RCA needed: it is part of {into}"),
            Stands::NotOwed(Excuse::NotActionable) => "no RCA needed: nothing had to be done".to_owned(),
            Stands::NotOwed(Excuse::Said { by, because, .. }) => {
                format!("no RCA needed, says {}: {}", name(by), line(because))
            }
        },
    );
    fact(
        "Customers felt it",
        match rca.felt {
            None => "nobody said".to_owned(),
            Some(true) => "yes".to_owned(),
            Some(false) => "no".to_owned(),
        },
    );
    part(&mut out, rca, Part::Summary);
    part(&mut out, rca, Part::Timeline);
    if let Some(impact) = &rca.impact {
        let users = if impact.users == Reach::All { "all of them" } else { "some of them" };
        let time = if impact.time == Reach::All { "the whole time" } else { "a part of the time" };
        let all = [
            format!("- Who: {}, {users}", line(&impact.who)),
            format!("- When: {time}"),
            format!("- What they could not do: {}", line(&impact.what)),
        ];
        out.push_str(&format!("\n## Impact\n\n{}\n", all.join("\n")));
    }
    part(&mut out, rca, Part::Cause);
    part(&mut out, rca, Part::Resolution);
    list(&mut out, "Repair items", items.iter().filter(|item| item.kind == Kind::Repair), name);
    part(&mut out, rca, Part::NoRepair);
    list(&mut out, "Post-mortem meeting", items.iter().filter(|item| item.kind == Kind::Meeting), name);
    out
}

fn part(out: &mut String, rca: &Rca, part: Part) {
    let text = rca.text(part);
    if !text.is_empty() {
        out.push_str(&format!("\n## {}\n\n{}\n", called(part), body(text)));
    }
}

fn list<'a>(out: &mut String, head: &str, items: impl Iterator<Item = &'a Item>, name: &dyn Fn(&UserId) -> String) {
    let all: Vec<String> = items
        .map(|item| {
            let sign = if item.is_open() { ' ' } else { 'x' };
            let what = if item.what.is_empty() { "Meet and talk about it".to_owned() } else { line(&item.what) };
            let done = item.done.as_ref().map(|done| format!("; done by {}, {}", name(&done.by), time(done.at)));
            let outcome = if item.outcome.is_empty() { String::new() } else { format!(": {}", line(&item.outcome)) };
            let (owner, due) = (name(&item.owner), time(item.due));
            format!("- [{sign}] {what} ({owner}, due {due}{}{outcome})", done.unwrap_or_default())
        })
        .collect();
    if !all.is_empty() {
        out.push_str(&format!("\n## {head}\n\n{}\n", all.join("\n")));
    }
}

fn time(at: At) -> String {
    at.utc().format("%Y-%m-%d %H:%M UTC").to_string()
}

/// One line, in which nothing is markup.
fn line(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| {
        let mark = matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|');
        let c = if c.is_whitespace() { ' ' } else { c };
        mark.then_some('\\').into_iter().chain([c])
    });
    escaped.collect()
}

/// Several lines, each a line there too. No line of it is taken for a heading of ours.
fn body(text: &str) -> String {
    let escaped = |line: &str| match line.trim_start().chars().next() {
        Some('#') => format!("\\{}", line.trim_start()),
        _ => line.to_owned(),
    };
    text.lines().map(escaped).collect::<Vec<_>>().join("  \n")
}
