//! The page as a Slack, whatever app speaks to it: modals and their errors, threads, reactions, shortcuts, unread
//! marks, external selects, App Home.

mod browser;

use browser::app::{App, Reaction};
use browser::page::Page;
use fantoccini::key::Key;
use serde_json::{Value, json};

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text})
}

fn option(text: &str) -> Value {
    json!({"text": plain(text), "value": text.to_lowercase()})
}

fn button(action: &str, text: &str) -> Value {
    json!({"type": "actions", "elements": [{"type": "button", "action_id": action, "text": plain(text)}]})
}

fn field(block: &str, label: &str, element: Value) -> Value {
    let mut element = element;
    element["action_id"] = "it".into();
    json!({"type": "input", "block_id": block, "label": plain(label), "element": element})
}

fn modal(title: &str, blocks: Value) -> Value {
    json!({"type": "modal", "callback_id": title, "title": plain(title), "submit": plain("Send it"), "notify_on_close": true,
           "private_metadata": "kept", "blocks": blocks})
}

/// An app with a form: a button opens it, an odd number is an error at its field, "More" puts a second one on top.
fn form_app(p: &Value) -> Reaction {
    match (p["type"].as_str(), p["actions"][0]["action_id"].as_str()) {
        (Some("block_actions"), Some("open")) => {
            let blocks = json!([
                field("why", "Why?", json!({"type": "plain_text_input", "multiline": true, "focus_on_load": true})),
                field("count", "How many", json!({"type": "number_input", "is_decimal_allowed": false})),
                field("day", "Which day", json!({"type": "datepicker"})),
                field("at", "When exactly", json!({"type": "datetimepicker"})),
                field("who", "Who", json!({"type": "multi_users_select"})),
                field("which", "Which", json!({"type": "checkboxes", "options": [option("One"), option("Two")]})),
                field("runbook", "Playbook", json!({"type": "external_select", "min_query_length": 2})),
                button("more", "More"),
            ]);
            let view = modal("Form", blocks);
            Reaction {
                calls: vec![("views.open", json!({"trigger_id": p["trigger_id"], "view": view}))],
                ..Reaction::default()
            }
        }
        (Some("block_actions"), Some("more")) => {
            let view = modal("Second", json!([{"type": "section", "text": plain("On top")}]));
            Reaction {
                calls: vec![("views.push", json!({"trigger_id": p["trigger_id"], "view": view}))],
                ..Reaction::default()
            }
        }
        (Some("block_suggestion"), _) => {
            let typed = p["value"].as_str().unwrap_or("");
            Reaction {
                ack: json!({"options": [option(&format!("{typed} one")), option(&format!("{typed} two"))]}),
                ..Reaction::default()
            }
        }
        (Some("view_submission"), _) if p["view"]["callback_id"] == "Form" => {
            let odd = p["view"]["state"]["values"]["count"]["it"]["value"]
                .as_str()
                .and_then(|s| s.parse::<i64>().ok())
                .is_some_and(|n| n % 2 == 1);
            let errors = json!({"response_action": "errors", "errors": {"count": "Must be even"}});
            Reaction { ack: if odd { errors } else { Value::Null }, ..Reaction::default() }
        }
        _ => Reaction::default(),
    }
}

