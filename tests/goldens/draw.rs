//! Block Kit as plain text; and what every view must satisfy whatever it says.

use crate::page;
use serde_json::Value;
use slack_morphism::prelude::SlackView;
use std::fmt::Write;
use warridor::domain::id::IncidentNo;
use warridor::sandbox::limits;
use warridor::views::Message;
use warridor::views::action_id::{Action, Elsewhere, Form, Origin, Subject};

/// The incident of a subject where buttons may be about any.
pub const ANY: IncidentNo = IncidentNo(u64::MAX);

/// One golden file: a view in all its states.
pub struct Golden {
    name: &'static str,
    text: String,
}

impl Golden {
    pub fn new(name: &'static str) -> Self {
        Self { name, text: String::new() }
    }

    pub fn say(&mut self, state: &str, drawn: &str) {
        let _ = write!(self.text, "=== {state}\n{}\n\n", drawn.trim_end());
    }

    pub fn compare(self) {
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path(".");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(self.name, self.text));
    }
}

/// A message, checked and drawn. `subject`: what its buttons must carry; `None` when it may have none.
pub fn message(m: &Message, subject: Option<Subject>) -> String {
    let outside = json(&m.blocks);
    let inside = m.colored.as_ref().map(|c| json(&c.blocks)).unwrap_or_default();
    for blocks in [&outside, &inside] {
        let complaints = limits::message_blocks(blocks, "/blocks");
        assert!(complaints.is_empty(), "Slack would refuse this: {complaints:#?}\n{blocks:#?}");
    }
    let all: Vec<Value> = outside.iter().chain(&inside).cloned().collect();
    assert!(!limits::blocks_too_long(&all), "too much text in all");
    page::drawn(&all);
    assert!(m.text.chars().count() < limits::SPLIT_AFTER && !m.text.trim().is_empty(), "the plain text: {:?}", m.text);
    for text in texts(&all).iter().chain([&m.text]) {
        harmless(text);
    }
    let mut out = format!("lock screen: {}\n", words(&m.text));
    outside.iter().for_each(|b| block(&mut out, b, "  ", subject));
    if let Some(c) = &m.colored {
        let _ = writeln!(out, "  {}", color(c.color));
        inside.iter().for_each(|b| block(&mut out, b, "  | ", subject));
    }
    out
}

/// A window or the Home tab, checked and drawn. `subject`: what its buttons, and the form, must carry.
pub fn view(v: &SlackView, subject: Option<Subject>) -> String {
    let v = serde_json::to_value(v).expect("a view is JSON");
    let is_home = v["type"] == "home";
    let complaints = limits::view(v.as_object().expect("an object"), is_home);
    assert!(complaints.is_empty(), "Slack would refuse this: {complaints:#?}\n{v:#?}");
    for text in texts(v["blocks"].as_array().expect("blocks")) {
        harmless(&text);
    }
    page::drawn(v["blocks"].as_array().expect("blocks"));
    let form = v["callback_id"].as_str().and_then(Form::parse);
    if form.is_some() {
        let origin = v["private_metadata"].as_str().and_then(Origin::parse).expect("a form carries where it is from");
        assert_eq!(Some(origin.subject), subject, "the form's subject");
    }
    let mut out = if is_home { "home\n".to_owned() } else { format!("window: {}\n", text(&v["title"])) };
    v["blocks"].as_array().expect("blocks").iter().for_each(|b| block(&mut out, b, "  ", subject));
    if !is_home {
        let submit = v.get("submit").filter(|s| !s.is_null()).map(|s| format!("[{}] ", text(s))).unwrap_or_default();
        let _ = writeln!(out, "  {submit}[{}]", text(&v["close"]));
    }
    out
}

fn json<T: serde::Serialize>(blocks: &[T]) -> Vec<Value> {
    blocks.iter().map(|b| serde_json::to_value(b).expect("a block is JSON")).collect()
}

fn block(out: &mut String, b: &Value, indent: &str, subject: Option<Subject>) {
    match b["type"].as_str() {
        Some("section") => {
            lines(out, indent, &text(&b["text"]));
            if let Some(accessory) = b.get("accessory").filter(|a| !a.is_null()) {
                lines(out, indent, &format!("    {}", button(accessory, subject)));
            }
        }
        Some("header") => lines(out, indent, &format!("# {}", text(&b["text"]))),
        Some("divider") => lines(out, indent, "----"),
        Some("context") => {
            for e in b["elements"].as_array().expect("elements") {
                lines(out, indent, &format!("({})", text(e)));
            }
        }
        Some("actions") => {
            let elements = b["elements"].as_array().expect("elements");
            let buttons: Vec<String> = elements.iter().map(|e| in_a_row(e, subject)).collect();
            lines(out, indent, &buttons.join(" "));
        }
        Some("input") => {
            let optional = if b["optional"] == true { " (optional)" } else { "" };
            lines(out, indent, &format!("{}{optional}:", text(&b["label"])));
            element(out, &b["element"], indent);
        }
        other => panic!("no way to draw {other:?}"),
    }
}

