//! One limit a row: just within it passes, one more is refused, and the pointer says where.

use super::*;
use serde_json::json;

fn x(n: usize) -> String {
    "x".repeat(n)
}

fn plain(n: usize) -> Value {
    json!({"type": "plain_text", "text": x(n)})
}

fn mrkdwn(n: usize) -> Value {
    json!({"type": "mrkdwn", "text": x(n)})
}

fn many(n: usize, mut make: impl FnMut(usize) -> Value) -> Value {
    (0..n).map(&mut make).collect()
}

fn button(i: usize) -> Value {
    json!({"type": "button", "action_id": format!("a{i}"), "text": plain(2)})
}

fn option(i: usize) -> Value {
    json!({"text": plain(3), "value": format!("v{i}")})
}

fn actions(element: Value) -> Value {
    json!({"type": "actions", "elements": [element]})
}

fn input(element: Value) -> Value {
    json!({"type": "input", "label": plain(2), "element": element})
}

fn with(mut v: Value, key: &str, value: Value) -> Value {
    v[key] = value;
    v
}

/// A limit: what it is called, the largest allowed, how to make a block of that size, and the pointer blamed.
type Row = (&'static str, usize, Box<dyn Fn(usize) -> Value>, &'static str);

fn row(name: &'static str, most: usize, make: impl Fn(usize) -> Value + 'static, at: &'static str) -> Row {
    (name, most, Box::new(make), at)
}

