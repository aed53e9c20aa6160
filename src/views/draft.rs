//! A playbook that nobody wrote yet, from what was just done: its text, and the window in which it is written on.

use super::action_id::{Elsewhere, Field, Form, Opened, Origin};
use super::kit::{context, plain, section, section_with};
use super::modal::{form, input, many_lines, one_line, optional};
use super::mrkdwn::{entities, escape, escape_marked, for_input, is_dangerous};
use super::rca::forms::{inputs, units};
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::id::IncidentNo;
use crate::domain::incident::{Entry, Happening, Incident, in_order};
use crate::domain::misconfigured::NAME_LABEL;
use crate::domain::playbook::Playbook;
use crate::domain::rca::PART_CHARS;
use crate::domain::worked::Worked;
use chrono::NaiveDate;
use slack_morphism::prelude::*;

/// Of a note that becomes a step, so many characters.
const STEP_CHARS: usize = 300;
/// Steps that are made of what was done: the first ones.
const STEPS: usize = 30;
/// So many characters of them, as Slack writes them when it is a playbook: there is room for what people add.
const STEPS_CHARS: usize = 7_000;
/// A title, in units of UTF-16, by which Slack counts what stands in an input.
const TITLE_UNITS: usize = 80;
/// What stands below the lines on top, in such units: its inputs are those of a part of an RCA, which always hold that.
pub const TEXT_UNITS: usize = PART_CHARS;
/// What stands in TOML is cut there, in characters.
const VALUE_CHARS: usize = 200;

/// What a draft is called, before anybody said.
pub fn title(i: &Incident) -> String {
    let clean: String = i.title.chars().map(|c| if is_lost(c) { ' ' } else { c }).collect();
    let words = in_window(&clean);
    if words.is_empty() { format!("What {} was about", i.no) } else { words }
}

/// A title as the window shows it.
pub fn in_window(title: &str) -> String {
    for_input(title, TITLE_UNITS)
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
    let mut done = steps(entries, i);
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

/// What was done: its beginning, and that there is more.
fn steps(entries: &[Entry], i: &Incident) -> Vec<String> {
    let (mut done, mut chars) = (Vec::new(), 0);
    for step in in_order(entries).into_iter().filter_map(|e| step(&e.what, i)) {
        chars += units(&entities(&step));
        if done.len() == STEPS || chars > STEPS_CHARS {
            done.push(format!("More was done: it is in the timeline of {}.", i.no));
            break;
        }
        done.push(step);
    }
    done
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
/// `fits`: the playbook that knows its alert already, which is looked at first.
pub fn window(no: IncidentNo, title: &str, text: &str, fits: Option<&Playbook>, origin: &Origin) -> SlackView {
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
            one_line("Disk filling up").with_max_length(TITLE_UNITS as u64).with_initial_value(in_window(title)).into(),
        ),
    ];
    if let Some(fits) = fits {
        blocks.insert(0, fits_already(no, fits));
    }
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

/// The same where no file could be handed over: its text, to be copied. `file`: where it is, below the data directory.
pub fn as_text(no: IncidentNo, title: &str, text: &str, file: &str, command: &str) -> Message {
    let head = format!("{}. Slack took no file, so here it is to copy:", comment(no, title));
    let rest = context(&format!(
        "The rest of it is in its window, `{command} playbook draft {}`, and on the machine in `{}`.",
        no.0,
        escape(file, limits::TITLE)
    ));
    let (codes, is_whole) = codes(text);
    let mut blocks = vec![section(&head)];
    blocks.extend(codes.iter().map(|code| section(&format!("```{code}```"))));
    blocks.extend((!is_whole).then_some(rest));
    Message { text: head, blocks, colored: None }
}

/// What is to be copied, for one block each, and whether that is all of it. It is counted as Slack does: `&` is `&amp;`.
fn codes(text: &str) -> (Vec<String>, bool) {
    let (mut all, mut code, mut total) = (Vec::new(), String::new(), 0);
    for line in text.lines().flat_map(escaped_pieces) {
        total += units(&line) + 1;
        if total > CODES_UNITS {
            all.extend((!code.is_empty()).then_some(code));
            return (all, false);
        }
        if units(&code) + units(&line) >= CODE_UNITS {
            all.push(std::mem::take(&mut code));
        }
        code.push_str(&line);
        code.push('\n');
    }
    all.extend((!code.is_empty()).then_some(code));
    (all, true)
}

/// A line of a text to be copied, in pieces of which each fits into a block.
fn escaped_pieces(line: &str) -> Vec<String> {
    // What would end the block means the same in Markdown with other signs.
    let line = line.replace("```", "~~~");
    let (mut all, mut room) = (vec![String::new()], CODE_UNITS);
    for c in line.chars().filter(|c| !is_dangerous(*c)).map(|c| if c.is_whitespace() { ' ' } else { c }) {
        let c = entities(c.encode_utf8(&mut [0; 4]));
        match (room.checked_sub(units(&c)).filter(|left| *left > 0), all.last_mut()) {
            (Some(left), Some(piece)) => {
                room = left;
                piece.push_str(&c);
            }
            _ => {
                room = CODE_UNITS - units(&c);
                all.push(c);
            }
        }
    }
    all
}

/// Of a text that is to be copied, in one block, and in all blocks of a message; in units of UTF-16.
const CODE_UNITS: usize = 2_500;
const CODES_UNITS: usize = 10_000;

/// Where in a draft something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongIn {
    /// The text, by its line, from 1.
    Line(usize),
    /// The lines on top of it, which the window does not show.
    Top,
    /// Its name, or all of it.
    File,
}