#[tokio::test]
async fn a_form_is_filled_wrong_at_one_field_mended_and_sent() {
    let app = App::start(form_app).await;
    app.call(
        "chat.postMessage",
        json!({"channel": "payments", "text": "x", "blocks": [button("open", "Open the form")]}),
    )
    .await;
    let page = Page::open(&app.page("/?as=ana&channel=payments")).await;
    page.press("article", "Open the form").await;
    page.shows(".modal h2", "Form").await;
    page.eventually(
        "the field that asks for it has the focus",
        "document.activeElement.getAttribute('aria-label') === 'Why?'",
    )
    .await;
    page.is_accessible("a form with every kind of field").await;
    page.type_text("Because").await;

    page.press(".modal", "Send it").await;
    page.shows("[data-block=count] .error", "Please complete this required field.").await;

    page.find("[data-block=count] input").await.send_keys("3").await.expect("typed");
    page.fill("[data-block=day] input", "2026-11-30").await;
    page.fill("[data-block=at] input", "2026-11-30T09:30").await;
    page.click("[data-block=who] summary").await;
    page.client
        .execute("document.querySelectorAll('[data-block=who] input').forEach((i) => i.click())", vec![])
        .await
        .expect("chosen");
    page.shows("[data-block=who] .picked", "Ana, Ben").await;
    page.client
        .execute("document.querySelectorAll('[data-block=which] input')[1].click()", vec![])
        .await
        .expect("chosen");
    page.find("[data-block=runbook] input").await.send_keys("disk").await.expect("typed");
    page.shows("[data-block=runbook] [role=option]", "disk two").await;
    page.key(Key::Down).await;
    page.key(Key::Down).await;
    page.key(Key::Enter).await;
    page.eventually("it is chosen", "document.querySelector('[data-block=runbook] input').value === 'disk two'").await;

    page.press(".modal", "Send it").await;
    page.shows("[data-block=count] .error", "Must be even").await;
    page.eventually(
        "the field is marked and has the focus",
        "document.activeElement.matches('[data-block=count] input[aria-invalid=true]')",
    )
    .await;
    page.is_accessible("a form with an error").await;
    let why = page.js("document.querySelector('[data-block=why] textarea').value").await;
    assert_eq!(why, "Because", "what was typed stays");

    page.type_text("2").await;
    page.press(".modal", "Send it").await;
    page.eventually("the form is gone", "!document.querySelector('.modal')").await;
    let sent = app.last("view_submission");
    let values = &sent["view"]["state"]["values"];
    assert_eq!(sent["view"]["private_metadata"], "kept");
    assert_eq!(values["count"]["it"]["value"], "32");
    assert_eq!(values["day"]["it"]["selected_date"], "2026-11-30");
    assert_eq!(values["at"]["it"]["selected_date_time"], 1_796_031_000);
    assert_eq!(values["who"]["it"]["selected_users"], json!([app.id("ana"), app.id("ben")]));
    assert_eq!(values["which"]["it"]["selected_options"][0]["value"], "two");
    assert_eq!(values["runbook"]["it"]["selected_option"], option("disk two"));
    page.has_no_complaints().await;
}

#[tokio::test]
async fn modals_stand_on_each_other_and_escape_goes_back_one() {
    let app = App::start(form_app).await;
    app.call(
        "chat.postMessage",
        json!({"channel": "payments", "text": "x", "blocks": [button("open", "Open the form")]}),
    )
    .await;
    let page = Page::open(&app.page("/?as=ana&channel=payments")).await;
    page.press("article", "Open the form").await;
    page.shows(".modal h2", "Form").await;
    page.type_text("half a sentence").await;
    page.press(".modal", "More").await;
    page.shows(".modal h2", "Second").await;
    page.is_accessible("a modal on another").await;
    page.key(Key::Escape).await;
    page.shows(".modal h2", "Form").await;
    let typed = page.js("document.querySelector('[data-block=why] textarea').value").await;
    assert_eq!(typed, "half a sentence");
    assert_eq!(app.last("view_closed")["view"]["callback_id"], "Second");
    page.click(".modal [aria-label=Close]").await;
    page.eventually("all are closed", "!document.querySelector('.modal')").await;
}

