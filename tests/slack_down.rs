//! Slack is down for half an hour: alerts are taken all the same, and on its return people see how things stand, not
//! everything they missed.

mod e2e;

use e2e::{Company, Pager, SOON, eventually_true};
use serde_json::json;

/// How long a look for what may have been posted takes, and then a post a second for each channel.
const CATCH_UP: u64 = 45;

#[test]
fn fault_8_after_half_an_hour_each_open_incident_has_one_true_card_and_no_replay() {
    let pager = Pager::demo(&Company::waiting(&["5m", "5m", "10m"]).impatient());
    pager.has_sockets(2);
    let slack = pager.slack;
    let seen_before = pager.alert("seen before");
    slack.card_says("payments", seen_before, "Paging *Ana Silva*");
    slack.page_to("ana", seen_before);
    pager.settles(SOON);

    slack.order(json!({"fault": "503", "method": "*", "when": "before"}));
    let open = [pager.alert("b"), pager.alert("c")];
    let over = pager.alert("over soon");
    for minute in 0..30 {
        slack.advance(60);
        if minute == 10 {
            pager.clear("over soon");
        }
        // Monitors repeat themselves.
        assert_eq!(pager.alert("b"), open[0], "taken, and the same incident");
    }
    eventually_true("every level was asked and nobody answered", SOON, || pager.facts_of("call_exhausted").len() >= 3);
    assert_eq!(pager.readyz().status, 200, "alerts are taken");
    assert_eq!(slack.messages("payments").iter().filter(|m| m.identity().is_some()).count(), 1, "Slack was down");

    slack.heal();
    // What waits for a later try is tried now.
    slack.advance(31);
    for no in open {
        slack.card_says_within(CATCH_UP, "payments", no, "*Nobody answered.*").must_say("are told, and again at");
    }
    slack.card_says_within(CATCH_UP, "payments", seen_before, "*Nobody answered.*");
    slack.card_says_within(CATCH_UP, "payments", over, "Cleared by the monitor");
    pager.settles(CATCH_UP);
    for no in [seen_before, open[0], open[1], over] {
        assert_eq!(slack.cards("payments", no).len(), 1, "cards of #{no}");
        for who in ["ana", "ben", "mara"] {
            assert!(slack.pages(who, no).len() <= 1, "{who} got {} pages of #{no}", slack.pages(who, no).len());
        }
    }
    assert!(slack.pages("ana", over).is_empty(), "Ana was paged about what was over");
    // Whoever looks after those whom nobody answered for is told of each.
    for no in open {
        slack.page_to_within(CATCH_UP, "mara", no);
    }
}
