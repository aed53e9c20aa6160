//! Slack misbehaves in every way it is known to: the pager neither drops a page nor says anything twice.
//!
//! The numbers are rows of the project's table of faults.

mod e2e;

use e2e::company::{SEARCH_KEY, channel_id, user_id, workspace};
use e2e::slack::Call;
use e2e::{Company, Pager, SOON, eventually_true};
use serde_json::{Value, json};
use std::sync::Barrier;

/// How long a page whose answer was lost may wait before it goes again (faults 5 and 6), and a little for a busy machine.
const CERTAINTY_SECS: f64 = 8.0;
const BUSY_SECS: f64 = 2.0;
/// Twenty messages into one place, one a second.
const BURST: u64 = 20;
/// A deadline for what waits for certainty first.
const CERTAIN: u64 = 8 + SOON;

fn ready() -> Pager {
    let pager = Pager::run(&Company::default().impatient());
    pager.has_sockets(2);
    pager
}

/// Incident `no` of payments has one card, and Ana one page of it.
#[track_caller]
fn is_told_once(pager: &Pager, no: u64) {
    assert_eq!(pager.slack.cards("payments", no).len(), 1, "cards of #{no}");
    assert_eq!(pager.slack.pages("ana", no).len(), 1, "pages of #{no} to Ana");
}

/// The pager knows the messages it posted: an acknowledgement shows on card and page.
#[track_caller]
fn is_kept_true(pager: &Pager, no: u64) {
    let slack = pager.slack;
    let page = slack.page_to("ana", no);
    slack.press_well("ana", "dm:ana", &page, "incident.acknowledge");
    slack.card_says("payments", no, "*Ana Silva* has it since");
    eventually_true("Ana's page says that she has it", SOON, || {
        slack.pages("ana", no).iter().any(|m| m.readable().contains("*You have it* since"))
    });
}

/// The calls that were to post the page of an incident.
fn page_posts(pager: &Pager, no: u64) -> Vec<Call> {
    let posts = pager.slack.calls_of("chat.postMessage");
    posts.into_iter().filter(|c| c.posts() == Some(("page".to_owned(), no))).collect()
}

fn texts_of(messages: &[e2e::Message]) -> Vec<String> {
    messages.iter().map(|m| m.text().to_owned()).collect()
}

#[test]
fn fault_3_killed_before_the_post_it_posts_once_at_the_next_start() {
    let mut pager = ready();
    pager.slack.order(json!({"fault": "timeout", "method": "chat.postMessage", "when": "before"}));
    let no = pager.alert("a");
    eventually_true("card and page are on their way", SOON, || pager.slack.calls_of("chat.postMessage").len() == 2);
    pager.kill();
    pager.slack.heal();
    pager.start();
    pager.slack.page_to_within(CERTAIN, "ana", no);
    pager.settles(CERTAIN);
    is_told_once(&pager, no);
    pager.has_sockets(2);
    is_kept_true(&pager, no);
}

#[test]
fn fault_4_killed_after_the_post_it_finds_what_it_posted() {
    let mut pager = ready();
    pager.slack.order(json!({"fault": "timeout", "method": "chat.postMessage", "when": "after"}));
    let no = pager.alert("a");
    pager.slack.card_says("payments", no, "Paging");
    pager.slack.page_to("ana", no);
    pager.kill();
    pager.slack.heal();
    pager.start();
    pager.settles(CERTAIN);
    is_told_once(&pager, no);
    assert_eq!(page_posts(&pager, no).len(), 1, "it was posted again");
    pager.has_sockets(2);
    is_kept_true(&pager, no);
}

#[test]
fn fault_4_killed_with_much_unsent_it_looks_once_for_all_and_not_once_for_each() {
    let mut pager = ready();
    pager.slack.order(json!([
        {"fault": "500", "method": "chat.postMessage", "when": "after", "count": 4},
        {"fault": "history_lag", "ms": 1_000},
    ]));
    let some = [pager.alert("a"), pager.alert("b")];
    for no in some {
        pager.slack.page_to("ana", no);
    }
    pager.slack.order(json!({"fault": "503", "method": "*", "when": "before"}));
    let more: Vec<u64> = (0..12).map(|n| pager.alert(&format!("more {n}"))).collect();
    pager.kill();
    pager.slack.heal();
    let before = |method: &str| pager.slack.calls_of(method).len();
    let (looks, opens) = (before("conversations.history"), before("conversations.open"));
    pager.start();
    for no in some.iter().chain(&more) {
        pager.slack.page_to_within(CERTAIN + BURST, "ana", *no);
    }
    pager.settles(CERTAIN + BURST);
    for no in some.iter().chain(&more) {
        is_told_once(&pager, *no);
    }
    let looks = pager.slack.calls_of("conversations.history").len() - looks;
    let opens = pager.slack.calls_of("conversations.open").len() - opens;
    // Two at once, into the channel and into her messages, every second and a half for at most eight.
    assert!((1..=30).contains(&looks), "{looks} looks for {} incidents", more.len() + some.len());
    assert!(opens <= 2, "{opens} times asked for the same person's channel");
}

