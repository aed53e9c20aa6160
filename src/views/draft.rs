//! A playbook that nobody wrote yet, from what was just done: its text, and the window in which it is written on.

use super::action_id::{Field, Form, Origin};
use super::kit::{context, section};
use super::modal::{form, input, many_lines, one_line, optional};
use super::mrkdwn::{escape, is_dangerous};
use super::rca::forms::inputs;
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::id::IncidentNo;
use crate::domain::incident::{Entry, Happening, Incident, in_order};
use crate::domain::misconfigured::NAME_LABEL;
use crate::domain::worked::Worked;
use chrono::NaiveDate;
use slack_morphism::prelude::*;

/// Of a note that becomes a step, so many characters.
const STEP_CHARS: usize = 300;
/// Steps that are made of what was done: the first ones.
const STEPS: usize = 30;
/// A title, in characters.
pub const TITLE_CHARS: usize = 80;
/// What stands in TOML is cut there, in characters.
const VALUE_CHARS: usize = 200;

/// What a draft is called, before anybody said.
pub fn title(i: &Incident) -> String {
    let clean: String = i.title.chars().map(|c| if is_lost(c) { ' ' } else { c }).collect();
    let words: String = clean.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TITLE_CHARS).collect();
    let words = words.trim();
    if words.is_empty() { format!("What {} was about", i.no) } else { words.to_owned() }
}

/// The lines on top, which say which alerts it is for.
pub fn front(title: &str, i: &Incident, today: NaiveDate) -> String {
    let name = i.labels.lines().find_map(|l| l.strip_prefix(NAME_LABEL)?.strip_prefix(": ")).and_then(plain_value);
    let which = match (name, plain_value(&i.title)) {
        (Some(name), _) => format!("labels = [\"{NAME_LABEL}={}\"]\n", quoted(&name)),
        (None, Some(title)) => format!("titles = [\"{}\"]\n", quoted(&title)),
        (None, None) => String::new(),
    };
    format!(
        "+++\ntitle = \"{}\"\nowner = \"{}\"\nlast_reviewed = {today}\n\n[[match]]\nservices = [\"{}\"]\n{which}+++\n",
        quoted(title),
        quoted(i.team.as_str()),
        quoted(i.service.as_str())
    )
}

/// What stands below: steps of what was noted and done, and the beginnings of the rest.
pub fn body(title: &str, i: &Incident, entries: &[Entry], d: &Directory) -> String {
    let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
    let took = Worked::of(i).fixed.map(|at| format!(" It took {}.", super::reply::span((at.0 - i.opened.0) / 1_000)));
    let look = match i.link.starts_with("https://") && !i.link.contains([')', '(', ' ', '<', '>']) {
        true => format!("- [ ] Open [the alert]({}) and look since when it is so.", i.link),
        false => "- [ ] Open the alert and look since when it is so.".to_owned(),
    };
    let mut done: Vec<String> = in_order(entries).into_iter().filter_map(|e| step(&e.what, i)).take(STEPS).collect();
    if done.is_empty() {
        done.push("What is done first? A command to copy goes below it, in a block.".to_owned());
    }
    let team = d.teams.get(&i.team).map(|team| format!(" [Page {}](page:{})", markdown(&team.name), team.id));
    let help = team.map_or_else(String::new, |page| format!("\n- [ ] Nobody is above:{page}."));
    format!(
        "# {title}\n\nAn alert of {service}. Drafted from #{no} of {day}.{took} What does it mean for customers, and what must \
         not be done?\n\n## 1. Look\n\n{look}\n\n## 2. Fix\n\n{done}\n\n## 3. Ask for help\n\n- [ ] **Escalate** when 15 \
         minutes have gone by without progress.{help}\n\n## 4. Before you resolve\n\n- [ ] The alert has cleared. Press \
         **Mitigated**, write a **Note** with what it was, then **Resolve**.\n",
        title = markdown(title),
        service = markdown(service),
        no = i.no.0,
        day = i.opened.utc().format("%Y-%m-%d"),
        took = took.unwrap_or_default(),
        done = done.iter().map(|step| format!("- [ ] {step}")).collect::<Vec<_>>().join("\n"),
    )
}

/// What somebody did or said, in the order it was done or said, as a step.
fn step(what: &Happening, i: &Incident) -> Option<String> {
    let words = match what {
        Happening::Noted { text, .. } => text.to_string(),
        Happening::Quoted(quoted) => quoted.text.to_string(),
        Happening::Resolved { note, .. } => note.to_string(),
        Happening::StepDone { step, .. } => i.run.as_ref()?.in_brief(*step),
        _ => return None,
    };
    let words = markdown(&words);
    (!words.is_empty()).then_some(words)
}

