//! The demo as somebody who has never seen it meets it: the real binary, the shipped configuration, a real browser.

mod browser;

use browser::demo::{Demo, hostile, picture_wanted, shipped};
use browser::page::Page;
use fantoccini::key::Key;
use serde_json::json;

#[tokio::test]
async fn the_first_html_says_who_one_is_and_holds_the_card_and_its_buttons() {
    let demo = Demo::start_with(&[]).await;
    demo.says("payments", "Payment errors at 8").await;
    let html = reqwest_text(&demo.page("/")).await;
    for wanted in
        ["You are Ana Silva, on call for Payments · backup Ben Okafor", "Payment errors at 8 %", "incident.acknowledge"]
    {
        assert!(html.contains(wanted), "{wanted}: {html}");
    }
    assert!(!html.contains("class=\"unknown\""), "{html}");
}

#[tokio::test]
async fn the_banner_leaves_out_levels_that_never_ask_and_says_for_what_the_others_do() {
    let primary = "{ targets = [\"schedule:payments-primary\"], delay = \"5m\" }";
    let picky = "{ targets = [\"user:mara\"], delay = \"2m\", tiers = [3] },\n  \
                 { targets = [\"schedule:payments-primary\"], delay = \"3m\", during = \"search-support\" }";
    let config = shipped();
    assert!(config.contains(primary));
    let demo = Demo::start_of(&config.replace(primary, picky), &["--no-samples"]).await;
    let html = reqwest_text(&demo.page("/?as=ana")).await;
    let wanted = "You are Ana Silva, on call for Payments, only during search-support · backup Ben Okafor";
    assert!(html.contains(wanted), "{wanted}: {html}");
}