#[test]
fn fault_5_a_500_after_acting_is_found_by_its_metadata_although_history_lags() {
    let pager = ready();
    pager.slack.order(json!([
        {"fault": "500", "method": "chat.postMessage", "when": "after", "count": 2},
        {"fault": "history_lag", "ms": 3_000},
    ]));
    let no = pager.alert("a");
    pager.settles(CERTAIN);
    is_told_once(&pager, no);
    assert_eq!(page_posts(&pager, no).len(), 1, "it was posted again");
    is_kept_true(&pager, no);
}

#[test]
fn fault_5_history_that_lags_too_long_costs_one_duplicate_at_most() {
    let pager = ready();
    pager.slack.order(json!([
        {"fault": "500", "method": "chat.postMessage", "when": "after", "count": 2},
        {"fault": "history_lag", "ms": 60_000},
    ]));
    let no = pager.alert("a");
    pager.settles(CERTAIN);
    assert!(pager.slack.cards("payments", no).len() <= 2);
    let again = "You may see it twice";
    let pages = pager.slack.pages("ana", no);
    assert_eq!(
        pages.iter().filter(|m| m.readable().contains(again)).count(),
        pages.len() - 1,
        "the second one says so"
    );
}

#[test]
fn fault_6_a_500_before_acting_is_sent_again_within_8_seconds() {
    let pager = ready();
    pager.slack.order(json!({"fault": "500", "method": "chat.postMessage", "when": "before", "count": 2}));
    let no = pager.alert("a");
    pager.slack.page_to_within(CERTAIN, "ana", no);
    pager.settles(CERTAIN);
    let posts = page_posts(&pager, no);
    let waited = posts[1].time - posts[0].time;
    assert!(waited <= CERTAINTY_SECS + BUSY_SECS, "the page went again after {waited} s");
    is_told_once(&pager, no);
    is_kept_true(&pager, no);
}

#[test]
fn fault_6_no_answer_at_all_is_given_up_and_sent_again() {
    let pager = ready();
    pager.slack.order(json!({"fault": "timeout", "method": "chat.postMessage", "when": "before", "count": 2}));
    let no = pager.alert("a");
    pager.slack.page_to_within(2 * CERTAIN, "ana", no);
    pager.settles(CERTAIN);
    let posts = page_posts(&pager, no);
    // A call gets 8 s, and then its message is looked for.
    let waited = posts[1].time - posts[0].time;
    assert!(waited <= 8.0 + CERTAINTY_SECS + BUSY_SECS, "the page went again after {waited} s");
    is_told_once(&pager, no);
    is_kept_true(&pager, no);
}

#[test]
fn fault_7_a_429_pauses_one_channel_and_delays_no_page() {
    let pager = ready();
    pager.slack.order(json!({
        "fault": "429", "method": "chat.postMessage", "channel": channel_id("payments"), "retry_after": 6, "count": 1,
    }));
    let no = pager.alert("a");
    // The page and the other channel do not wait.
    let page = pager.slack.page_to("ana", no);
    let other = pager.alert_by(SEARCH_KEY, "b");
    let other_card = pager.slack.card_says("search", other, "Paging *Chen Wei*");
    // What changes meanwhile goes into the one card that comes at last.
    for _ in 0..10 {
        pager.alert("a");
    }
    let card = pager.slack.card_says("payments", no, "Paging *Ana Silva*");
    card.must_say("11 events");
    assert!(card.time() - page.time() >= 5.5, "Slack asked for 6 s and got {}", card.time() - page.time());
    assert!(other_card.time() < card.time(), "the other channel waited too");
    pager.settles(SOON);
    is_told_once(&pager, no);
    let edits = pager.slack.calls_of("chat.update").into_iter().filter(|c| c.channel() == channel_id("payments"));
    assert!(edits.count() <= 1, "the changes were shown one by one");
}