#[test]
fn each_limit_of_a_block_is_reached_and_not_passed() {
    let select = |extra: Value| {
        let mut s = json!({"type": "static_select", "action_id": "s", "options": [option(0)]});
        s.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        s
    };
    let rows: Vec<Row> = vec![
        row("section text", 3_000, |n| json!({"type": "section", "text": mrkdwn(n)}), "/blocks/0/text/text"),
        row("section fields", 10, |n| json!({"type": "section", "fields": many(n, |_| mrkdwn(1))}), "/blocks/0/fields"),
        row("field text", 2_000, |n| json!({"type": "section", "fields": [mrkdwn(n)]}), "/blocks/0/fields/0/text"),
        row("header", 150, |n| json!({"type": "header", "text": plain(n)}), "/blocks/0/text/text"),
        row("block_id", 255, |n| json!({"type": "divider", "block_id": x(n)}), "/blocks/0/block_id"),
        row("context", 10, |n| json!({"type": "context", "elements": many(n, |_| mrkdwn(1))}), "/blocks/0/elements"),
        row("actions", 25, |n| json!({"type": "actions", "elements": many(n, button)}), "/blocks/0/elements"),
        row("button text", 75, |n| actions(with(button(0), "text", plain(n))), "/blocks/0/elements/0/text/text"),
        row("button value", 2_000, |n| actions(with(button(0), "value", json!(x(n)))), "/blocks/0/elements/0/value"),
        row(
            "button url",
            3_000,
            |n| actions(with(button(0), "url", json!(format!("https://e.com/{}", x(n - 14))))),
            "/blocks/0/elements/0/url",
        ),
        row("action_id", 255, |n| actions(with(button(0), "action_id", json!(x(n)))), "/blocks/0/elements/0/action_id"),
        row(
            "overflow options",
            5,
            |n| actions(json!({"type": "overflow", "options": many(n, option)})),
            "/blocks/0/elements/0/options",
        ),
        row(
            "select options",
            100,
            |n| actions(json!({"type": "static_select", "options": many(n, option)})),
            "/blocks/0/elements/0/options",
        ),
        row(
            "option groups",
            100,
            |n| {
                let group = |_| json!({"label": plain(1), "options": [option(0)]});
                actions(json!({"type": "static_select", "option_groups": many(n, group)}))
            },
            "/blocks/0/elements/0/option_groups",
        ),
        row(
            "option text",
            75,
            |n| actions(json!({"type": "static_select", "options": [{"text": plain(n), "value": "v"}]})),
            "/blocks/0/elements/0/options/0/text/text",
        ),
        row(
            "option value",
            150,
            |n| actions(json!({"type": "static_select", "options": [{"text": plain(1), "value": x(n)}]})),
            "/blocks/0/elements/0/options/0/value",
        ),
        row(
            "overflow option value",
            150,
            |n| actions(json!({"type": "overflow", "options": [{"text": plain(1), "value": x(n)}]})),
            "/blocks/0/elements/0/options/0/value",
        ),
        row(
            "option description",
            75,
            |n| actions(json!({"type": "static_select", "options": [with(option(0), "description", plain(n))]})),
            "/blocks/0/elements/0/options/0/description/text",
        ),
        row(
            "placeholder",
            150,
            move |n| actions(select(json!({"placeholder": plain(n)}))),
            "/blocks/0/elements/0/placeholder/text",
        ),
        row(
            "radio buttons",
            10,
            |n| actions(json!({"type": "radio_buttons", "options": many(n, option)})),
            "/blocks/0/elements/0/options",
        ),
        row(
            "checkboxes",
            10,
            |n| actions(json!({"type": "checkboxes", "options": many(n, option)})),
            "/blocks/0/elements/0/options",
        ),
        row("confirm title", 100, |n| actions(confirmed("title", plain(n))), "/blocks/0/elements/0/confirm/title/text"),
        row("confirm text", 300, |n| actions(confirmed("text", mrkdwn(n))), "/blocks/0/elements/0/confirm/text/text"),
        row(
            "confirm yes",
            30,
            |n| actions(confirmed("confirm", plain(n))),
            "/blocks/0/elements/0/confirm/confirm/text",
        ),
        row("confirm no", 30, |n| actions(confirmed("deny", plain(n))), "/blocks/0/elements/0/confirm/deny/text"),
        row(
            "input label",
            2_000,
            |n| with(input(json!({"type": "plain_text_input"})), "label", plain(n)),
            "/blocks/0/label/text",
        ),
        row(
            "input hint",
            2_000,
            |n| with(input(json!({"type": "plain_text_input"})), "hint", plain(n)),
            "/blocks/0/hint/text",
        ),
        row(
            "plain text initial value",
            3_000,
            |n| input(json!({"type": "plain_text_input", "initial_value": x(n)})),
            "/blocks/0/element/initial_value",
        ),
        row(
            "image alt text",
            2_000,
            |n| json!({"type": "image", "image_url": "https://e.com/i", "alt_text": x(n)}),
            "/blocks/0/alt_text",
        ),
        row(
            "image url",
            3_000,
            |n| json!({"type": "image", "image_url": format!("https://e.com/{}", x(n - 14)), "alt_text": ""}),
            "/blocks/0/image_url",
        ),
        row("markdown", 12_000, |n| json!({"type": "markdown", "text": x(n)}), "/blocks/0/text"),
    ];
    for (name, most, make, at) in rows {
        assert_eq!(message_blocks(&[make(most)], "/blocks"), Vec::<String>::new(), "{name} at {most}");
        let complaints = message_blocks(&[make(most + 1)], "/blocks");
        assert_eq!(complaints.len(), 1, "{name} at {}: {complaints:?}", most + 1);
        assert!(complaints[0].contains(&format!("[json-pointer:{at}")), "{name}: {complaints:?}");
    }
}

fn confirmed(key: &str, value: Value) -> Value {
    let confirm = json!({"title": plain(1), "text": mrkdwn(1), "confirm": plain(1), "deny": plain(1)});
    with(button(0), "confirm", with(confirm, key, value))
}