#[tokio::test]
async fn a_thread_opens_beside_and_one_answers_in_it() {
    let app = App::quiet().await;
    let posted = app.call("chat.postMessage", json!({"channel": "payments", "text": "the parent"})).await;
    let reply = json!({"channel": "payments", "text": "first reply", "thread_ts": posted["ts"]});
    app.call("chat.postMessage", reply).await;
    let page = Page::open(&app.page("/?as=ana&channel=payments")).await;
    page.shows(".replies", "1 reply").await;
    page.click(".replies").await;
    page.shows("#thread", "first reply").await;
    page.eventually("one can type at once", "document.activeElement.matches('#thread textarea')").await;
    page.type_text("@ben see <this>").await;
    page.key(Key::Enter).await;
    page.shows("#thread .mention", "@ben").await;
    page.shows("#thread article", "see <this>").await;
    page.shows(".replies", "2 replies").await;
    page.is_accessible("an open thread").await;
    page.size(400, 800).await;
    page.has_no_sideways_scroll("a thread on a phone").await;
    page.eventually("a thread fills a phone", "!document.querySelector('#main').checkVisibility()").await;
    page.key(Key::Escape).await;
    page.eventually(
        "Escape shuts it",
        "!document.querySelector('#thread') && document.querySelector('#main').checkVisibility()",
    )
    .await;
    // Ben follows since he was mentioned.
    app.call("chat.postMessage", json!({"channel": "payments", "text": "later", "thread_ts": posted["ts"]})).await;
    page.go(&app.page("/?as=ben&channel=ops")).await;
    page.size(1280, 800).await;
    page.shows(".push", "see <this>").await;
    page.shows(".push", "later").await;
}

#[tokio::test]
async fn what_one_has_not_read_is_marked_until_one_looks() {
    let app = App::quiet().await;
    let page = Page::open(&app.page("/?as=ben&channel=ops")).await;
    app.call("chat.postMessage", json!({"channel": "payments", "text": "nobody in particular"})).await;
    page.shows("#side .unread", "payments").await;
    page.eventually("bold, and no number", "!document.querySelector('#side > ul .unread .badge')").await;
    let ben = app.id("ben");
    app.call("chat.postMessage", json!({"channel": "payments", "text": format!("<@{ben}> look")})).await;
    app.call("chat.postMessage", json!({"channel": ben, "text": "a page"})).await;
    page.shows("#side .unread", "payments1").await;
    page.shows(".people .here .badge", "2").await;
    page.is_accessible("unread marks").await;
    page.press("#side", "#payments1 unread").await;
    page.eventually(
        "read once it is open",
        "!document.querySelector('#side > ul a.here .badge') && document.querySelectorAll('#side > ul .badge').length === 1",
    )
    .await;
    page.press(".people", "A Ana").await;
    page.shows("#banner", "You are Ana").await;
    page.eventually("Ana was not mentioned", "!document.querySelector('#side > ul .badge')").await;
}

#[tokio::test]
async fn only_one_person_sees_an_ephemeral() {
    let app = App::quiet().await;
    let args = json!({"channel": "payments", "user": app.id("ana"), "text": "psst"});
    app.call("chat.postEphemeral", args).await;
    let page = Page::open(&app.page("/?as=ana&channel=payments")).await;
    page.shows(".only-me", "Only visible to you").await;
    page.shows(".only-me", "psst").await;
    page.go(&app.page("/?as=ben&channel=payments")).await;
    page.find("#messages .older").await;
    assert_eq!(page.js("document.body.innerText.includes('psst')").await, false);
}

#[tokio::test]
async fn reactions_and_shortcuts_reach_the_app() {
    let app = App::quiet().await;
    let posted = app.call("chat.postMessage", json!({"channel": "payments", "text": "draining east"})).await;
    let page = Page::open(&app.page("/?as=ana&channel=payments")).await;
    page.find("article").await;
    page.client.execute("document.querySelector('.tools [data-name=eyes]').click()", vec![]).await.expect("a click");
    page.shows(".reaction.mine", "👀 1").await;
    assert_eq!(app.last("reaction_added")["event"]["reaction"], "eyes");
    page.click(".reaction.mine").await;
    page.eventually("it is taken away", "!document.querySelector('.reaction')").await;
    page.client.execute("document.querySelector('.tools summary').click()", vec![]).await.expect("a click");
    page.press(".tools", "Add to the timeline\nWarridor").await;
    page.eventually("the menu is shut", "!document.querySelector('.tools details[open]')").await;
    let heard = app.last("message_action");
    assert_eq!((&heard["callback_id"], &heard["message_ts"]), (&json!("note"), &posted["ts"]));
    assert_eq!(heard["message"]["text"], "draining east");
}