#[test]
fn fault_9_the_same_event_twice_is_one_incident() {
    let pager = ready();
    let body = json!({"action": "trigger", "dedup_key": "a", "title": "Twice"});
    let path = format!("/integrations/generic/{SEARCH_KEY}");
    let (first, second) = (pager.send(&path, &body), pager.send(&path, &body));
    assert_eq!((first.status, second.status), (202, 202));
    assert_eq!(first.json()["incident"], second.json()["incident"]);
    pager.settles(SOON);
    assert_eq!(pager.slack.cards("search", 1).len(), 1);
    assert_eq!(pager.slack.pages("chen", 1).len(), 1);
}

#[test]
fn fault_9_an_event_slack_sends_again_is_acknowledged_again() {
    let pager = ready();
    pager.slack.order(json!({"fault": "swallow_acks", "count": 2}));
    pager.slack.open_home("ana");
    // Two acknowledgements were swallowed: that of the event, and that of its repetition.
    eventually_true("both are acknowledged", SOON, || pager.slack.faults() == json!([]));
}

#[test]
fn fault_10_a_click_that_never_arrived_changes_nothing_and_works_the_second_time() {
    let pager = ready();
    let no = pager.alert("a");
    let page = pager.slack.page_to("ana", no);
    // A thousand dead sockets take their share of clicks: all of them.
    pager.slack.order(json!({"fault": "ghosts", "count": 100_000}));
    let verdict = pager.slack.press("ana", "dm:ana", &page, "incident.acknowledge");
    assert_eq!(verdict["ok"], false, "{verdict}");
    assert_eq!(pager.facts_of("acknowledged"), Vec::<Value>::new());
    pager.slack.heal();
    is_kept_true(&pager, no);
}

#[test]
fn fault_10_a_click_whose_acknowledgement_was_lost_was_heard_once() {
    let pager = ready();
    let no = pager.alert("a");
    let card = pager.slack.card_says("payments", no, "Paging");
    // The card cannot follow, so that the button is still there.
    pager.slack.order(json!([
        {"fault": "swallow_acks", "count": 1},
        {"fault": "500", "method": "chat.update", "when": "before"},
    ]));
    let verdict = pager.slack.press("ana", "payments", &card, "incident.acknowledge");
    assert_eq!(verdict["ok"], false, "{verdict}");
    pager.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    pager.slack.wait("payments", &format!("You have #{no} already"));
    assert_eq!(pager.facts_of("acknowledged").len(), 1);
    pager.slack.heal();
    pager.slack.card_says_within(30, "payments", no, "*Ana Silva* has it since");
}

#[test]
fn fault_11_a_click_on_a_stale_card_changes_nothing_and_tells_the_truth() {
    let pager = ready();
    let no = pager.alert("a");
    let card = pager.slack.card_says("payments", no, "Paging");
    pager.slack.page_to("ana", no);
    pager.settles(SOON);
    // The card cannot be edited, so it still offers Acknowledge when all is over.
    pager.slack.order(json!({"fault": "500", "method": "chat.update", "when": "before"}));
    pager.clear("a");
    pager.slack.press_well("ben", "payments", &card, "incident.acknowledge");
    let private = pager.slack.wait("payments", &format!("#{no} was resolved by the monitor"));
    assert_eq!(private.0["shown_to"], user_id("ben"));
    assert_eq!(pager.facts_of("acknowledged"), Vec::<Value>::new());
    assert_eq!(pager.facts_of("act_late").len(), 1, "it is on record");
    pager.slack.heal();
    let card = pager.slack.card_says_within(30, "payments", no, "Cleared by the monitor");
    assert_eq!(card.buttons(), ["incident.rca", "incident.reopen", "incident.more"]);
    is_told_once(&pager, no);
}

#[test]
fn fault_12_an_acknowledgement_that_arrives_after_the_resolve_is_recorded_and_not_applied() {
    let pager = ready();
    let event = |action: &str| {
        let body = json!({
            "routing_key": e2e::company::PAYMENTS_KEY, "event_action": action, "dedup_key": "a",
            "payload": {"summary": "Reversed", "source": "db-1", "severity": "critical"},
        });
        assert_eq!(pager.send("/v2/enqueue", &body).status, 202);
    };
    event("trigger");
    event("resolve");
    event("acknowledge");
    pager.slack.card_says("payments", 1, "Cleared by the monitor");
    let late = pager.facts_of("event_late");
    assert_eq!(late.len(), 1);
    assert_eq!(late[0]["action"], "acknowledge");
    assert_eq!(pager.facts_of("acknowledged_by_event"), Vec::<Value>::new());
    pager.settles(SOON);
    pager.slack.card_says("payments", 1, "Cleared by the monitor");
}