#[test]
fn what_slack_refuses_besides_lengths() {
    let rows: Vec<(Value, &str)> = vec![
        (json!([{"type": "section"}]), "must define either `text` or `fields` [json-pointer:/blocks/0]"),
        (json!([{"type": "section", "text": mrkdwn(0)}]), "must be more than 0 characters"),
        (json!([{"type": "section", "text": "x"}]), "must provide an object [json-pointer:/blocks/0/text]"),
        (json!([{"type": "wat"}]), "unsupported type: wat [json-pointer:/blocks/0/type]"),
        (json!(["x"]), "must provide an object [json-pointer:/blocks/0]"),
        (json!([{}]), "missing required field: type [json-pointer:/blocks/0]"),
        (json!([{"type": "header", "text": mrkdwn(1)}]), "must be a valid enum value: plain_text"),
        (json!([{"type": "divider", "text": "x"}]), "invalid additional property: text [json-pointer:/blocks/0]"),
        (json!([actions(with(button(0), "disabled", json!(true)))]), "invalid additional property: disabled"),
        (json!([actions(with(button(0), "style", json!("red")))]), "must be a valid enum value: primary, danger"),
        (json!([actions(with(button(0), "url", json!("not a url")))]), "must be a valid URL"),
        (
            json!([{"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"}]),
            "`block_id` \"b\" already exists [json-pointer:/blocks/1/block_id]",
        ),
        (json!([{"type": "actions", "elements": [button(1), button(1)]}]), "`action_id` \"a1\" already exists"),
        (json!([{"type": "actions", "elements": []}]), "no fewer than 1 items allowed"),
        (json!([actions(json!({"type": "overflow", "options": []}))]), "no fewer than 1 items allowed"),
        (json!([actions(json!({"type": "plain_text_input"}))]), "unsupported type: plain_text_input"),
        (json!([actions(json!({"type": "static_select"}))]), "exactly one of `options` and `option_groups`"),
        (
            json!([actions(json!({"type": "static_select", "options": [option(0)], "initial_option": option(1)}))]),
            "initial_option must exactly match",
        ),
        (
            json!([actions(
                json!({"type": "static_select", "options": [with(option(0), "url", json!("https://e.com"))]})
            )]),
            "invalid additional property: url",
        ),
        (json!([actions(json!({"type": "datepicker", "initial_date": "31.12.2026"}))]), "YYYY-MM-DD"),
        (json!([actions(json!({"type": "timepicker", "initial_time": "25:00"}))]), "HH:mm"),
        (json!([actions(json!({"type": "datetimepicker", "initial_date_time": 12}))]), "10 digits"),
        (json!([input(json!({"type": "button", "text": plain(1)}))]), "unsupported type: button"),
        (json!([input(json!({"type": "number_input"}))]), "missing required field: is_decimal_allowed"),
        (json!([{"type": "image", "alt_text": "x"}]), "exactly one of `image_url` and `slack_file`"),
        (json!([{"type": "rich_text", "elements": [{"type": "x"}]}]), "must be a valid enum value: rich_text_section"),
        (
            json!([{"type": "context", "elements": [button(1)]}]),
            "unsupported type: button [json-pointer:/blocks/0/elements/0/type]",
        ),
    ];
    for (blocks, wanted) in rows {
        let complaints = message_blocks(blocks.as_array().unwrap(), "/blocks");
        assert!(complaints.iter().any(|c| c.contains(wanted)), "{blocks}: {complaints:?}");
    }
    let fifty_one: Vec<Value> = (0..51).map(|_| json!({"type": "divider"})).collect();
    assert_eq!(message_blocks(&fifty_one[..50], "/blocks"), Vec::<String>::new());
    assert_eq!(message_blocks(&fifty_one, "/blocks"), ["no more than 50 items allowed [json-pointer:/blocks]"]);
}