#[tokio::test]
async fn whoever_the_file_knows_by_e_mail_only_is_there_and_is_paged() {
    let slack_of = |id: &str| format!("slack = \"{id}\"\n");
    let config = shipped().replace(&slack_of("U07ANASILVA"), "").replace(&slack_of("U07BENOKAFO"), "");
    let demo = Demo::start_of(&config, &["--no-samples"]).await;
    let info = demo.get("info").await;
    let users: Vec<&str> = info["users"].as_array().unwrap().iter().filter_map(|u| u["name"].as_str()).collect();
    assert_eq!(users, ["ana", "ben", "chen", "divya", "emil", "iris", "jun", "mara"]);
    // The pager asks the local Slack for their ids, as it would ask the real one.
    let knows_ana = async {
        while !reqwest_text(&demo.page("/")).await.contains("You are Ana Silva, on call for Payments") {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(browser::PATIENCE, knows_ana).await.expect("the page opens as Ana");
    demo.alert(json!({"dedup_key": "disk", "title": "Disk on db-1 is 97 % full"})).await;
    demo.says("dm:ana", "Disk on db-1").await;
    demo.post("advance", json!({"seconds": 300})).await;
    demo.says("dm:ben", "Disk on db-1").await;
}

#[tokio::test]
async fn something_breaks_ana_is_pushed_and_acknowledges() {
    let demo = Demo::start().await;
    let page = Page::open(&demo.page("/")).await;
    page.shows("#banner", "You are Ana Silva, on call for Payments").await;
    page.shows(".pushes", "No notifications").await;
    page.eventually("one stays who one is, whoever is on call later", "new URLSearchParams(location.search).get('as')")
        .await;

    page.press("#desk", "🔥 payments down").await;
    page.shows("#note", "payments-api is down: 0 of 6 instances answer: see #payments").await;
    page.shows("article", "payments-api is down").await;
    page.shows(".push", "payments-api is down").await;
    page.shows("#side .badge", "1").await;
    page.is_accessible("a triggered card").await;

    page.press("article", "Acknowledge").await;
    page.shows("article", "Ana Silva").await;
    page.shows("article", "Resolve").await;
    page.shows(".only-me", "Only visible to you").await;
    page.shows("#try .done", "Acknowledge").await;
    page.is_accessible("an acknowledged card").await;

    page.press("#desk", "🧹 clear all").await;
    page.shows("article", "leared").await;
    page.has_no_complaints().await;
}

#[tokio::test]
async fn the_playbook_is_one_tap_away_also_on_a_phone() {
    let demo = Demo::start().await;
    let page = Page::open(&demo.page("/?as=ana&channel=payments")).await;
    page.press("#desk", "🔥 payments down").await;
    page.shows("article", "Service down").await;
    page.press("article", "Playbook").await;
    page.shows(".modal", "Step 1.").await;
    page.is_accessible("a playbook").await;
    page.size(400, 800).await;
    page.eventually("nothing of it is folded", "!document.querySelector('.modal .fold')").await;
    page.has_no_sideways_scroll("a playbook on a phone").await;
    page.is_accessible("a playbook on a phone").await;
    page.has_no_complaints().await;
}

#[tokio::test]
async fn whatever_is_broken_is_seen_and_the_desk_says_where() {
    let demo = Demo::start().await;
    let page = Page::open(&demo.page("/?as=ana&channel=payments")).await;
    page.press("#desk", "🔥 payments down").await;
    page.shows("article", "1 event").await;
    page.press("#desk", "🔥 payments down").await;
    page.shows("#note", "Still open, and counted on its card: see #payments").await;
    page.shows("article", "2 events").await;
    page.press("article", "Acknowledge").await;
    page.press("article", "Resolve").await;
    page.shows("article", "Resolved by Ana Silva").await;
    page.press("#desk", "🔥 payments down").await;
    page.shows("article", "#2 payments-api is down").await;
    page.press("#desk", "💾 flapping disk").await;
    page.shows("#note", "Disk of search-api-1 is 97 % full, 3 times: see #search").await;
    demo.says("search", "Disk of search-api-1").await;
    page.has_no_complaints().await;
}

#[tokio::test]
async fn thirty_minutes_play_every_level_at_its_time() {
    let demo = Demo::start().await;
    demo.alert(json!({"dedup_key": "disk", "title": "Disk on db-1 is 97 % full"})).await;
    demo.says("dm:ana", "Disk on db-1").await;
    let ran = demo.post("advance", json!({"seconds": 1_795, "run": true})).await;
    assert_eq!(ran["ok"], true, "{ran}");
    let mut pushed = Vec::new();
    for who in ["ana", "ben"] {
        let pushes = demo.get(&format!("pushes?user={who}")).await;
        let times =
            pushes.as_array().into_iter().flatten().filter_map(|p| p["ts"].as_str()?.split('.').next()?.parse().ok());
        pushed.extend(times.map(|at: i64| (at, who)));
    }
    pushed.sort_unstable();
    let turns: Vec<&str> = pushed.iter().map(|(_, who)| *who).collect();
    assert_eq!(turns, ["ana", "ben", "ana", "ben", "ana", "ben"], "{pushed:?}");
    let apart: Vec<i64> = pushed.windows(2).map(|two| two[1].0 - two[0].0).collect();
    assert!(apart.iter().all(|secs| (300..=320).contains(secs)), "five minutes each: {apart:?}");
}

#[tokio::test]
async fn a_day_later_the_pager_is_still_there_at_once() {
    let demo = Demo::start().await;
    for by in [json!({"seconds": 90_000, "run": true}), json!({"seconds": 90_000})] {
        assert_eq!(demo.post("advance", by).await["ok"], true);
        let asked = json!({"user": "ana", "channel": "payments", "command": "/pager", "text": "oncall"});
        let answer = demo.post("slash", asked).await;
        assert_eq!(answer["ok"], true, "{answer}");
    }
}

#[tokio::test]
async fn nobody_answers_for_five_minutes_and_ben_is_paged() {
    let demo = Demo::start().await;
    let page = Page::open(&demo.page("/?as=ben")).await;
    page.shows("#banner", "You are Ben Okafor, backup for Payments").await;
    page.press("#desk", "🔥 payments down").await;
    page.shows("article", "Paging Ana Silva").await;
    page.shows(".pushes", "No notifications").await;
    let before = demo.get("pushes?user=ana").await.as_array().map(Vec::len);
    assert_eq!(before, Some(1), "Ana was pushed once");

    page.press("#desk", "+5 min").await;
    page.shows(".push", "payments-api is down").await;
    page.shows("#try .done", "+5 min").await;
    page.shows("#side .unread", "Warridor").await;

    page.press("#side", "📟Warridor1 unread").await;
    page.shows("#messages article", "payments-api is down").await;
    page.eventually("the badge is gone once it was read", "!document.querySelector('#side > ul .badge')").await;
    page.press("#desk", "to the next handoff").await;
    page.eventually(
        "the clock is at a later day or hour",
        "document.querySelector('#now').dataset.ms > Date.now() + 300000",
    )
    .await;
}

#[tokio::test]
async fn a_command_is_completed_and_answered_by_keyboard_alone() {
    let demo = Demo::start().await;
    let page = Page::open(&demo.page("/")).await;
    page.eventually("one can type at once", "document.activeElement.matches('#main textarea')").await;
    page.type_text("/pa").await;
    page.shows("#commands [aria-selected=true]", "/pager").await;
    page.is_accessible("the list of commands").await;
    page.key(Key::Tab).await;
    page.eventually("the command is written", "document.activeElement.value === '/pager '").await;
    page.type_text("oncall").await;
    page.key(Key::Enter).await;
    page.shows(".only-me", "On call now").await;
    page.shows("#try .done", "/pager oncall").await;
    assert_eq!(page.focused().await, "Message #payments, or type /", "the next command can be typed at once");
}

#[tokio::test]
async fn an_unknown_command_is_answered_as_slack_does_and_can_be_mended() {
    let demo = Demo::start().await;
    let page = Page::open(&demo.page("/")).await;
    page.fill("#main .composer textarea", "/pgaer list").await;
    page.click("#main .composer .send").await;
    page.shows("#note", "/pgaer is not a valid command. In Slack, all messages that start with").await;
    page.eventually("it can be mended", "document.querySelector('#main textarea').value === '/pgaer list'").await;
    page.fill("#main .composer textarea", " /pgaer is no command").await;
    page.click("#main .composer .send").await;
    page.shows("article", "/pgaer is no command").await;
}

#[tokio::test]
async fn a_finished_tour_is_put_away_and_stays_so() {
    let demo = Demo::start_with(&[]).await;
    demo.says("payments", "Payment errors at 8").await;
    let page = Page::open(&demo.page("/?as=ana&channel=payments")).await;
    page.press("article", "Acknowledge").await;
    demo.post("advance", json!({"seconds": 60})).await;
    demo.post("slash", json!({"user": "ana", "channel": "payments", "command": "/pager", "text": "oncall"})).await;
    page.shows("#try .all", "That is the whole loop").await;
    page.is_accessible("a finished tour").await;
    page.click("#try [data-act=tour-over]").await;
    let gone = "document.querySelector('#try') && !document.querySelector('#try').checkVisibility()";
    page.eventually("it is put away", gone).await;
    page.go(&demo.page("/?as=ben&channel=payments")).await;
    page.eventually("it stays so", gone).await;
}

#[tokio::test]
async fn forty_alerts_at_once_are_drawn_and_every_message_can_be_drawn() {
    let demo = Demo::start().await;
    let page = Page::open(&demo.page("/?as=emil&channel=platform")).await;
    page.press("#desk", "🌪 40 alerts at once").await;
    page.shows("#note", "40 alerts sent: see #payments, #search, #platform and #security").await;
    page.shows("article", "on host-").await;
    page.eventually("several cards", "document.querySelectorAll('article').length > 3").await;
    assert_eq!(page.js("document.querySelectorAll('.unknown').length").await, json!(0));
    page.has_no_sideways_scroll("a storm").await;
}

#[tokio::test]
async fn a_hostile_alert_is_drawn_and_does_nothing() {
    let demo = Demo::start().await;
    let page = Page::open(&demo.page("/?as=ben")).await;
    let title = page.client.title().await.expect("a title");
    demo.alert(hostile()).await;
    page.find("article .btn").await;
    page.has_no_sideways_scroll("a hostile alert").await;
    page.size(400, 800).await;
    page.has_no_sideways_scroll("a hostile alert on a phone").await;
    assert_eq!(page.client.title().await.expect("a title"), title, "no script ran");
    assert_eq!(
        page.js("document.querySelectorAll('article script, article img, .mention.loud').length").await,
        json!(0)
    );
    assert_eq!(page.js("[...document.links].filter((a) => !/^https?:$/.test(a.protocol)).length").await, json!(0));
    assert_eq!(demo.get("pushes?user=ben").await, json!([]), "<!channel> in an alert pages nobody");
}

#[tokio::test]
async fn on_a_phone_everything_is_in_reach() {
    let demo = Demo::start_with(&[]).await;
    demo.says("payments", "Payment errors at 8").await;
    let page = Page::open(&demo.page("/")).await;
    page.size(400, 800).await;
    page.find("article .btn").await;
    page.has_no_sideways_scroll("a channel").await;
    let send = "(() => { const r = document.querySelector('.send').getBoundingClientRect(); return r.bottom <= innerHeight && r.right <= innerWidth && r.width > 30 })()";
    page.eventually("Send is on screen", send).await;
    page.eventually(
        "a thumb hits what is beside a message",
        "[...document.querySelectorAll('.tool')].filter((e) => e.checkVisibility()).every((e) => e.getBoundingClientRect().height >= 40)",
    )
    .await;
    page.can_be_hit_by_a_thumb("a channel").await;
    page.is_accessible("a channel on a phone").await;

    page.click("#bar [data-drawer=side]").await;
    page.shows("#side", "platform").await;
    page.has_no_sideways_scroll("the list of channels").await;
    page.is_accessible("the list of channels on a phone").await;
    page.press("#side .who-am-i", "MK Mara Keller").await;
    page.shows("#banner", "You are Mara Keller").await;
    page.eventually("the drawer is shut", "!document.querySelector('#side').checkVisibility()").await;

    page.click("#bar [data-drawer=desk]").await;
    page.shows("#desk", "Break something").await;
    page.has_no_sideways_scroll("the desk").await;
    page.key(Key::Escape).await;
    page.eventually("Escape shuts the desk", "!document.querySelector('#desk').checkVisibility()").await;
}

#[tokio::test]
async fn on_a_phone_a_push_drops_in_and_opens_the_page() {
    let demo = Demo::start_with(&[]).await;
    demo.says("payments", "Payment errors at 8").await;
    let page = Page::open(&demo.page("/?as=ana&channel=payments")).await;
    page.size(400, 800).await;
    page.find("article .btn").await;
    page.click("#bar [data-drawer=desk]").await;
    // One push at a time: what comes within half a minute of an unanswered one waits.
    page.click("[data-act=advance][data-seconds='60']").await;
    page.click("[data-trouble=down]").await;
    page.eventually("it has come", "document.querySelector('#buzz .push')").await;
    page.click("#desk .drawer-close").await;
    page.shows("#buzz", "payments-api is down").await;
    page.has_no_sideways_scroll("a push").await;
    if let Some(dir) = std::env::var_os("WARRIDOR_LOOK") {
        let path = std::path::Path::new(&dir).join("a-push-drops-in.png");
        std::fs::write(path, page.picture().await).expect("a picture is written");
    }
    page.click("#buzz a").await;
    page.shows("#main .head", "Messages").await;
    page.shows("#messages", "payments-api is down").await;
    page.eventually("it is read", "document.querySelector('#buzz').textContent === ''").await;
}

#[tokio::test]
async fn a_call_is_taken_on_the_drawn_telephone_and_a_text_is_answered_there() {
    let demo = Demo::start_with(&[]).await;
    demo.says("payments", "Payment errors at 8").await;
    let page = Page::open(&demo.page("/?as=ana&channel=payments")).await;
    let look = async |what: &str| {
        page.is_accessible(what).await;
        if let Some(dir) = std::env::var_os("WARRIDOR_LOOK") {
            let name = format!("telephone-{}.png", what.replace(' ', "-"));
            std::fs::write(std::path::Path::new(&dir).join(name), page.picture().await).expect("a picture is written");
        }
    };
    page.click("[data-act=advance][data-seconds='60']").await;
    page.shows(".phone", "Reply 1 to acknowledge").await;
    page.click("[data-act=advance][data-seconds='60']").await;
    page.shows(".phone .call", "is calling").await;
    look("it rings").await;
    page.click("[data-do=pick_up]").await;
    page.shows(".phone .call-said", "This is Warridor. Incident 1. Payments API, tier 1.").await;
    look("it speaks").await;
    page.click("[data-do=press][data-key='1']").await;
    page.shows("#messages", "Ana Silva has it").await;
    page.eventually("the call is over", "!document.querySelector('.phone .call')").await;
    // The next one is answered by text.
    page.click("[data-act=advance][data-seconds='60']").await;
    page.click("[data-trouble=down]").await;
    demo.says("payments", "payments-api is down").await;
    page.click("[data-act=advance][data-seconds='60']").await;
    page.shows(".phone .push.text", "payments-api is down").await;
    page.click("[data-act=text-back][data-text='1']").await;
    page.shows(".phone .push.text", "You have #2.").await;
    look("answered").await;
    page.has_no_complaints().await;
}

#[tokio::test]
async fn the_snooze_window_opens_keeps_the_focus_and_gives_it_back() {
    let demo = Demo::start_with(&[]).await;
    demo.says("payments", "Payment errors at 8").await;
    let page = Page::open(&demo.page("/")).await;
    page.find("[data-action='incident.snooze']").await.click().await.expect("a click");
    page.shows(".modal h2", "nooze").await;
    page.eventually("the focus is in the window", "document.activeElement.closest('.modal')").await;
    for _ in 0..12 {
        page.key(Key::Tab).await;
        page.eventually("Tab stays in the window", "document.activeElement.closest('.modal')").await;
    }
    page.is_accessible("the snooze window").await;
    page.size(400, 800).await;
    page.has_no_sideways_scroll("the snooze window on a phone").await;
    page.key(Key::Escape).await;
    page.eventually("Escape closes it", "!document.querySelector('.modal')").await;
    page.eventually("the focus is back", "document.activeElement.dataset.action === 'incident.snooze'").await;
}

#[tokio::test]
async fn dark_is_dark_and_still_readable() {
    let demo = Demo::start_with(&[]).await;
    demo.says("payments", "Payment errors at 8").await;
    let page = Page::open(&demo.page("/")).await;
    page.dark().await;
    page.find("article .btn").await;
    let dark = page.js("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((n) => n < 60)").await;
    assert_eq!(dark, true, "the background is dark");
    page.is_accessible("the dark page").await;
    page.size(400, 800).await;
    page.is_accessible("the dark page on a phone").await;
    page.size(1280, 800).await;
    page.press("article", "Acknowledge").await;
    page.find(".replies").await.click().await.expect("a click");
    page.shows("#thread", "Ana Silva").await;
    page.is_accessible("a thread in the dark").await;
    page.press("#main article", "Snooze…").await;
    page.find(".modal").await;
    page.is_accessible("a window in the dark").await;
}

/// Presses Tab until what is wanted has the focus.
async fn tab_to(page: &Page, wanted: &str) {
    for _ in 0..80 {
        if page.focused().await == wanted {
            return;
        }
        page.key(Key::Tab).await;
    }
    panic!("“{wanted}” cannot be reached with Tab");
}

#[tokio::test]
async fn an_incident_is_acknowledged_snoozed_and_discussed_without_a_mouse() {
    let demo = Demo::start_with(&[]).await;
    demo.says("payments", "Payment errors at 8").await;
    let page = Page::open(&demo.page("/")).await;
    page.find("article .btn").await;
    page.js("(document.activeElement.blur(), 1)").await;
    tab_to(&page, "Acknowledge").await;
    page.key(Key::Enter).await;
    page.shows("article", "Resolve").await;
    tab_to(&page, "Snooze…").await;
    page.key(Key::Enter).await;
    page.shows(".modal h2", "nooze").await;
    page.key(Key::Down).await;
    tab_to(&page, "Snooze").await;
    page.key(Key::Enter).await;
    page.shows("article", "End snooze").await;
    page.eventually("the window is shut", "!document.querySelector('.modal')").await;
    tab_to(&page, "Reply in thread").await;
    page.key(Key::Enter).await;
    page.eventually("the thread is open", "document.activeElement.matches('#thread textarea')").await;
    page.type_text("the provider is down").await;
    page.key(Key::Enter).await;
    page.shows("#thread article", "the provider is down").await;
    page.key(Key::Escape).await;
    page.eventually("the thread is shut", "!document.querySelector('#thread')").await;
}

/// `tests/picture.sh` sets `WARRIDOR_PICTURE` to where the README's picture goes; without it nothing is written.
#[tokio::test]
async fn a_triggered_and_an_acknowledged_card_stand_side_by_side() {
    let demo = Demo::start_with(&[]).await;
    demo.says("payments", "Payment errors at 8").await;
    let page = Page::open(&demo.page("/")).await;
    page.press("article", "Acknowledge").await;
    page.shows("article", "Resolve").await;
    demo.alert(json!({
        "dedup_key": "disk", "title": "Disk on db-1 is 97 % full", "link": "https://grafana.example/d/disk",
        "labels": {"alertname": "DiskFillingUp", "host": "db-1", "mountpoint": "/var/lib/postgresql"},
    }))
    .await;
    page.shows("article", "Disk on db-1").await;
    page.shows("article", "Acknowledge").await;
    page.shows(".push", "Disk on db-1").await;
    page.eventually("what is only for Ana is there", "document.querySelector('.only-me')").await;
    if let Some(path) = picture_wanted() {
        page.eventually("nothing is said", "!document.querySelector('#note').innerText").await;
        let same =
            "document.querySelector('#now').innerText.startsWith(document.querySelector('.phone-time').innerText)";
        page.eventually("both clocks agree", same).await;
        std::fs::write(path, page.picture().await).expect("the picture is written");
    }
}

async fn reqwest_text(url: &str) -> String {
    browser::demo::client().get(url).send().await.expect(url).text().await.expect(url)
}