#[test]
fn fault_13_two_people_acknowledge_at_the_same_moment_and_the_slower_is_told_who() {
    let pager = ready();
    let slack = pager.slack;
    for round in 1..=5 {
        let no = pager.alert(&format!("race-{round}"));
        assert_eq!(no, round);
        let card = slack.card_says_within(CERTAIN, "payments", no, "Paging");
        // Both were asked: nobody has to confirm.
        slack.press_well("ana", "payments", &card, "incident.escalate");
        let card = slack.card_says("payments", no, "Paging *Ben Okafor*");
        let start = Barrier::new(2);
        std::thread::scope(|threads| {
            for who in ["ana", "ben"] {
                let (start, card) = (&start, &card);
                threads.spawn(move || {
                    start.wait();
                    // The loser may find that the button is gone from the card already.
                    slack.try_press(who, "payments", card.ts(), "incident.acknowledge");
                });
            }
        });
        let won: Vec<Value> = pager.facts_of("acknowledged").into_iter().filter(|f| f["incident"] == no).collect();
        assert_eq!(won.len(), 1, "one acknowledgement of #{no}");
        let (winner, loser) = if won[0]["by"] == "ana" { ("Ana Silva", "ben") } else { ("Ben Okafor", "ana") };
        slack.card_says("payments", no, &format!("*{winner}* has it since"));
        let pressed = pager.facts_of("act_late").iter().any(|f| f["incident"] == no);
        if pressed {
            let private = slack.wait("payments", &format!("{winner} has #{no} since"));
            assert_eq!(private.0["shown_to"], user_id(loser));
        }
    }
    assert!(!pager.facts_of("act_late").is_empty(), "no race was close enough to prove anything");
}

#[test]
fn fault_25_a_card_whose_channel_refuses_it_lives_in_the_admin_channel() {
    let mut broken = workspace();
    for channel in &mut broken.channels {
        match channel.name.as_str() {
            "payments" => channel.is_archived = true,
            "search" => channel.bot_is_member = false,
            _ => {}
        }
        channel.is_private |= channel.name == "search";
    }
    let mut pager = Pager::run_in(Company::default().config(), broken);
    pager.start();
    pager.has_sockets(2);
    let slack = pager.slack;
    for (no, key, who, name) in
        [(1, e2e::company::PAYMENTS_KEY, "ana", "Ana Silva"), (2, SEARCH_KEY, "chen", "Chen Wei")]
    {
        assert_eq!(pager.alert_by(key, "a"), no);
        slack.page_to(who, no);
        let card = slack.card_says("admin", no, "Paging");
        pager.settles(SOON);
        slack.press_well(who, "admin", &card, "incident.acknowledge");
        slack.card_says("admin", no, &format!("*{name}* has it since"));
        assert_eq!(slack.cards("admin", no).len(), 1);
        eventually_true("its thread says why it is here", SOON, || {
            slack.thread("admin", &card).iter().any(|m| m.0.to_string().contains("the old one was refused"))
        });
    }
    let tries = slack.calls_of("chat.postMessage").into_iter().filter(|c| c.answer["ok"] == false).count();
    assert!(tries <= 4, "{tries} posts were refused: that is retrying without end");
}

#[test]
fn fault_25_archived_later_the_card_moves_and_stays_true() {
    let pager = ready();
    let slack = pager.slack;
    let no = pager.alert("a");
    let old = slack.card_says("payments", no, "Paging");
    pager.settles(SOON);
    slack.order(json!([
        {"fault": "error", "error": "is_archived", "method": "chat.update", "channel": "payments"},
        {"fault": "error", "error": "is_archived", "method": "chat.postMessage", "channel": "payments"},
    ]));
    let page = slack.page_to("ana", no);
    slack.press_well("ana", "dm:ana", &page, "incident.acknowledge");
    let card = slack.card_says("admin", no, "*Ana Silva* has it since");
    slack.press_well("ana", "admin", &card, "incident.resolve");
    slack.card_says("admin", no, "Resolved by *Ana Silva*");
    assert_eq!(slack.cards("admin", no).len(), 1);
    assert_eq!(slack.cards("payments", no)[0].ts(), old.ts());
}

#[test]
fn fault_26_somebody_deactivated_is_passed_over_at_once() {
    let pager = ready();
    pager.slack.change_user(json!({"user": "ana", "deleted": true}));
    let no = pager.alert("a");
    // Her level would be waited for for an hour.
    pager.slack.page_to("ben", no);
    pager.slack.card_says("payments", no, "Paging *Ben Okafor*");
    let shown = pager.slack.slash("mara", "payments", &format!("show {no}"));
    assert!(shown.to_string().contains("Ana Silva (Slack): *failed*, Slack says"), "the reason is on record: {shown}");
    pager.slack.wait("admin", "A page to Ana Silva failed");
    // Once is enough: whoever reads it knows.
    let again = pager.alert("b");
    pager.slack.page_to("ben", again);
    pager.settles(SOON);
    let told = pager.slack.messages("admin").iter().filter(|m| m.text().contains("A page to")).count();
    assert_eq!(told, 1);
}

