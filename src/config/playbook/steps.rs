//! Below the front matter of a playbook: Markdown (CommonMark, with GitHub's task lists) to sections and steps.
//!
//! A step is a task of the outermost list. What Slack cannot show, or would lead nowhere there, is refused by its line.

use super::super::complaint::Notes;
use super::super::limits::{
    MAX_PLAYBOOK_COMMAND, MAX_PLAYBOOK_SECTIONS, MAX_PLAYBOOK_STEPS, MAX_PLAYBOOK_WORDS, MAX_QUOTED_CHARS, STEP_SECS,
};
use super::super::suggest;
use crate::domain::directory::Directory;
use crate::domain::id::TeamId;
use crate::domain::playbook::{Part, Piece, Section, Step, Words};
use crate::views::mrkdwn;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::sync::Arc;

/// What stands before the first heading, and the sections.
pub(super) fn read(body: &str, notes: &Notes, directory: &Directory) -> (Vec<Words>, Vec<Section>) {
    let mut reader = Reader::new(notes, directory);
    for (event, range) in Parser::new_ext(body, Options::ENABLE_TASKLISTS).into_offset_iter() {
        if let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) = &event {
            let block = body.get(range.clone()).unwrap_or_default().trim_end();
            let last = block.lines().last().map(str::trim).unwrap_or_default();
            let is_closed = block.lines().count() > 1 && (last.starts_with("```") || last.starts_with("~~~"));
            if !is_closed {
                reader.complain(range.start, "has a code block that does not end", "write ``` below the command");
            }
        }
        reader.take(event, range.start);
    }
    reader.finish()
}

struct Reader<'a> {
    notes: &'a Notes,
    directory: &'a Directory,
    aim: Vec<Words>,
    sections: Vec<Section>,
    /// Where jumps lead, by their anchors, and where they stand: which section that is, is known at the end.
    jumps: Vec<(String, usize)>,
    /// Lists and items that are open.
    lists: usize,
    step: Option<Step>,
    /// Does the next text belong to a bullet below a step?
    in_detail: bool,
    words: Words,
    strong: usize,
    emphasis: usize,
    link: Option<(String, usize)>,
    link_words: String,
    heading: Option<HeadingLevel>,
    code: Option<String>,
    steps: usize,
    headings: usize,
    has_title: bool,
    /// Of this paragraph, it was said that it has HTML.
    has_html: bool,
    /// Where the event stands, and where the words began.
    at: usize,
    words_at: usize,
}

impl<'a> Reader<'a> {
    fn new(notes: &'a Notes, directory: &'a Directory) -> Self {
        Self {
            notes,
            directory,
            aim: Vec::new(),
            sections: Vec::new(),
            jumps: Vec::new(),
            lists: 0,
            step: None,
            in_detail: false,
            words: Vec::new(),
            strong: 0,
            emphasis: 0,
            link: None,
            link_words: String::new(),
            heading: None,
            code: None,
            steps: 0,
            headings: 0,
            has_title: false,
            has_html: false,
            at: 0,
            words_at: 0,
        }
    }

    fn complain(&self, at: usize, wrong: &str, mend: &str) {
        self.notes.complain(at, "", "", wrong, mend);
    }

