//! A playbook from what was just done: what is filled in, its window, and what comes of it.

use crate::desk::{Desk, MINUTE, NIGHT};
use crate::draw::{Golden, message, view};
use chrono::NaiveDate;
use warridor::domain::id::IncidentNo;
use warridor::domain::input::{Deed, EventAction};
use warridor::views::action_id::{Action, Origin, Subject};
use warridor::views::draft::{self, WrongIn};
use warridor::views::kit::button;

#[test]
fn a_playbook_that_is_drafted() {
    let mut golden = Golden::new("draft");
    let mut desk = Desk::at(NIGHT);
    desk.alert("payments", EventAction::Trigger);
    desk.act("ana", Deed::Acknowledge);
    desk.act("ana", Deed::Note { text: "the *worker* hangs <!here>: `ps aux | grep worker`".to_owned() });
    desk.pass(14 * MINUTE);
    desk.alert("payments", EventAction::Resolve);
    desk.act("ana", Deed::Resolve { note: Some("systemctl restart worker_1".to_owned()) });
    let i = desk.incident(IncidentNo(1));
    let subject = Subject { store: desk.store, incident: i.no };
    let title = draft::title(&i);
    let day = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day");
    let front = draft::front(&title, &i, day);
    let body = draft::body(&title, &i, &i.timeline, &desk.directory);
    golden.say("what is filled in", &format!("{front}\n{body}"));
    let window = draft::window(i.no, &title, &body, None, &Origin::new(subject, None));
    golden.say("the window", &view(&window, Some(subject)));
    golden.say("it is saved", &draft::saved("Worker <!here> hangs", "drafts/1-worker-hangs.md"));
    golden.say("beside the file", &draft::comment(i.no, "Worker <!here> hangs"));
    let text = format!("{front}\n{body}\n{}", "- [ ] one of many <!channel> lines\n".repeat(40));
    let as_text =
        |text: &str| message(&draft::as_text(i.no, &title, text, "drafts/1-worker.md", "/pager"), Some(subject));
    golden.say("Slack takes no file", &as_text(&text));
    let long = as_text(&"- [ ] look & see\n".repeat(1_000));
    golden.say("nor so much text at once", long.rsplit_once("```").map_or("all of it", |(_, end)| end));
    golden.say("no playbook, a line of it", &draft::wrong(WrongIn::Line(3), "`<script>` is HTML; write words"));
    let odd = "has a name that means something else; rename the file";
    golden.say("no playbook, its name", &draft::wrong(WrongIn::File, odd));
    let gone = "owner = \"shop\" names no team; write one of payments, search";
    golden.say("no playbook, what was written by hand", &draft::wrong(WrongIn::Top, gone));
    golden.say("too long to be saved", &draft::too_long(&"👩".repeat(6_001)));
    golden.say("too long by hand", &draft::too_long_for_a_window(i.no, "drafts/1-worker.md"));
    golden.say("no title by hand", &draft::unreadable_on_top(i.no, "drafts/1-worker.md"));
    golden.say("not for this reader", &draft::not_shown(i.no, false));
    golden.say("not for this reader, and its service is gone", &draft::not_shown(i.no, true));
    golden.say("somebody saved it meanwhile", &draft::meanwhile());
    golden.say("not kept", &draft::not_kept("the disk said no"));
    let instead = button(Action::DraftPlaybook, "Draft playbook", subject);
    golden.say("where no window can be opened", &message(&draft::to_open(&i, None, instead), Some(subject)));
    golden.compare();
}