#[test]
fn fault_29_a_revoked_token_stops_messages_not_alerts_and_mends_without_a_restart() {
    let pager = Pager::demo(&Company::default());
    pager.has_sockets(2);
    pager.slack.order(json!({"fault": "error", "error": "token_revoked", "method": "*"}));
    let no = pager.alert("a");
    eventually_true("/readyz says so", SOON, || pager.readyz().text.contains("token_revoked"));
    assert_eq!(pager.readyz().status, 200, "alerts are still taken");
    assert_eq!(pager.alert("b"), no + 1);
    assert!(pager.slack.messages("payments").is_empty());

    // An operator installs the app again.
    pager.slack.heal();
    pager.slack.advance(31);
    for no in [no, no + 1] {
        pager.slack.page_to_within(CERTAIN, "ana", no);
        pager.slack.card_says_within(CERTAIN, "payments", no, "Paging");
    }
    pager.settles(CERTAIN);
    is_told_once(&pager, no);
    eventually_true("/readyz no longer says so", SOON, || !pager.readyz().text.contains("Slack refuses our token"));
    is_kept_true(&pager, no);
}

#[test]
fn fault_35_words_of_an_alert_are_inert() {
    let pager = ready();
    let evil = format!(
        "<!channel> <!here> <@{}> <https://evil.example|our status page> \u{202e}desrever \u{0}\u{7} *bold* {}",
        user_id("mara"),
        "long ".repeat(10_000)
    );
    let body = json!({
        "action": "trigger", "dedup_key": evil, "title": evil, "link": "javascript:alert(1)",
        "labels": {"<!everyone>": evil, "severity": "critical"},
    });
    let answer = pager.send(&format!("/integrations/generic/{SEARCH_KEY}"), &body);
    assert_eq!(answer.status, 202, "{}", answer.text);
    let card = pager.slack.card_says("search", 1, "Paging");
    let page = pager.slack.page_to("chen", 1);
    pager.settles(SOON);
    assert_eq!(pager.slack.messages("search").len(), 1, "{:?}", texts_of(&pager.slack.messages("search")));
    assert_eq!(pager.slack.messages("dm:chen").len(), 1);
    for message in [card, page] {
        let all = message.readable();
        for live in ["<!channel", "<!here", "<!everyone", "<@", "<https://evil", "javascript:", "\u{202e}", "\u{0}"] {
            assert!(!all.contains(live), "{live:?} is in:\n{all}");
        }
        assert!(all.contains("&lt;!channel&gt;"), "the words are still there to read:\n{all}");
        assert!(all.chars().count() < 4_000, "{} characters", all.chars().count());
    }
    assert!(pager.slack.messages("dm:mara").is_empty());
}

#[test]
fn fault_39_a_click_whose_handling_hangs_holds_up_nobody_else() {
    let pager = ready();
    let slack = pager.slack;
    let no = pager.alert("a");
    let card = slack.card_says("payments", no, "Paging");
    slack.order(json!({"fault": "delay", "method": "views.open", "ms": 10_000}));
    for _ in 0..5 {
        slack.press_well("ben", "payments", &card, "incident.snooze");
    }
    slack.press_well("ana", "payments", &card, "incident.acknowledge");
    slack.card_says("payments", no, "*Ana Silva* has it since");
}

#[test]
fn slack_away_at_the_start_delays_messages_not_alerts() {
    let mut pager = Pager::run_later(&Company::default());
    pager.slack.order(json!([
        {"fault": "reset", "method": "*", "when": "before"},
        {"fault": "refuse_connections"},
    ]));
    pager.start();
    let no = pager.alert("a");
    eventually_true("/readyz says what is wrong", SOON, || {
        let ready = pager.readyz();
        assert_eq!(ready.status, 200, "alerts are taken");
        let slack = ready.json()["slack"].clone();
        slack["sockets"] == 0 && !slack["trouble"].is_null() && !slack["last_call_that_failed"].is_null()
    });
    pager.slack.heal();
    pager.slack.card_says_within(30, "payments", no, "Paging");
    pager.slack.page_to_within(30, "ana", no);
    pager.settles(30);
    is_told_once(&pager, no);
    pager.has_sockets_within(30, 2);
    is_kept_true(&pager, no);
}
