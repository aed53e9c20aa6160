//! A specimen of every block and element is drawn; what is unknown is flagged; nothing from outside becomes markup.

use super::super::limits;
use super::render_specimen;
use serde_json::{Value, json};

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text, "emoji": true})
}

fn option(n: u32) -> Value {
    json!({"text": plain(&format!("Option {n}")), "value": n.to_string(), "description": plain("why")})
}

/// One of every element, with a word that its drawing must show.
fn elements() -> Vec<(Value, &'static str)> {
    let options = json!([option(1), option(2)]);
    let groups = json!([{"label": plain("Group"), "options": [option(1), option(2)]}]);
    let confirm = json!({"title": plain("Sure?"), "text": {"type": "mrkdwn", "text": "This *wakes* Ben"}, "confirm": plain("Yes"), "deny": plain("No"), "style": "danger"});
    vec![
        (
            json!({"type": "button", "text": plain("Press"), "value": "1", "style": "primary", "confirm": confirm}),
            "<b>wakes</b>",
        ),
        (
            json!({"type": "button", "text": plain("Go"), "url": "https://e.com/x", "style": "danger"}),
            "data-url=\"https://e.com/x\"",
        ),
        (json!({"type": "overflow", "options": options}), "Option 2"),
        (
            json!({"type": "static_select", "placeholder": plain("Pick"), "options": options, "initial_option": option(2)}),
            "value=\"2\" selected",
        ),
        (
            json!({"type": "static_select", "placeholder": plain("Pick"), "option_groups": groups}),
            "optgroup label=\"Group\"",
        ),
        (
            json!({"type": "multi_static_select", "options": options, "initial_options": [option(1)]}),
            "value=\"1\" checked",
        ),
        (json!({"type": "users_select"}), "<select"),
        (json!({"type": "multi_users_select"}), "many"),
        (json!({"type": "conversations_select"}), "<select"),
        (json!({"type": "multi_conversations_select"}), "many"),
        (json!({"type": "channels_select"}), "<select"),
        (json!({"type": "multi_channels_select"}), "many"),
        (json!({"type": "external_select", "min_query_length": 1, "initial_option": option(1)}), "value=\"Option 1\""),
        (json!({"type": "multi_external_select", "initial_options": [option(1)]}), "class=\"chip\""),
        (json!({"type": "datepicker", "initial_date": "2026-11-30"}), "value=\"2026-11-30\""),
        (json!({"type": "timepicker", "initial_time": "09:30"}), "value=\"09:30\""),
        (json!({"type": "datetimepicker", "initial_date_time": 1_700_000_000}), "value=\"2023-11-14T22:13\""),
        (json!({"type": "checkboxes", "options": options, "initial_options": [option(2)]}), "value=\"2\" checked"),
        (json!({"type": "radio_buttons", "options": options, "initial_option": option(1)}), "value=\"1\" checked"),
        (json!({"type": "plain_text_input", "initial_value": "hello", "placeholder": plain("Say")}), "value=\"hello\""),
        (json!({"type": "plain_text_input", "multiline": true, "initial_value": "hello"}), "<textarea"),
        (json!({"type": "email_text_input"}), "inputmode=\"email\""),
        (json!({"type": "url_text_input"}), "inputmode=\"url\""),
        (json!({"type": "number_input", "is_decimal_allowed": false, "initial_value": "5"}), "inputmode=\"decimal\""),
        (json!({"type": "rich_text_input"}), "data-rich"),
        (json!({"type": "file_input"}), "type=\"file\""),
    ]
}