/// What cannot be a playbook.
pub fn wrong(at: WrongIn, what: &str) -> String {
    match at {
        WrongIn::Line(line) => format!("Line {line}: {what}"),
        WrongIn::Top => format!("In the lines on top of its file, {what}"),
        WrongIn::File => format!("As a file it {what}"),
    }
}

/// What was typed would not fit into the window again.
pub fn too_long(text: &str) -> String {
    not_kept(&format!("it is {} characters long, and {TEXT_UNITS} is the most (an emoji counts as two)", units(text)))
}

/// Its file was written on by hand, and the window would lose the end of it.
pub fn too_long_for_a_window(no: IncidentNo, file: &str) -> String {
    format!("The draft of {no} is too long for a window. {}", write_on(file))
}

/// Its file was written on by hand, and its title cannot be found.
pub fn unreadable_on_top(no: IncidentNo, file: &str) -> String {
    format!("The lines on top of the draft of {no}, between `+++`, cannot be read. {}", write_on(file))
}

fn write_on(file: &str) -> String {
    format!("Write on in its file: on the machine it is `{}`, in the data directory.", escape(file, limits::TITLE))
}

/// What was noted is not for this reader. `is_gone`: the configuration knows its service no more.
pub fn not_shown(no: IncidentNo, is_gone: bool) -> String {
    match is_gone {
        true => format!(
            "The service of {no} is not in the configuration any more: what was noted is shown to whom {no} concerned."
        ),
        false => format!("{no} is of a private service: what was noted is shown to its people."),
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
pub fn to_open(i: &Incident, fits: Option<&Playbook>, button: SlackBlockButtonElement) -> Message {
    let words = format!("Draft a playbook from {}.", i.no);
    let mut blocks: Vec<_> = fits.map(|fits| fits_already(i.no, fits)).into_iter().collect();
    blocks.push(section_with(&words, button));
    Message { blocks, text: words, colored: None }
}

/// A draft is for what no playbook knows; and how to look at the one that does.
fn fits_already(no: IncidentNo, fits: &Playbook) -> SlackBlock {
    let title = escape_marked(&fits.title, limits::LABEL);
    let words = format!(
        ":book: A playbook fits this alert already: *{title}*. A draft would be second to it: look there first."
    );
    let open = SlackBlockButtonElement::new(plain("Open")).with_action_id(Elsewhere::Playbook.id().into());
    section_with(&words, open.with_value(Opened { incident: no, playbook: fits.id.clone() }.value()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::limits::{blocks_too_long, message_blocks};
    use serde_json::{Value, json};

    fn told(text: &str) -> Vec<Value> {
        let message = as_text(IncidentNo(1), "Disk", text, "drafts/1-disk.md", "/pager");
        let blocks = json!(message.blocks).as_array().cloned().expect("blocks");
        assert_eq!(message_blocks(&blocks, ""), [""; 0]);
        blocks
    }

    fn says_more(blocks: &[Value]) -> bool {
        blocks.last().expect("a block").to_string().contains("The rest of it is in its window")
    }

    #[test]
    fn a_short_text_is_in_one_piece() {
        let blocks = told("- [ ] one");
        assert_eq!((blocks.len(), says_more(&blocks)), (2, false));
    }

    #[test]
    fn a_text_of_which_slack_takes_no_more_is_cut_and_says_where_the_rest_is() {
        for text in ["&".repeat(12_000), "- [ ] a && b\n".repeat(900), "👩".repeat(12_000), "<\n".repeat(6_000)] {
            let blocks = told(&text);
            assert!(!blocks_too_long(&blocks) && says_more(&blocks), "{text:.9}");
            let codes = &blocks[1..blocks.len() - 1];
            let ends_well = |b: &Value| b["text"]["text"].as_str().is_some_and(|t| t.ends_with("\n```"));
            assert!(codes.len() >= 4 && codes.iter().all(ends_well), "{text:.9}: {codes:?}");
        }
    }

    #[test]
    fn what_is_copied_from_several_blocks_is_the_text() {
        let text = "- [ ] look at <all> & more of it\n".repeat(200);
        let blocks = told(&text);
        let codes = blocks[1..].iter().map(|b| b["text"]["text"].as_str().expect("text").replace("```", ""));
        let copied = codes.collect::<String>().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        assert_eq!(copied, text);
    }

    #[test]
    fn a_block_within_the_text_ends_nothing() {
        let blocks = told("- [ ] run\n```sh\nps\n```");
        assert_eq!(blocks[1]["text"]["text"], "```- [ ] run\n~~~sh\nps\n~~~\n```");
    }

    #[test]
    fn what_may_be_saved_can_be_opened_again() {
        for text in ["👩".repeat(TEXT_UNITS / 2), "a ".repeat(TEXT_UNITS / 2), "- [ ] a\n".repeat(TEXT_UNITS / 8)] {
            assert!(inputs(&text).len() <= Field::TEXT.len(), "{text:.9}");
        }
    }
}