#[test]
fn a_full_message_passes() {
    let blocks = json!([
        {"type": "header", "block_id": "h", "text": {"type": "plain_text", "text": "Hello", "emoji": true}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*hi*", "verbatim": false},
         "accessory": {"type": "overflow", "action_id": "o", "options": [option(1)]}},
        {"type": "section", "fields": [mrkdwn(3), plain(3)]},
        {"type": "context", "elements": [mrkdwn(2), {"type": "image", "image_url": "https://e.com/i.png", "alt_text": "i"}]},
        {"type": "actions", "elements": [
            confirmed("title", plain(9)),
            {"type": "users_select", "action_id": "u", "initial_user": "U1"},
            {"type": "conversations_select", "action_id": "c", "filter": {"include": ["im"]}},
            {"type": "channels_select", "action_id": "ch"},
            {"type": "external_select", "action_id": "e", "min_query_length": 1},
            {"type": "multi_static_select", "action_id": "m", "options": [option(1)], "initial_options": [option(1)]},
            {"type": "multi_users_select", "action_id": "mu", "max_selected_items": 2},
            {"type": "datetimepicker", "action_id": "d", "initial_date_time": 1_700_000_000},
        ]},
        input(json!({"type": "email_text_input", "action_id": "e"})),
        input(json!({"type": "url_text_input", "action_id": "e"})),
        input(json!({"type": "number_input", "action_id": "e", "is_decimal_allowed": false, "min_value": "1"})),
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]},
        {"type": "divider"},
    ]);
    assert_eq!(message_blocks(blocks.as_array().unwrap(), "/blocks"), Vec::<String>::new());
}

#[test]
fn all_blocks_together_have_a_limit_too() {
    let section = |n| json!({"type": "section", "text": mrkdwn(n)});
    let within = [section(3_000), section(3_000), section(3_000), section(3_000), section(1_200)];
    assert!(!blocks_too_long(&within));
    assert!(blocks_too_long(&[&within[..], &[section(1)]].concat()));
}

fn modal() -> Value {
    json!({"type": "modal", "title": plain(5), "submit": plain(2), "blocks": [input(json!({"type": "plain_text_input"}))]})
}

#[test]
fn each_limit_of_a_view_is_reached_and_not_passed() {
    let rows: Vec<Row> = vec![
        row("title", 24, |n| with(modal(), "title", plain(n)), "/view/title/text"),
        row("submit", 24, |n| with(modal(), "submit", plain(n)), "/view/submit/text"),
        row("close", 24, |n| with(modal(), "close", plain(n)), "/view/close/text"),
        row("private_metadata", 3_000, |n| with(modal(), "private_metadata", json!(x(n))), "/view/private_metadata"),
        row("callback_id", 255, |n| with(modal(), "callback_id", json!(x(n))), "/view/callback_id"),
        row("external_id", 255, |n| with(modal(), "external_id", json!(x(n))), "/view/external_id"),
        row("blocks", 100, |n| with(modal(), "blocks", many(n, |_| json!({"type": "divider"}))), "/view/blocks"),
    ];
    for (name, most, make, at) in rows {
        assert_eq!(view(make(most).as_object().unwrap(), false), Vec::<String>::new(), "{name} at {most}");
        let complaints = view(make(most + 1).as_object().unwrap(), false);
        assert_eq!(complaints.len(), 1, "{name}: {complaints:?}");
        assert!(complaints[0].contains(&format!("[json-pointer:{at}]")), "{name}: {complaints:?}");
    }
    let mut no_submit = modal();
    no_submit.as_object_mut().unwrap().remove("submit");
    assert!(view(no_submit.as_object().unwrap(), false)[0].contains("must define `submit`"));
    assert!(view(modal().as_object().unwrap(), true).iter().any(|c| c.contains("must be \"home\"")));
    let home = json!({"type": "home", "blocks": []});
    assert_eq!(view(home.as_object().unwrap(), true), Vec::<String>::new());
    assert!(view(json!({}).as_object().unwrap(), false).len() >= 3);
}

#[test]
fn hostile_blocks_are_refused_with_a_bounded_list() {
    let deep = (0..100).fold(json!(1), |v, _| json!([v]));
    assert!(!message_blocks(&[deep], "/blocks").is_empty());
    let wrong: Vec<Value> = (0..50).map(|_| json!({"type": "?"})).collect();
    assert!(message_blocks(&wrong, "/blocks").len() <= COMPLAINTS);
}