/// Text from outside as one line of Markdown that means nothing but its words.
fn markdown(text: &str) -> String {
    let line: String = text.chars().map(|c| if is_lost(c) { ' ' } else { c }).collect();
    let line: String = line.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(STEP_CHARS).collect();
    let mut out = String::new();
    for (n, c) in line.trim().chars().enumerate() {
        let begins = n == 0 && matches!(c, '#' | '-' | '+' | '=' | '~' | '.') || n < 10 && matches!(c, '.' | ')');
        if begins || matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '(' | ')') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn is_lost(c: char) -> bool {
    c.is_control() || is_dangerous(c)
}

/// A value that a match takes as it stands; `None`: it would fit others as well, or cannot be written.
fn plain_value(value: &str) -> Option<String> {
    let is_odd = |c: char| c == '*' || is_lost(c) || c.is_whitespace() && c != ' ';
    let value = value.trim();
    let fits = !value.is_empty() && value.chars().count() <= VALUE_CHARS && !value.chars().any(is_odd);
    fits.then(|| value.to_owned())
}

/// In a string of TOML.
fn quoted(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The window in which it is written on. `known`: its title and what stands below the lines on top.
pub fn window(no: IncidentNo, title: &str, text: &str, origin: &Origin) -> SlackView {
    let filled = inputs(text);
    let last = filled.iter().rposition(|text| !text.is_empty()).map_or(0, |n| n + 1);
    let mut blocks = vec![
        context(
            "Filled in from what was noted and done. Steps are lines with `- [ ]`, below headings with `##`; a time in \
             brackets at the end, `(5m)`, is how long one may take.",
        ),
        input(
            Field::What,
            "Title",
            one_line("Disk filling up").with_max_length(TITLE_CHARS as u64).with_initial_value(title.to_owned()).into(),
        ),
    ];
    for (n, field) in Field::TEXT.into_iter().enumerate().take((last + 1).max(2)) {
        let mut element = many_lines();
        if let Some(text) = filled.get(n).filter(|text| !text.is_empty()) {
            element = element.with_initial_value(text.clone());
        }
        let label = match n {
            0 => "Steps".to_owned(),
            n if n >= last => "Steps, if there is more".to_owned(),
            n => format!("Steps, {}", n + 1),
        };
        let block = if n == 0 && last < 2 { input } else { optional };
        blocks.push(block(field, &label, element.into()));
    }
    form(Form::Draft, &format!("Playbook from {no}"), origin, blocks, "Save")
}

/// It is saved. `file`: where, below the data directory.
pub fn saved(title: &str, file: &str) -> String {
    format!(
        "\u{201c}{}\u{201d} is saved, and comes to you as a file. To put it to use: move it into the folder `playbooks` beside \
         `config.toml`; it is in force within seconds. On the machine it is `{}`.",
        escape(title, limits::TITLE),
        escape(file, limits::TITLE)
    )
}

/// What stands beside the file.
pub fn comment(no: IncidentNo, title: &str) -> String {
    format!("Your draft of a playbook from {no}: {}", escape(title, limits::TITLE))
}

/// The same where no file could be handed over: its text, to be copied.
pub fn as_text(no: IncidentNo, title: &str, text: &str) -> Message {
    let head = format!("{}. Slack took no file, so here it is to copy:", comment(no, title));
    // What would end the block means the same in Markdown with other signs.
    let lines = text.lines().map(|l| escape(&l.replace("```", "~~~"), CODE_CHARS));
    let mut parts = vec![String::new()];
    for line in lines {
        let is_full = parts.last().is_some_and(|part| part.chars().count() + line.chars().count() > CODE_CHARS);
        if is_full {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push_str(&line);
            part.push('\n');
        }
    }
    let mut blocks = vec![section(&head)];
    blocks.extend(parts.iter().take(CODE_BLOCKS).map(|part| section(&format!("```{part}```"))));
    if parts.len() > CODE_BLOCKS {
        blocks.push(context("The rest of it is in the file on the machine."));
    }
    Message { text: head, blocks, colored: None }
}

/// Of a text that is to be copied, in one block, and blocks in one message.
const CODE_CHARS: usize = 2_500;
const CODE_BLOCKS: usize = 10;

/// What cannot be a playbook. `line`: of the text, from 1; `None`: of the lines on top.
pub fn wrong(line: Option<usize>, what: &str) -> String {
    match line {
        Some(line) => format!("Line {line}: {what}"),
        None => format!("As a file it {what}"),
    }
}

/// Somebody saved another one since.
pub fn meanwhile() -> String {
    "Somebody else saved this draft since you opened it. Copy what is yours, close this, and open it again: then both are \
     before you."
        .to_owned()
}

/// There are too many, or the disk said no.
pub fn not_kept(why: &str) -> String {
    format!("It was not saved: {why}. What you wrote stands here: copy it, or try again.")
}

/// Where no window can be opened.
pub fn to_open(i: &Incident, button: SlackBlockButtonElement) -> Message {
    let words = format!("Draft a playbook from {}.", i.no);
    Message { blocks: vec![super::kit::section_with(&words, button)], text: words, colored: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_says_that_there_is_more_and_a_block_in_it_ends_nothing() {
        let no = IncidentNo(1);
        let told = |text: &str| as_text(no, "Disk", text).blocks.len();
        assert_eq!(told("- [ ] one"), 2);
        assert_eq!(told(&"- [ ] look at all of it\n".repeat(5_000)), CODE_BLOCKS + 2);
        let message = as_text(no, "Disk", "- [ ] run\n```sh\nps\n```");
        assert_eq!(format!("{message:?}").matches("~~~").count(), 2);
    }
}