#[tokio::test]
async fn a_question_is_asked_before_a_loud_button_acts() {
    let app = App::quiet().await;
    let blocks = json!([{"type": "actions", "elements": [{
        "type": "button", "action_id": "wake", "text": plain("Wake"), "style": "danger",
        "confirm": {"title": plain("Sure?"), "text": {"type": "mrkdwn", "text": "This *wakes* Ben"}, "confirm": plain("Wake him"), "deny": plain("Let him sleep")},
    }]}]);
    app.call("chat.postMessage", json!({"channel": "payments", "text": "x", "blocks": blocks})).await;
    let page = Page::open(&app.page("/?as=ana&channel=payments")).await;
    page.click("article .btn.danger").await;
    page.shows("dialog b", "wakes").await;
    page.is_accessible("a question").await;
    page.press("dialog", "Let him sleep").await;
    page.eventually("the question is gone", "!document.querySelector('dialog')").await;
    assert_eq!(app.count("block_actions"), 0);
    page.click("article .btn.danger").await;
    page.press("dialog", "Wake him").await;
    page.eventually("the question is gone", "!document.querySelector('dialog')").await;
    page.eventually("the click went out", "!document.querySelector('.busy')").await;
    assert_eq!(app.count("block_actions"), 1);
}

#[tokio::test]
async fn the_home_tab_is_asked_for_and_drawn() {
    let app = App::start(|p| {
        let event = &p["event"];
        if event["type"] != "app_home_opened" || event["tab"] != "home" {
            return Reaction::default();
        }
        let view =
            json!({"type": "home", "blocks": [{"type": "header", "text": plain("My shifts")}, button("swap", "Swap")]});
        Reaction {
            calls: vec![("views.publish", json!({"user_id": event["user"], "view": view}))],
            ..Reaction::default()
        }
    })
    .await;
    let page = Page::open(&app.page("/?as=ana&channel=payments")).await;
    page.press("#side", "📟Warridor").await;
    page.press(".tabs", "Home").await;
    page.shows(".home h3", "My shifts").await;
    page.is_accessible("the Home tab").await;
    page.press(".home", "Swap").await;
    page.eventually("the click went out", "!document.querySelector('.busy')").await;
    assert_eq!(app.last("block_actions")["container"]["type"], "view");
    page.press(".tabs", "Messages").await;
    page.find(".composer").await;
}

#[tokio::test]
async fn news_leave_typed_text_focus_and_place_alone() {
    let app = App::quiet().await;
    for n in 0..40 {
        app.call("chat.postMessage", json!({"channel": "payments", "text": format!("line {n}")})).await;
    }
    let page = Page::open(&app.page("/?as=ana&channel=payments")).await;
    page.shows("article", "line 39").await;
    page.eventually("the newest is in view", "(() => { const m = document.querySelector('#messages'); return m.scrollHeight - m.scrollTop - m.clientHeight < 5 })()").await;
    page.type_text("half a sen").await;
    page.js("(document.querySelector('#messages').scrollTop = 100, 1)").await;
    app.call("chat.postMessage", json!({"channel": "payments", "text": "breaking news"})).await;
    page.shows("article", "breaking news").await;
    assert_eq!(page.js("document.querySelector('#messages').scrollTop").await, json!(100));
    page.type_text("tence").await;
    assert_eq!(page.js("document.activeElement.value").await, "half a sentence");
}
