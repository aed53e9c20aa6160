//! What a responder does, in a real browser in front of the demo: at a desk, and one-handed on a phone.

mod browser;

use browser::demo::hostile;
use browser::page::Page;
use browser::story::{Size, Story};
use fantoccini::key::Key;
use serde_json::json;

macro_rules! at_both_sizes {
    ($($story:ident)*) => {
        mod at_a_desk {
            $(#[tokio::test] async fn $story() { super::$story(super::Size::Desktop).await })*
        }
        mod on_a_phone {
            $(#[tokio::test] async fn $story() { super::$story(super::Size::Phone).await })*
        }
    };
}

at_both_sizes! {
    ana_is_pushed_and_acknowledges
    nobody_answers_and_ben_is_paged
    a_snooze_says_why_and_its_end_is_news
    what_is_said_about_an_incident
    others_are_asked_to_come_and_one_takes_it
    an_incident_ends_in_three_ways
    somebody_who_was_not_asked_takes_it_with_one_tap_more
    a_maintenance_window_is_made_seen_and_ended
    a_silence_is_made_seen_and_ended
    somebody_stands_in_and_it_is_taken_and_ended
    the_home_tab_acts_and_pages
    a_message_is_announced
    words_to_the_bot_are_commands
    the_first_look_says_what_is_felt
    what_is_major_says_so_everywhere
    a_test_page_comes_to_whoever_asks_for_it
    two_people_write_an_rca_each_in_their_own_window
    what_ben_said_goes_into_the_timeline_and_the_fix_becomes_a_playbook
    a_hostile_alert_is_harmless_everywhere
}

async fn ana_is_pushed_and_acknowledges(size: Size) {
    let story = Story::broken(size, "ana").await;
    story.page.shows(".push", "payments-api is down").await;
    story.look("a card").await;
    story.look_at_desk("a push").await;
    story.tap("#main", "incident.acknowledge").await;
    story.card("Ana Silva has it").await;
    story.page.shows(".only-me", "You have #1. Ben Okafor will not be paged.").await;
    story.look("acknowledged").await;
    story.be("ana", "dm").await;
    story.page.shows("#messages article", "You have it").await;
    story.look("the page that was answered").await;
    story.page.has_no_complaints().await;
}

async fn nobody_answers_and_ben_is_paged(size: Size) {
    let story = Story::broken(size, "ben").await;
    story.page.shows(".pushes", "No notifications").await;
    story.desk("+5 min").await;
    story.page.shows(".push", "payments-api is down").await;
    story.card("Paging Ben Okafor").await;
    story.look("ben is paged").await;
    story.be("ben", "dm").await;
    story.page.shows("#messages article", "payments-api is down").await;
    story.look("the page").await;
    story.tap("#main", "incident.acknowledge").await;
    story
        .page
        .eventually(
            "answered, a page has nothing to press",
            "!document.querySelector(\"#messages [data-action='incident.acknowledge']\")",
        )
        .await;
    story.be("ana", "dm").await;
    story.page.shows("#messages article", "Ben Okafor has it").await;
}

async fn the_first_look_says_what_is_felt(size: Size) {
    let story = Story::anas(size).await;
    story.tap("#main", "incident.triage").await;
    story.window("Who feels it?").await;
    story.look("the first look").await;
    story.tap(".modal", "triage.some").await;
    story.window("some customers (Ana Silva").await;
    story.look("the first look, answered").await;
    story.card("Found: some customers feel it").await;
    // What customers feel cannot wait: that is offered once they do not.
    story.tap(".modal", "triage.inside").await;
    story.window("colleagues, no customers (Ana Silva").await;
    story.tap(".modal", "triage.can_wait").await;
    story.window("How bad is it?").await;
    story.look("it can wait").await;
    story.page.click(".modal button[type=submit]").await;
    story.card("Resolved by Ana Silva").await;
}

/// It is major: a question names whom that wakes, and everybody is paged.
async fn what_is_major_says_so_everywhere(size: Size) {
    let story = Story::anas(size).await;
    story.tap("#main", "incident.triage").await;
    story.window("It is major.").await;
    story.tap(".modal", "triage.major").await;
    story.page.shows("dialog.confirm", "This pages").await;
    story.look("is it major").await;
    story.page.press("dialog.confirm", "It is major").await;
    story.window("is major. Paged now").await;
    story.look("it is major").await;
    story.shut().await;
    story.card("MAJOR").await;
    story.look("a major card").await;
}

/// Ana looks whether she is ready, and has a test page sent.
async fn a_test_page_comes_to_whoever_asks_for_it(size: Size) {
    let story = Story::quiet(size, "ana").await;
    story.say("/pager oncall test").await;
    story.be("ana", "dm").await;
    story.page.shows("#messages article", "Nothing is wrong").await;
    story.look("a test page").await;
    story.tap("#main", "incident.acknowledge").await;
    story.page.shows("#messages article", "The test page reached you").await;
    story.look("a test page that came").await;
}

async fn two_people_write_an_rca_each_in_their_own_window(size: Size) {
    let story = Story::anas(size).await;
    story.tap("#main", "incident.resolve").await;
    story.card("RCA due").await;
    story.look("a card that owes an RCA").await;
    story.tap("#main", "incident.rca").await;
    story.window("Did customers feel it?").await;
    story.tap(".modal", "rca.felt").await;
    story.window("these five parts").await;
    story.look("an RCA").await;
    let ben = Page::open(&story.demo.page("/?as=ben&channel=payments")).await;
    ben.size(400, 800).await;
    ben.click("#messages [data-action='incident.rca']").await;
    ben.shows(".modal", "these five parts").await;
    // Both are in the same part.
    let cause = ".modal [data-value$='/rca/cause']";
    ben.click(cause).await;
    ben.shows(".modal", "What was found").await;
    story.page.click(cause).await;
    story.window("What was found").await;
    story.look("a part of an RCA").await;
    ben.fill(".modal [data-block='words'] textarea", "The disk was full.").await;
    ben.click(".modal button[type=submit]").await;
    ben.shows(".modal", "The disk was full.").await;
    story.write("words", "Nobody had an alert for it.").await;
    story.page.click(".modal button[type=submit]").await;
    story.window("Ben Okafor saved this meanwhile").await;
    story.window("The disk was full.").await;
    story.look("two people wrote at once").await;
    story.write("words", "The disk was full, and nobody had an alert for it.").await;
    story.page.click(".modal button[type=submit]").await;
    story.window("Still missing").await;
    story.window("The disk was full, and nobody had an alert for it.").await;
    story.shut().await;
    ben.has_no_complaints().await;
}

async fn a_snooze_says_why_and_its_end_is_news(size: Size) {
    let story = Story::anas(size).await;
    let pushed = "document.querySelectorAll('.push').length";
    let before = story.page.js(pushed).await;
    story.tap("#main", "incident.snooze").await;
    story.window("Nobody is paged until").await;
    story.choose("Waiting on somebody").await;
    story.write("words", "the provider").await;
    story.look("the snooze window").await;
    story.submit().await;
    story.card("(waiting: the provider)").await;
    story.page.shows(".only-me", "#1 is snoozed until").await;
    story.look("snoozed").await;
    story.desk("+30 min").await;
    story.desk("+1 min").await;
    story.page.shows("#messages article", "The snooze is over").await;
    story.card("Paging Ana Silva").await;
    story.page.eventually("Ana is pushed anew", &format!("{pushed} > {before}")).await;
    story.page.shows(".broadcast", "payments-api is down").await;
    story.look("the snooze is over").await;
    story.page.click("#messages .replies").await;
    story.page.shows("#thread", "The snooze is over").await;
    story.look("a thread").await;
}

async fn what_is_said_about_an_incident(size: Size) {
    let story = Story::anas(size).await;
    story.tap("#main", "incident.more").await;
    story.window("I'm on it").await;
    story.look("more").await;
    story.tap(".modal", "incident.start").await;
    story.window("You are on it").await;
    story.look("more has acted").await;
    story.shut().await;
    story.card("Ana Silva is on it").await;

    story.more("incident.mitigate").await;
    story.window("#1 is mitigated").await;
    story.shut().await;

    story.more("incident.note").await;
    story.window("What did you find?").await;
    story.look("a note").await;
    story.write("words", "the provider\u{2019}s certificate has expired").await;
    story.submit_on_top("Noted on #1").await;

    story.more("incident.make_low").await;
    story.window("nobody is paged for it any more").await;
    story.shut().await;
    story.more("incident.make_high").await;
    story.page.press("dialog.confirm", "Make it high").await;
    story.window("#1 is high urgency").await;
    story.shut().await;

    story.more("incident.who_was_paged").await;
    story.window("delivered").await;
    story.look("who was paged").await;
    story.page.press(".modal-foot", "Back").await;
    story.window("More about #1").await;
    story.tap(".modal", "incident.timeline").await;
    story.window("certificate has expired").await;
    story.look("what happened").await;
    story.shut().await;
    story.look("a mitigated card").await;
}

async fn others_are_asked_to_come_and_one_takes_it(size: Size) {
    let story = Story::anas(size).await;
    story.more("incident.add_responders").await;
    story.window("Teams and schedules").await;
    story.page.click(".modal button[type=submit]").await;
    story.page.shows(".error", "Nobody was named").await;
    story.choose("Emil Lund").await;
    story.look("choosing whom to ask").await;
    story.submit_on_top("paging Emil Lund now").await;

    story.more("incident.add_responders").await;
    story.choose("Security:").await;
    story.look("choosing a team").await;
    story.submit_on_top("now, next").await;
    story.look("others are asked").await;

    story.more("incident.reassign").await;
    story.select("person", "Ben Okafor").await;
    story.look("reassign").await;
    story.submit_on_top("Ana Silva has it until Ben Okafor acknowledges").await;
    story.be("ben", "dm").await;
    story.page.shows("#messages article", "Ana Silva asks you to take it").await;
    story.look("asked to take it").await;
    story.tap("#main", "incident.acknowledge").await;
    story.be("ana", "payments").await;
    story.card("Ben Okafor has it").await;
}

async fn an_incident_ends_in_three_ways(size: Size) {
    let story = Story::anas(size).await;
    story.more("incident.resolve_with_note").await;
    story.write("words", "put in the new certificate").await;
    story.look("resolve with a note").await;
    story.submit_on_top("#1 is resolved").await;
    story.card("Resolved by Ana Silva").await;
    story.look("resolved").await;

    story.demo.alert(json!({"dedup_key": "disk", "title": "Disk on db-1 is 97 % full"})).await;
    story.card("Disk on db-1").await;
    story.demo.alert(json!({"dedup_key": "slow", "title": "Payments take 9 s"})).await;
    story.card("Payments take 9 s").await;
    story.more("incident.merge").await;
    story.select("into", "Disk on db-1").await;
    story.look("merge").await;
    story.submit_on_top("is part of #2 now").await;
    story.card("Merged into #2").await;
    story.card("2 alerts").await;

    story.demo.alert(json!({"dedup_key": "noise", "title": "Everything is fine"})).await;
    story.card("Everything is fine").await;
    story.more("incident.not_actionable").await;
    story.page.shows("dialog.confirm", "it woke somebody for nothing").await;
    story.look("not actionable asks").await;
    story.page.press("dialog.confirm", "Not actionable").await;
    story.window("its alert is marked as one to fix").await;
    story.shut().await;
    story.look("a channel afterwards").await;
}

async fn somebody_who_was_not_asked_takes_it_with_one_tap_more(size: Size) {
    let story = Story::broken(size, "chen").await;
    story.tap("#main", "incident.acknowledge").await;
    story.page.shows(".only-me", "You are not on call for Payments. Take #1?").await;
    story.card("Paging Ana Silva").await;
    story.look("one tap more").await;
    story.tap(".only-me", "incident.take").await;
    story.card("Chen Wei has it").await;
    story.page.shows(".only-me", "You have #1").await;
    story.look("taken").await;
}

async fn the_home_tab_acts_and_pages(size: Size) {
    let story = Story::broken(size, "ana").await;
    story.be("ana", "home").await;
    story.page.shows(".home", "You are on call").await;
    story.look("home").await;
    story.tap(".home", "incident.acknowledge").await;
    story.window("You have #1").await;
    story.look("home has acted").await;
    story.shut().await;
    story.page.shows(".home", "Ana Silva has it").await;

    story.tap(".home", "raise.open").await;
    story.window("Service").await;
    story.select("service", "Payments API").await;
    story.window("This wakes Ana Silva").await;
    story.write("what", "Nobody can pay with PayPal").await;
    story.look("page somebody").await;
    story.submit().await;
    story.be("ana", "payments").await;
    story.card("Nobody can pay with PayPal").await;
    story.look("opened by hand").await;
}

async fn a_maintenance_window_is_made_seen_and_ended(size: Size) {
    let story = Story::quiet(size, "ana").await;
    story.say("/pager maintenance").await;
    story.window("What still fires at the end pages whoever is on call then.").await;
    story.choose("Payments API").await;
    let end = ".modal [data-block='at'] input";
    let later = "new Date(Date.now() + 7_200_000).toLocaleString('sv', {timeZone: document.querySelector(\".modal \
                 [data-block='at'] input\").dataset.tz}).slice(0, 16).replace(' ', 'T')";
    let later = story.page.js(later).await;
    story.page.fill(end, later.as_str().expect("a time")).await;
    story.write("words", "deploy 42").await;
    story.look("the maintenance window").await;
    story.submit().await;
    story.page.shows(".only-me", "Maintenance of Payments API until").await;
    story.page.shows("#messages article", "It holds nothing back now").await;
    story.look("maintenance").await;

    story.desk("🔥 payments down").await;
    story.card("In maintenance by Ana Silva until").await;
    story.page.shows("#messages article", "Held back: 1 incident").await;
    story.page.shows(".pushes", "No notifications").await;
    story.look("in maintenance").await;
    story.tap("#main", "quiet.extend").await;
    story.page.shows(".only-me", "lasts until").await;
    let all = "[...document.querySelectorAll('#messages article')]";
    let end = format!("{all}.map((a) => a.textContent.match(/lasts until \\S+ (\\d\\d:\\d\\d) now/)).find(Boolean)[1]");
    let post = format!("{all}.some((a) => a.textContent.includes('1 hour more') && a.textContent.includes({end}))");
    story.page.eventually("the window's message has the new end", &post).await;
    story.tap("#main", "quiet.end").await;
    story.page.shows(".only-me", "was ended by Ana Silva").await;
    story.card("Paging Ana Silva since").await;
    story.page.shows(".push", "payments-api is down").await;
    story.page.shows("#messages article", "These page whoever is on call: #1.").await;
    story.look("maintenance ended").await;
    story.page.has_no_complaints().await;
}

async fn a_silence_is_made_seen_and_ended(size: Size) {
    let story = Story::broken(size, "ana").await;
    story.more("incident.silence").await;
    story.window("It is recorded and shown, and pages nobody.").await;
    story.write("words", "known, the fix is on its way").await;
    story.look("the silence window").await;
    story.submit_on_top("Ana Silva is not paged any more").await;
    story.card("Silenced by Ana Silva until").await;
    story.look("silenced").await;
    story.say("/pager silences").await;
    story.page.shows(".only-me", "known, the fix is on its way").await;
    story.look("silences").await;
    story.be("ana", "home").await;
    story.page.shows(".home", "Silence of").await;
    story.look("a home with a silence").await;
    story.be("ana", "payments").await;
    story.desk("+5 min").await;
    story.card("Silenced by Ana Silva until").await;
    story.tap("#main", "quiet.end").await;
    story.page.shows(".only-me", "was ended by Ana Silva").await;
    story.card("Paging Ana Silva since").await;
    story.page.has_no_complaints().await;
}

async fn somebody_stands_in_and_it_is_taken_and_ended(size: Size) {
    let story = Story::quiet(size, "ana").await;
    story.say("/pager oncall override payments @chen 2h").await;
    story.page.shows(".only-me", "Chen Wei is on call for").await;
    story.look("somebody stands in").await;
    story.desk("🔥 payments down").await;
    story.card("Paging Chen Wei since").await;
    story.be("chen", "home").await;
    story.page.shows(".home", "Payments, primary").await;
    story.page.shows(".home", "payments-api is down").await;

    story.be("ben", "payments").await;
    story.say("/pager oncall take payments 1h").await;
    story.page.shows(".only-me", "You are on call for").await;
    story.say("/pager oncall overrides").await;
    story.page.shows(".only-me", "2 overrides, in force or ahead").await;
    story.look("overrides").await;
    story.say("/pager oncall override remove 2").await;
    story.page.shows(".only-me", "Override 2 is over: Ben Okafor").await;
    story.say("/pager oncall override remove 1").await;
    story.page.shows(".only-me", "On call now: Ana Silva.").await;
    story.look("overrides ended").await;
    story.be("chen", "home").await;
    // Some weeks he carries the pager of another team.
    let over = "!document.querySelector('.home').innerText.includes('Payments, primary')";
    story.page.eventually("he carries that of Payments no more", over).await;
    story.page.has_no_complaints().await;
}

async fn a_message_is_announced(size: Size) {
    let story = Story::quiet(size, "ana").await;
    story.say("draining east, may cause alerts").await;
    story.page.shows("#messages article", "draining east").await;
    story.page.js("(document.querySelector('#messages .tools summary').click(), 1)").await;
    story.page.press("#messages .tools", "Announce to on-call\nWarridor").await;
    story.window("It pages nobody.").await;
    let words = "document.querySelector(\".modal [data-block='words'] textarea\").value";
    assert_eq!(story.page.js(words).await, "draining east, may cause alerts");
    story.select("about", "Payments API").await;
    story.choose("In 2 hours").await;
    story.look("the window of an announcement").await;
    story.submit().await;
    story.page.shows(".only-me", "Announced for Payments API: “draining east, may cause alerts”").await;
    story.look("announced").await;
    story.say("/pager now").await;
    story.page.shows(".only-me", "from a message").await;
    story.page.has_no_complaints().await;
}

async fn what_ben_said_goes_into_the_timeline_and_the_fix_becomes_a_playbook(size: Size) {
    let story = Story::anas(size).await;
    story.say("the pool of payments-api is empty, restart its worker").await;
    story.page.shows("#messages article:last-of-type", "the pool of payments-api is empty").await;
    story.page.js("([...document.querySelectorAll('#messages .tools summary')].pop().click(), 1)").await;
    story.page.press("#messages article:last-of-type .tools", "Add to timeline…\nWarridor").await;
    story.window("It stands there at the time it was said").await;
    story.look("a message goes into the timeline").await;
    story.submit().await;
    story.tap("#main", "incident.resolve").await;
    story.card("Resolved by").await;
    // A playbook knows it; somebody wants another one.
    story.say("/pager playbook draft 1").await;
    story.window("Filled in from what was noted and done").await;
    let words = "document.querySelector(\".modal [data-block='words'] textarea\").value";
    let filled = story.page.js(words).await;
    assert!(filled.to_string().contains("the pool of payments-api is empty, restart its worker"), "{filled}");
    story.look("a playbook is drafted").await;
    story.write("words", "- [ ] <b>Restart</b> it.").await;
    story.page.click(".modal button[type=submit]").await;
    story.window("Line 1:").await;
    story.look("what cannot be a playbook").await;
    story.write("words", "- [ ] Restart it. (5m)").await;
    story.page.click(".modal button[type=submit]").await;
    story.window("is saved, and comes to you as a file").await;
    story.look("a draft is saved").await;
    story.shut().await;
    story.be("ana", "dm").await;
    story.page.shows("#messages article", "Your draft of a playbook from #1").await;
    story.look("the file").await;
    story.page.has_no_complaints().await;
}

async fn words_to_the_bot_are_commands(size: Size) {
    let story = Story::broken(size, "ana").await;
    story.page.click("#main .composer textarea").await;
    story.page.type_text("/pa").await;
    story.page.shows("#commands [aria-selected=true]", "/pager").await;
    story.look("commands are completed").await;
    story.page.key(Key::Tab).await;
    story.page.type_text("list all").await;
    story.page.key(Key::Enter).await;
    story.page.shows(".only-me", "payments-api is down").await;
    story.say("/pager help").await;
    story.page.shows(".only-me", "/pager ack").await;
    story.look("help").await;
    story.be("ana", "dm").await;
    story.say("ack 1").await;
    story.page.shows("#messages article", "You have #1").await;
    story.say("hello").await;
    story.page.shows("#messages article", "I don't know hello").await;
    story.say("snooze 1 2h because the provider is asleep").await;
    story.page.shows("#messages article", "#1 is snoozed until").await;
    story.look("words to the bot").await;
}

async fn a_hostile_alert_is_harmless_everywhere(size: Size) {
    let story = Story::quiet(size, "ana").await;
    let title = story.page.client.title().await.expect("a title");
    story.demo.alert(hostile()).await;
    story.page.find("#messages article .btn").await;
    story.look("a hostile card").await;
    story.tap("#main", "incident.more").await;
    story.window("What happened").await;
    story.look("a hostile window").await;
    story.shut().await;
    story.be("ana", "dm").await;
    story.page.find("#messages article .btn").await;
    story.look("a hostile page").await;
    story.be("ana", "home").await;
    story.page.find(".home [data-action='incident.acknowledge']").await;
    story.look("a hostile home").await;
    assert_eq!(story.page.client.title().await.expect("a title"), title, "no script ran");
    let alive = "document.querySelectorAll('article script, article img, .home script, .mention.loud').length";
    assert_eq!(story.page.js(alive).await, json!(0));
    assert_eq!(story.demo.get("pushes?user=emil").await, json!([]), "<!channel> in an alert pages nobody");
}