    fn take(&mut self, event: Event<'_>, at: usize) {
        self.at = at;
        match event {
            Event::Start(tag) => self.start(tag, at),
            Event::End(tag) => self.end(tag, at),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.say(&text),
            },
            Event::Code(text) => match self.link {
                Some(_) => self.link_words.push_str(&text),
                None => {
                    if text.contains('`') {
                        self.complain(
                            at,
                            "has ` in code within a line, which Slack cannot show",
                            "make it the step's command",
                        );
                    }
                    self.piece(Piece::Code(text.into_string()));
                }
            },
            Event::SoftBreak | Event::HardBreak => self.say(" "),
            Event::TaskListMarker(done) => self.task(done, at),
            Event::InlineHtml(_) => self.html(at),
            Event::Rule => self.flush(),
            // Its block was complained of.
            Event::Html(_) | Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    fn html(&mut self, at: usize) {
        if !self.has_html {
            self.complain(at, "has HTML, which Slack does not show", "write Markdown, and \\< for the sign");
        }
        self.has_html = true;
    }

    /// A part of what is being said.
    fn piece(&mut self, piece: Piece) {
        if self.words.is_empty() {
            self.words_at = self.at;
        }
        self.words.push(piece);
    }

    fn start(&mut self, tag: Tag<'_>, at: usize) {
        match tag {
            Tag::HtmlBlock => {
                self.flush();
                self.html(at);
            }
            Tag::Paragraph | Tag::BlockQuote(_) => self.flush(),
            Tag::Heading { level, .. } => {
                self.flush();
                self.heading = Some(level);
                if self.lists > 0 {
                    self.complain(at, "has a heading within a list", "begin it at the margin");
                }
                if level == HeadingLevel::H1 && std::mem::replace(&mut self.has_title, true) {
                    self.complain(at, "has a second title", "write ## in front of every heading but the first");
                }
                if level > HeadingLevel::H2 {
                    self.complain(
                        at,
                        "has a heading below a heading",
                        "write ## in front of every heading but the first",
                    );
                }
            }
            Tag::List(_) => {
                self.flush();
                self.lists += 1;
            }
            Tag::Item => self.in_detail = self.lists > 1 && self.step.is_some(),
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            Tag::Link { dest_url, .. } => {
                self.link = Some((dest_url.into_string(), at));
                self.link_words.clear();
            }
            Tag::Image { .. } => {
                self.complain(at, "has a picture, which a window in Slack does not show", "link to it")
            }
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = Some(String::new());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, at: usize) {
        match tag {
            TagEnd::Heading(level) => {
                let heading = plain(&std::mem::take(&mut self.words));
                self.heading = None;
                if level == HeadingLevel::H2 {
                    if self.sections.iter().any(|s| slug(&s.heading) == slug(&heading)) {
                        self.complain(
                            at,
                            "has this heading twice",
                            "give each a name of its own, so that a link finds it",
                        );
                    }
                    self.headings += 1;
                    if self.headings == MAX_PLAYBOOK_SECTIONS + 1 {
                        let wrong = format!("has more than {MAX_PLAYBOOK_SECTIONS} headings");
                        self.complain(at, &wrong, "make two playbooks of it");
                    }
                    self.sections.push(Section { heading: heading.into(), parts: Vec::new() });
                }
            }
            TagEnd::Paragraph | TagEnd::BlockQuote(_) => self.flush(),
            TagEnd::Item => {
                self.flush();
                self.in_detail = false;
                if self.lists == 1
                    && let Some(step) = self.step.take()
                {
                    self.part(Part::Step(step));
                }
            }
            TagEnd::List(_) => self.lists = self.lists.saturating_sub(1),
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Link => self.link_ends(),
            TagEnd::CodeBlock => self.code_ends(at),
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        if self.link.is_some() {
            return self.link_words.push_str(text);
        }
        let kind: fn(String) -> Piece = match (self.strong > 0, self.emphasis > 0) {
            (true, _) => Piece::Strong,
            (false, true) => Piece::Emphasis,
            (false, false) => Piece::Plain,
        };
        match (self.words.last_mut(), kind(String::new())) {
            (Some(Piece::Plain(before)), Piece::Plain(_))
            | (Some(Piece::Strong(before)), Piece::Strong(_))
            | (Some(Piece::Emphasis(before)), Piece::Emphasis(_)) => before.push_str(text),
            _ => self.piece(kind(text.to_owned())),
        }
    }

    fn task(&mut self, done: bool, at: usize) {
        if self.lists > 1 {
            return self.complain(at, "has a step within a step", "begin each step at the margin, with - [ ]");
        }
        if done {
            self.complain(at, "has a step that is done already", "write - [ ], with a blank between the brackets");
        }
        if self.steps == MAX_PLAYBOOK_STEPS {
            let wrong = format!("has more than {MAX_PLAYBOOK_STEPS} steps");
            self.complain(at, &wrong, "make two playbooks of it");
        }
        self.steps += 1;
        self.step = Some(Step { words: Vec::new(), details: Vec::new(), command: None, within_secs: None, then: None });
    }

    fn link_ends(&mut self) {
        let Some((url, at)) = self.link.take() else { return };
        let words = std::mem::take(&mut self.link_words);
        if let Some(anchor) = url.strip_prefix('#') {
            // Where that is, is known at the end.
            self.piece(Piece::Jump { words, section: self.jumps.len() });
            self.jumps.push((anchor.to_owned(), at));
        } else if let Some(team) = url.strip_prefix("page:") {
            let known = self.directory.teams.keys().map(TeamId::as_str);
            if !known.clone().any(|id| id == team) {
                let found = format!("({url})");
                self.notes.complain(at, "", &found, &format!("{}team", super::NAMES_NO), &suggest::one_of(team, known));
            }
            self.piece(Piece::Page { words, team: team.into() });
        } else if !mrkdwn::link(&url, "").is_empty() {
            self.piece(Piece::Link { words, url });
        } else {
            let mend = "write https://…, #the-heading-to-go-on-at, or page:TEAM";
            let found = format!("({})", mrkdwn::plain(&url, MAX_QUOTED_CHARS));
            self.notes.complain(at, "", &found, "leads nowhere from Slack", mend);
        }
    }

    fn code_ends(&mut self, at: usize) {
        let code = self.code.take().unwrap_or_default().trim_end().to_owned();
        let (count, length) = (code.chars().count(), MAX_PLAYBOOK_COMMAND);
        if count > length {
            let wrong = format!("has a command of {count} characters");
            self.complain(at, &wrong, &format!("write at most {length}, or a script's name"));
        }
        if code.contains("```") {
            self.complain(at, "has ``` in a command, which would end it in Slack", "leave it out");
        }
        match &mut self.step {
            Some(step) if step.command.is_none() => step.command = Some(code.into()),
            Some(_) => self.complain(at, "has a second command in one step", "make a step of its own for it"),
            None => self.complain(at, "has a command outside any step", "put it below a step, two blanks further in"),
        }
    }

    /// What was said so far is a paragraph of its own.
    fn flush(&mut self) {
        if self.heading.is_some() {
            return;
        }
        let at = self.words_at;
        self.has_html = false;
        let mut words = trimmed(std::mem::take(&mut self.words));
        let length = plain(&words).chars().count();
        if length == 0 {
            return;
        }
        if length > MAX_PLAYBOOK_WORDS {
            let wrong = format!("has a paragraph of {length} characters");
            self.complain(at, &wrong, &format!("write at most {MAX_PLAYBOOK_WORDS}: it is read on a phone, at night"));
        }
        match &mut self.step {
            Some(step) if step.words.is_empty() && !self.in_detail => {
                if let Some((within, then)) = time_at_the_end(&mut words) {
                    if !STEP_SECS.contains(&within) {
                        self.notes.complain(
                            at,
                            "",
                            "",
                            "has a step with a time out of bounds",
                            "write 1m to 24h, or leave it out",
                        );
                    }
                    step.within_secs = Some(within);
                    step.then = then;
                } else if looks_like_a_time(&words) {
                    let mend = "write (5m), (2h) or (5m, then ask for help); as it stands it is only words";
                    self.notes.warn(at, "", "", "has a step that ends with a time nobody can count", mend);
                }
                step.words = words;
            }
            Some(step) => step.details.push(words),
            None => {
                if self.lists == 1 && plain(&words).starts_with("[]") {
                    self.complain(
                        at,
                        "has a bullet that may be meant as a step",
                        "write - [ ], with a blank between the brackets",
                    );
                }
                let bullet = if self.lists > 0 { vec![Piece::Plain("• ".to_owned())] } else { Vec::new() };
                self.part(Part::Says(bullet.into_iter().chain(words).collect()));
            }
        }
    }

    fn part(&mut self, part: Part) {
        match (self.sections.last_mut(), part) {
            (Some(section), part) => section.parts.push(part),
            (None, Part::Says(words)) => self.aim.push(words),
            (None, step) => self.sections.push(Section { heading: "".into(), parts: vec![step] }),
        }
    }

    fn finish(mut self) -> (Vec<Words>, Vec<Section>) {
        let slugs: Vec<String> = self.sections.iter().map(|s| slug(&s.heading)).collect();
        let mut found = Vec::new();
        for (anchor, at) in &self.jumps {
            let section = slugs.iter().position(|slug| slug == anchor);
            if section.is_none() {
                let known = slugs.iter().map(String::as_str).filter(|s| !s.is_empty());
                self.notes.complain(
                    *at,
                    "",
                    &format!("(#{anchor})"),
                    "is no heading here",
                    &suggest::one_of(anchor, known),
                );
            }
            found.push(section.unwrap_or(0));
        }
        let mend = |words: &mut Words| {
            for piece in words {
                if let Piece::Jump { section, .. } = piece {
                    *section = found.get(*section).copied().unwrap_or(0);
                }
            }
        };
        self.aim.iter_mut().for_each(mend);
        for part in self.sections.iter_mut().flat_map(|s| &mut s.parts) {
            match part {
                Part::Says(words) => mend(words),
                Part::Step(step) => {
                    mend(&mut step.words);
                    step.details.iter_mut().for_each(mend);
                }
            }
        }
        (self.aim, self.sections)
    }
}

/// A heading as a link names it: GitHub's way.
fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn plain(words: &Words) -> String {
    words
        .iter()
        .map(|piece| match piece {
            Piece::Plain(words) | Piece::Strong(words) | Piece::Emphasis(words) | Piece::Code(words) => words.as_str(),
            Piece::Link { words, .. } | Piece::Jump { words, .. } | Piece::Page { words, .. } => words,
        })
        .collect()
}

fn trimmed(mut words: Words) -> Words {
    if let Some(Piece::Plain(first)) = words.first_mut() {
        *first = first.trim_start().to_owned();
    }
    if let Some(Piece::Plain(last)) = words.last_mut() {
        *last = last.trim_end().to_owned();
    }
    words.retain(|piece| !matches!(piece, Piece::Plain(words) if words.is_empty()));
    words
}

/// `(5 minutes)`, `(5 min)`: meant as a time, and not written as one.
fn looks_like_a_time(words: &Words) -> bool {
    let Some(Piece::Plain(last)) = words.last() else { return false };
    let inside =
        last.trim_end_matches('.').strip_suffix(')').and_then(|l| l.rsplit_once('(')).map(|(_, inside)| inside);
    let Some((number, unit)) = inside.and_then(|i| i.split(',').next()?.trim().split_once(' ')) else { return false };
    let units = ["m", "min", "mins", "minute", "minutes", "h", "hour", "hours"];
    number.chars().all(|c| c.is_ascii_digit()) && units.contains(&unit.trim())
}

/// `(5m)` or `(5m, then ask for help)` at the end of a step, which is taken off.
fn time_at_the_end(words: &mut Words) -> Option<(i64, Option<Arc<str>>)> {
    let only = words.len() == 1;
    let Some(Piece::Plain(last)) = words.last_mut() else { return None };
    let (before, inside) = last.strip_suffix(')')?.rsplit_once('(')?;
    let (time, then) = match inside.split_once(',') {
        Some((time, then)) => (time, Some(then.trim().strip_prefix("then ")?.trim())),
        None => (inside, None),
    };
    let (number, unit) = (time.trim().strip_suffix(['m', 'h'])?, time.trim().chars().last()?);
    let number: i64 = number.parse().ok().filter(|n| *n >= 0)?;
    let secs = number.checked_mul(if unit == 'h' { 3_600 } else { 60 })?;
    // A step is more than its time.
    if only && before.trim().is_empty() {
        return None;
    }
    let then = then.filter(|then| !then.is_empty()).map(Arc::from);
    *last = before.trim_end().to_owned();
    Some((secs, then))
}