fn rich() -> Value {
    let text = |t: &str| json!({"type": "text", "text": t, "style": {"bold": true, "code": true}});
    let section = |inner: Value| json!({"type": "rich_text_section", "elements": inner});
    json!({"type": "rich_text", "elements": [
        section(json!([
            text("bold"), {"type": "link", "url": "https://e.com", "text": "linked"}, {"type": "emoji", "name": "fire"},
            {"type": "user", "user_id": "U0BOT0000"}, {"type": "usergroup", "usergroup_id": "S1"},
            {"type": "channel", "channel_id": "C1"}, {"type": "broadcast", "range": "here"},
            {"type": "color", "value": "#aabbcc"},
            {"type": "date", "timestamp": 1_700_000_000, "format": "{date_num}", "fallback": "then"},
        ])),
        {"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [section(json!([text("one")]))]},
        {"type": "rich_text_list", "style": "bullet", "elements": [section(json!([text("two")]))]},
        {"type": "rich_text_preformatted", "elements": [text("pre")]},
        {"type": "rich_text_quote", "elements": [text("quoted")]},
    ]})
}

#[test]
fn every_element_is_drawn_where_slack_allows_it() {
    for (i, (mut element, shown)) in elements().into_iter().enumerate() {
        element["action_id"] = "a".into();
        let block = json!({"type": "input", "label": plain("Label"), "element": element});
        let actions = json!({"type": "actions", "elements": [element]});
        let list = json!([if limits::message_blocks(std::slice::from_ref(&actions), "/blocks").is_empty() {
            actions
        } else {
            block
        }]);
        if list[0]["type"] == "input" {
            let view = json!({"type": "modal", "title": plain("T"), "submit": plain("S"), "blocks": list});
            let complaints = limits::view(view.as_object().unwrap(), false);
            assert!(complaints.is_empty(), "specimen {i} is none of Slack's: {complaints:?}");
        }
        let drawn = render_specimen(&json!({"type": "modal", "blocks": list}));
        assert!(!drawn.contains("class=\"unknown\""), "{}: {drawn}", element["type"]);
        assert!(drawn.contains(shown), "{}: {drawn}", element["type"]);
    }
}

#[test]
fn every_block_is_drawn() {
    let blocks = json!([
        {"type": "header", "text": plain("Head :fire:")},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*bold*"}, "fields": [plain("field")],
         "accessory": {"type": "image", "image_url": "https://e.com/i.png", "alt_text": "thumb"}},
        {"type": "context", "elements": [{"type": "image", "image_url": "https://e.com/i.png", "alt_text": "small"}, plain("ctx")]},
        {"type": "divider"},
        {"type": "image", "image_url": "https://e.com/i.png", "alt_text": "big", "title": plain("Title")},
        {"type": "markdown", "text": "# md"},
        rich(),
    ]);
    let complaints = limits::message_blocks(blocks.as_array().unwrap(), "/blocks");
    assert!(complaints.is_empty(), "{complaints:?}");
    let drawn = render_specimen(&json!({"blocks": blocks, "attachments": [{"color": "#a30200", "blocks": blocks}]}));
    assert!(!drawn.contains("unknown"), "{drawn}");
    for shown in [
        "Head 🔥",
        "<b>bold</b>",
        "field",
        "alt=\"thumb\"",
        "ctx",
        "<hr",
        "alt=\"big\"",
        "Title",
        "# md",
        "linked",
        "🔥",
        "@here",
        "#aabbcc",
        "2023-11-14",
        "<ol",
        "<ul",
        "<pre>",
        "<blockquote",
        "--bar:#a30200",
    ] {
        assert!(drawn.contains(shown), "{shown}: {drawn}");
    }
}

#[test]
fn what_is_unknown_is_flagged() {
    for json in [
        json!({"blocks": [{"type": "hologram"}]}),
        json!({"blocks": [{"type": "actions", "elements": [{"type": "lever", "action_id": "a"}]}]}),
        json!({"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "smell"}]}]}]}),
        json!({"attachments": [{"blocks": [{"type": "hologram"}]}]}),
    ] {
        assert!(render_specimen(&json).contains("class=\"unknown\""), "{json}");
    }
}

#[test]
fn nothing_from_outside_becomes_markup_or_a_link() {
    let bad = "\"><img src=x onerror=alert(1)><script>alert(1)</script>";
    let script = "javascript:alert(1)";
    let drawn = render_specimen(&json!({"blocks": [
        {"type": "header", "text": plain(bad)},
        {"type": "section", "text": {"type": "mrkdwn", "text": format!("{bad} <{script}|x>")},
         "accessory": {"type": "button", "action_id": bad, "text": plain(bad), "value": bad, "url": script}},
        {"type": "image", "image_url": script, "alt_text": bad},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
            {"type": "link", "url": script, "text": bad}, {"type": "color", "value": "red;background:url(x)"}, {"type": bad}]}]},
        {"type": bad},
    ], "attachments": [{"color": "red;x", "title": bad, "title_link": script, "text": bad}]}));
    for wrong in ["<script", "<img src=x", "=\"javascript", "url(x)\"", "--bar:#red"] {
        assert!(!drawn.contains(wrong), "{wrong}: {drawn}");
    }
}