fn element(out: &mut String, e: &Value, indent: &str) {
    let placeholder = e.get("placeholder").filter(|p| !p.is_null()).map(text).unwrap_or_default();
    match e["type"].as_str().expect("a type") {
        "radio_buttons" => {
            for option in e["options"].as_array().expect("options") {
                let mark = if *option == e["initial_option"] { "(x)" } else { "( )" };
                lines(out, indent, &format!("{mark} {}", text(&option["text"])));
            }
        }
        "static_select" | "multi_static_select" => {
            let options = |of: &Value| {
                let all = of["options"].as_array().expect("options").iter().map(|o| text(&o["text"]));
                all.collect::<Vec<_>>().join(" | ")
            };
            match e["option_groups"].as_array() {
                Some(groups) => {
                    let all = groups.iter().map(|g| format!("{}: {}", text(&g["label"]), options(g)));
                    lines(out, indent, &format!("▾ {placeholder} {{ {} }}", all.collect::<Vec<_>>().join(" || ")));
                }
                None => lines(out, indent, &format!("▾ {placeholder} {{ {} }}", options(e))),
            }
            if e["initial_option"].is_object() {
                lines(out, indent, &format!("  chosen: {}", text(&e["initial_option"]["text"])));
            }
        }
        "users_select" | "multi_users_select" => lines(out, indent, format!("▾ people {placeholder}").trim_end()),
        "datetimepicker" => lines(out, indent, "▾ day and time"),
        "plain_text_input" => {
            let value = e["initial_value"].as_str().unwrap_or_default();
            lines(out, indent, format!("|{value}| {placeholder}").trim_end());
        }
        other => panic!("no way to draw {other}"),
    }
}

/// A button, or a list of which one entry is chosen.
fn in_a_row(e: &Value, subject: Option<Subject>) -> String {
    if e["type"] == "button" {
        return button(e, subject);
    }
    let action = e["action_id"].as_str().expect("an action id");
    assert!(Elsewhere::parse(action).is_some(), "{action} does not parse back");
    let options = e["options"].as_array().expect("options").iter();
    let options: Vec<String> = options.map(|o| text(&o["text"])).collect();
    format!("[▾ {} {{ {} }}]", text(&e["placeholder"]), options.join(" | "))
}

/// `[words]`, `[*words*]` for the first choice; a question asked before it acts stands behind it.
fn button(e: &Value, subject: Option<Subject>) -> String {
    let action = e["action_id"].as_str().expect("an action id");
    if Elsewhere::parse(action).is_none() {
        assert!(Action::parse(action).is_some(), "{action} does not parse back");
        assert!(subject.is_some(), "no button belongs here: {action}");
        // On the Home tab each button is about an incident of its own.
        let of = e["value"].as_str().and_then(Subject::parse).expect("a subject");
        assert!(subject.is_some_and(|s| s.store == of.store && (s.incident == ANY || s == of)), "the button's subject");
    }
    let words = text(&e["text"]);
    let drawn = if e["style"] == "primary" { format!("[*{words}*]") } else { format!("[{words}]") };
    match e.get("confirm").filter(|c| !c.is_null()) {
        Some(c) => {
            format!(
                "{drawn}(asks: {} {} {}/{})",
                text(&c["title"]),
                text(&c["text"]),
                text(&c["confirm"]),
                text(&c["deny"])
            )
        }
        None => drawn,
    }
}

fn lines(out: &mut String, indent: &str, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "{indent}{line}");
    }
}

fn text(v: &Value) -> String {
    words(v["text"].as_str().expect("a text"))
}

/// Date tokens as somebody in UTC reads them; all else as it is.
pub fn words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, token)) = rest.split_once("<!date^") {
        let (token, after) = token.split_once('>').expect("a date token ends");
        let (_, fallback) = token.split_once('|').expect("a date token has a fallback");
        out.push_str(before);
        out.push_str(fallback.trim_end_matches(" UTC"));
        rest = after;
    }
    out + rest
}

fn color(c: &str) -> &str {
    match c {
        "#d92d20" => "red",
        "#f79009" => "amber",
        "#2e90fa" => "blue",
        "#12b76a" => "green",
        "#98a2b3" => "grey",
        other => panic!("a colour nobody agreed on: {other}"),
    }
}

fn texts(blocks: &[Value]) -> Vec<String> {
    fn collect(v: &Value, into: &mut Vec<String>) {
        match v {
            Value::Array(items) => items.iter().for_each(|i| collect(i, into)),
            Value::Object(map) => {
                if let Some(Value::String(s)) = map.get("text") {
                    into.push(s.clone());
                }
                map.values().for_each(|i| collect(i, into));
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    blocks.iter().for_each(|b| collect(b, &mut all));
    all
}

/// Of everything Slack gives a meaning to, only dates, channels and web links come from us; a mention never does.
fn harmless(text: &str) {
    for (at, _) in text.match_indices('<') {
        let rest = &text[at + 1..];
        let ours = ["!date^", "#C", "https://", "http://"];
        assert!(ours.iter().any(|o| rest.starts_with(o)), "this would mention somebody or worse: {rest:?} in {text:?}");
    }
}
