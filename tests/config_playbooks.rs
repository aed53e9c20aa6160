//! What stands between the `+++` lines of a playbook, and the one this repository ships.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use warridor::config::playbook::of_text;
use warridor::config::{self, MemoryEnv};
use warridor::domain::id::{IncidentNo, PlaybookId, StoreId};
use warridor::domain::playbook::{Part, Piece, Playbook, Step, Words};
use warridor::domain::routing::Glob;
use warridor::sandbox::limits;
use warridor::views;
use warridor::views::action_id::Subject;

const GOOD: &str = include_str!("config/good.toml");
const PLAYBOOK: &str = "+++\n\
    title = \"Payments are down\"\n\
    owner = \"payments\"\n\
    tier = 1\n\
    last_reviewed = 2026-01-05\n\
    [[match]]\n\
    services = [\"payments-api\"]\n\
    labels = [\"alertname=Down\"]\n\
    +++\n\
    # Payments are down\n\
    - [ ] Look at the dashboard.\n";

fn env(playbook: &str) -> MemoryEnv {
    let mut env = MemoryEnv::with_file("config.toml", GOOD);
    env.files.insert("playbooks/down.md".into(), playbook.as_bytes().to_vec());
    env.files.insert("playbooks/README.txt".into(), b"not a playbook".to_vec());
    env
}

fn complaints(text: &str) -> Vec<String> {
    let report = config::check(Path::new("config.toml"), &env(text));
    report.complaints.iter().map(ToString::to_string).collect()
}

fn read(text: &str) -> Arc<Playbook> {
    let loaded = config::load(Path::new("config.toml"), &env(text)).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(loaded.directory.playbooks.len(), 1);
    loaded.directory.playbooks[&PlaybookId::from("down")].clone()
}

fn plain(words: &str) -> Piece {
    Piece::Plain(words.to_owned())
}

#[test]
fn a_playbook_is_read() {
    let playbook = read(PLAYBOOK);
    assert_eq!((playbook.id.as_str(), &*playbook.title), ("down", "Payments are down"));
    assert_eq!((playbook.owner.as_str(), playbook.tier), ("payments", Some(1)));
    assert_eq!(playbook.last_reviewed.to_string(), "2026-01-05");
    assert_eq!(playbook.matches[0].services[0].as_str(), "payments-api");
    assert_eq!(playbook.matches[0].labels, [("alertname".to_owned(), Glob("Down".to_owned()))].into());
    assert_eq!(playbook.matches[0].titles, None);
    let steps: Vec<&Step> = playbook.steps().collect();
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].words, [plain("Look at the dashboard.")]);
}

#[test]
fn a_playbook_may_come_from_another_system() {
    assert_eq!(&*read(&PLAYBOOK.replace('\n', "\r\n")).title, "Payments are down");
}

#[test]
fn what_stands_below_becomes_sections_and_steps() {
    let body = "# Payments are down\n\
        Customers cannot pay.\nThe aim is to *sell* again.\n\n\
        - [ ] First of all, breathe. (1m)\n\n\
        ## 1. Look\n\n\
        Two **looks**:\n\n\
        - [ ] Read [the dashboard](https://grafana.example/d/1?a=1&b=2) and `kubectl`. (5m, then ask for help)\n\
        \x20 ```sh\n\x20 kubectl get pods \\\n\x20   -n payments\n\x20 ```\n\
        \x20 - Nothing there: [make room](#2-make-room).\n\
        \x20 - A database: [page Search](page:search).\n\
        - [ ] Wait.\n\
        - only a bullet\n\n\
        ## 2. Make room\n\n\
        1. [ ] Delete it. (2h)\n";
    let playbook = read(&PLAYBOOK.replace("# Payments are down\n- [ ] Look at the dashboard.\n", body));
    let aim = [plain("Customers cannot pay. The aim is to "), Piece::Emphasis("sell".to_owned()), plain(" again.")];
    assert_eq!(playbook.aim, [aim]);
    let headings: Vec<&str> = playbook.sections.iter().map(|s| &*s.heading).collect();
    assert_eq!(headings, ["", "1. Look", "2. Make room"]);
    let step = |words: Words, within_secs| Step { words, details: Vec::new(), command: None, within_secs, then: None };
    assert_eq!(playbook.sections[0].parts, [Part::Step(step(vec![plain("First of all, breathe.")], Some(60)))]);
    let look = Step {
        words: vec![
            plain("Read "),
            Piece::Link { words: "the dashboard".to_owned(), url: "https://grafana.example/d/1?a=1&b=2".to_owned() },
            plain(" and "),
            Piece::Code("kubectl".to_owned()),
            plain("."),
        ],
        details: vec![
            vec![plain("Nothing there: "), Piece::Jump { words: "make room".to_owned(), section: 2 }, plain(".")],
            vec![
                plain("A database: "),
                Piece::Page { words: "page Search".to_owned(), team: "search".into() },
                plain("."),
            ],
        ],
        command: Some("kubectl get pods \\\n  -n payments".into()),
        within_secs: Some(300),
        then: Some("ask for help".into()),
    };
    let parts = [
        Part::Says(vec![plain("Two "), Piece::Strong("looks".to_owned()), plain(":")]),
        Part::Step(look),
        Part::Step(step(vec![plain("Wait.")], None)),
        Part::Says(vec![plain("• "), plain("only a bullet")]),
    ];
    assert_eq!(playbook.sections[1].parts, parts);
    assert_eq!(playbook.sections[2].parts, [Part::Step(step(vec![plain("Delete it.")], Some(7_200)))]);
}

#[test]
fn brackets_that_are_no_time_stay_words() {
    for words in ["Look (twice)", "Wait (5 minutes)", "Wait (m)", "Look (5m) again", "Look (5m, ask Ben)", "(-5m)"] {
        let playbook = read(&PLAYBOOK.replace("Look at the dashboard.", words));
        let step = playbook.steps().next().expect("a step");
        assert_eq!((step.within_secs, &step.words), (None, &vec![plain(words)]), "{words}");
    }
}

#[test]
fn what_slack_cannot_show_or_leads_nowhere_is_refused_by_its_line() {
    let long = "x".repeat(801);
    let many = "- [ ] One more.\n".repeat(60);
    let headings: String = (0..21).map(|n| format!("## {n}\n")).collect();
    let command = format!("  ```\n  {}\n  ```\n", "x".repeat(1_001));
    for (below, line, want) in [
        ("- [x] Done.\n", 12, "has a step that is done already; write - [ ], with a blank between the brackets"),
        ("  - [ ] Deeper.\n", 12, "has a step within a step; begin each step at the margin, with - [ ]"),
        ("# Another\n", 12, "has a second title; write ## in front of every heading but the first"),
        ("- a\n\n  ## Within\n", 14, "has a heading within a list; begin it at the margin"),
        ("Type `` a`b ``.\n", 12, "has ` in code within a line, which Slack cannot show; make it the step's command"),
        (
            "- [] Look.\n",
            12,
            "has a bullet that may be meant as a step; write - [ ], with a blank between the brackets",
        ),
        ("- [ ] Do\n  ```sh\n  ls\n", 13, "has a code block that does not end; write ``` below the command"),
        ("### Deep\n", 12, "has a heading below a heading; write ## in front of every heading but the first"),
        ("## Look\n## Look\n", 13, "has this heading twice; give each a name of its own, so that a link finds it"),
        ("<b>Look</b>\n", 12, "has HTML, which Slack does not show; write Markdown, and \\< for the sign"),
        ("![x](https://x.example/a.png)\n", 12, "has a picture, which a window in Slack does not show; link to it"),
        ("## Look\nSee [there](#lok).\n", 13, "(#lok) is no heading here; write one of: look. Did you mean \"look\"?"),
        (
            "See [there](other.md).\n",
            12,
            "(other.md) leads nowhere from Slack; write https://…, #the-heading-to-go-on-at, or page:TEAM",
        ),
        (
            "[Run](javascript:x)\n",
            12,
            "(javascript:x) leads nowhere from Slack; write https://…, #the-heading-to-go-on-at, or page:TEAM",
        ),
        (
            "[Page](page:serch)\n",
            12,
            "(page:serch) names no team; write one of: payments, search. Did you mean \"search\"?",
        ),
        ("```\nls\n```\n", 12, "has a command outside any step; put it below a step, two blanks further in"),
        (
            "- [ ] Do\n  ```\n  a\n  ```\n  ```\n  b\n  ```\n",
            16,
            "has a second command in one step; make a step of its own for it",
        ),
        ("- [ ] Wait. (0m)\n", 12, "has a step with a time out of bounds; write 1m to 24h, or leave it out"),
        ("- [ ] Wait. (25h)\n", 12, "has a step with a time out of bounds; write 1m to 24h, or leave it out"),
        (&long, 12, "has a paragraph of 801 characters; write at most 800: it is read on a phone, at night"),
        (&many, 71, "has more than 60 steps; make two playbooks of it"),
        (&headings, 32, "has more than 20 headings; make two playbooks of it"),
        (
            &format!("- [ ] Do\n{command}"),
            13,
            "has a command of 1001 characters; write at most 1000, or a script's name",
        ),
        ("- [ ] Do\n  ````\n  ```\n  ````\n", 13, "has ``` in a command, which would end it in Slack; leave it out"),
    ] {
        let text =
            format!("{PLAYBOOK}{}{below}", if below.starts_with("- ") || below.starts_with("  -") { "" } else { "\n" });
        let line = if text.contains(".\n\n") { line + 1 } else { line };
        assert_eq!(complaints(&text), [format!("playbooks/down.md:{line}: {want}")], "{below}");
    }
}

#[test]
fn a_time_that_nobody_can_count_is_doubted() {
    for (words, doubted) in
        [("Wait (5 minutes)", true), ("Wait. (2 h, then ask)", true), ("Look (2 times)", false), ("Wait (5m)", false)]
    {
        let report = config::check(Path::new("config.toml"), &env(&PLAYBOOK.replace("Look at the dashboard.", words)));
        let want = "playbooks/down.md:11: has a step that ends with a time nobody can count; write (5m), (2h) or (5m, then ask for \
                    help); as it stands it is only words";
        let told = report.warnings.iter().filter(|w| w.to_string() == want).count();
        assert_eq!(told == 1, doubted, "{words}: {:#?}", report.warnings);
    }
}

#[test]
fn a_playbook_longer_than_a_message_is_refused() {
    let text = format!("{PLAYBOOK}{}", format!("- [ ] {}\n", "x".repeat(790)).repeat(16));
    let want = "playbooks/down.md:2: is 12858 characters long in Slack; write at most 12000: one message of Slack's shows it, \
                where links and signs count more";
    assert_eq!(complaints(&text), [want]);
    let links = format!("  - {}\n", format!("[x](https://x.example/{}) ", "&".repeat(390)).repeat(2));
    let want = "playbooks/down.md:2: has a step, its 1st, that Slack cannot show in one piece; make two steps of it";
    assert_eq!(complaints(&format!("{PLAYBOOK}{links}")), [want]);
}

#[test]
fn a_name_that_nobody_can_type_is_refused() {
    let mut env = env(PLAYBOOK);
    env.files.insert("playbooks/all down!.md".into(), PLAYBOOK.replace("Down", "Up").into_bytes());
    let report = config::check(Path::new("config.toml"), &env);
    let told: Vec<String> = report.complaints.iter().map(ToString::to_string).collect();
    let want = "playbooks/all down!.md:2: has a name that is hard to type; rename the file: letters, digits, - and _, at most \
                40; people type it";
    assert_eq!(told, [want]);
    for name in ["list", "12"] {
        env.files.remove(Path::new("playbooks/all down!.md"));
        env.files.insert(format!("playbooks/{name}.md").into(), PLAYBOOK.replace("Down", "Up").into_bytes());
        let told = config::check(Path::new("config.toml"), &env).complaints[0].to_string();
        let want = format!("has a name that means something else in `/pager playbook {name}`; rename the file");
        assert_eq!(told, format!("playbooks/{name}.md:2: {want}"));
        env.files.remove(Path::new(&format!("playbooks/{name}.md")));
    }
}

#[test]
fn two_that_know_the_same_alert_equally_well_are_doubted() {
    let second = |from: &str, to: &str| {
        let mut env = env(PLAYBOOK);
        let text = PLAYBOOK.replace(from, to);
        env.files.insert("playbooks/fall.md".into(), text.into_bytes());
        let report = config::check(Path::new("config.toml"), &env);
        assert_eq!(report.complaints, [], "{to}");
        report.warnings.iter().map(ToString::to_string).filter(|w| w.contains("fits what")).collect::<Vec<_>>()
    };
    let tie = "playbooks/fall.md:6: [[match]] fits what playbooks/down.md fits, and as well; write one label, service or title \
               more in one of them; until then the first by name is shown";
    assert_eq!(second("", ""), [tie]);
    for (from, to) in [
        ("alertname=Down", "alertname=Down*"),
        ("alertname=Down", "alertname=Slow"),
        ("alertname=Down", "alert=Down"),
        ("labels = [\"alertname=Down\"]", "titles = [\"*down*\"]"),
        ("services = [\"payments-api\"]\n", ""),
        ("services = [\"payments-api\"]", "services = [\"search-api\"]\ntitles = [\"*\"]"),
    ] {
        assert_eq!(second(from, to), Vec::<String>::new(), "{to}");
    }
}

#[test]
fn services_that_page_and_have_no_playbook_are_named_by_check() {
    let report = config::check(Path::new("config.toml"), &env(PLAYBOOK));
    let told: Vec<String> =
        report.notes.iter().map(ToString::to_string).filter(|n| n.starts_with("playbooks")).collect();
    let want = "playbooks:1: no playbook names these services, which page: search-api; write one with [[match]] services = \
                [\"…\"], if those for any service are not enough";
    assert_eq!(told, [want]);
}

#[test]
fn every_slip_names_the_playbooks_own_line() {
    for (from, to, want) in [
        (
            "+++\ntitle",
            "title",
            "playbooks/down.md:1: has no front matter; begin with a line +++, then title, owner, last_reviewed and [[match]], then a line +++",
        ),
        (
            "title = \"Payments are down\"\n",
            "",
            "playbooks/down.md:2: the top of the file has no title; write title = \"…\"",
        ),
        (
            "owner = \"payments\"",
            "owner = \"paymnts\"",
            "playbooks/down.md:3: owner = \"paymnts\" names no team; write one of: payments, search. Did you mean \"payments\"?",
        ),
        (
            "tier = 1",
            "tier = 5",
            "playbooks/down.md:4: tier = 5 is out of bounds; write a whole number from 1 to 3, without quotes",
        ),
        (
            "2026-01-05",
            "\"last week\"",
            "playbooks/down.md:5: last_reviewed = \"last week\" cannot be read; write a day that exists: 2026-01-05",
        ),
        (
            "[[match]]",
            "[match]",
            "playbooks/down.md:6: [match] has single brackets, which is for what there is once; write [[match]]",
        ),
        (
            "\"payments-api\"",
            "\"payments\"",
            "playbooks/down.md:7: [[match]] \"payments\" in services names no service; write one of: payments-api, search-api",
        ),
        (
            "\"alertname=Down\"",
            "\"Down\"",
            "playbooks/down.md:8: [[match]] \"Down\" in labels is not a label; write \"name=value\"",
        ),
        (
            "services = [\"payments-api\"]\nlabels = [\"alertname=Down\"]\n",
            "",
            "playbooks/down.md:6: [[match]] fits every alert; write services = [\"…\"], labels = [\"alertname=DiskFillingUp\"] or titles = [\"*disk*\"]",
        ),
        (
            "labels",
            "lables",
            "playbooks/down.md:8: [[match]] lables is not a key of [[match]]; write one of: labels, services, titles. Did you mean \"labels\"?",
        ),
        (
            "tier = 1",
            "tier = ",
            "playbooks/down.md:4: `tier =` is not TOML: string values must be quoted, expected literal string; text stands in double quotes, lists in [ ], tables begin with [name]",
        ),
        ("- [ ] Look", "Look", "playbooks/down.md:2: has no steps; write each as a line that begins with - [ ]"),
    ] {
        let text = PLAYBOOK.replacen(from, to, 1);
        assert_ne!(text, PLAYBOOK, "{from}");
        let report = config::check(Path::new("config.toml"), &env(&text));
        let told: Vec<String> = report.complaints.iter().map(ToString::to_string).collect();
        assert_eq!(told, [want], "{from} -> {to}");
    }
}

#[test]
fn a_playbook_that_fits_no_alert_is_doubted() {
    let mut env = env(&PLAYBOOK.replace("tier = 1", "tier = 2"));
    for (name, key) in [("KEY_PAYMENTS", "0123456789abcdef"), ("KEY_SEARCH", "fedcba9876543210")] {
        env.vars.insert(name.to_owned(), key.to_owned());
    }
    let report = config::check(Path::new("config.toml"), &env);
    assert_eq!(report.complaints, []);
    let told: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "playbooks/down.md:4: tier = 2 fits no alert: no service it names has this tier; write the tier of its services, or \
          leave it out"
        ]
    );
}

#[test]
fn a_service_that_was_not_read_for_its_own_mistake_is_not_missed_by_its_playbook() {
    for text in [
        GOOD.replace("[[service]]", "[[services]]").replace("[[service.key]]", "[[services.key]]"),
        GOOD.replace("team = \"payments\" # service", "team = \"paymnts\""),
    ] {
        let mut env = env(PLAYBOOK);
        env.files.insert("config.toml".into(), text.into_bytes());
        let told: Vec<String> =
            config::check(Path::new("config.toml"), &env).complaints.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].starts_with("config.toml:"), "{told:#?}");
    }
}

#[test]
fn a_bad_playbook_keeps_nobody_from_being_paged_after_a_restart() {
    let mut env = env(PLAYBOOK);
    env.files.insert("playbooks/bad.md".into(), b"# Nothing above\n".to_vec());
    let path = Path::new("config.toml");
    assert!(config::load(path, &env).is_err(), "while it runs, a bad file never replaces a good one");
    let loaded = config::load_without_bad_playbooks(path, &env).expect("it starts");
    assert_eq!(loaded.directory.playbooks.len(), 1, "the good one is there");
    let told: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    let is_it = |w: &String| {
        w.starts_with("playbooks/bad.md:1: has no front matter") && w.ends_with("this playbook is left out")
    };
    assert!(told.iter().any(is_it), "{told:#?}");
    env.files.insert("config.toml".into(), b"nonsense".to_vec());
    assert!(config::load_without_bad_playbooks(path, &env).is_err(), "anything else does");
}

/// Lines of which files are made: what playbooks have, what they should not, and what is easily taken for something else.
fn line() -> impl Strategy<Value = String> {
    let usual = prop::sample::select(vec![
        "# Title",
        "## Look",
        "## 2. Make room",
        "### Deep",
        "- [ ] Do it. (5m)",
        "- [ ] Do it. (2h, then ask for help)",
        "- [x] Done.",
        "  - [ ] Deeper",
        "  - a detail with [a jump](#look)",
        "  - [page](page:search)",
        "    - deeper [nowhere](#nowhere)",
        "  ```sh",
        "  kubectl get pods | grep '<none>' && echo \"`date`\"",
        "  ```",
        "```",
        "> quoted",
        "> - [ ] quoted step",
        "1. [ ] first",
        "* [ ] star",
        "",
        "",
        "",
        "---",
        "***bold _and_ more***",
        "`code` and ``co`de``",
        "<b>",
        "<!channel> <@U1>",
        "&lt;!here&gt;",
        "![a](https://x.example/a.png)",
        "[ref]: https://x.example/r",
        "see [ref] and <https://x.example/auto>",
        "[x](https://x.example/a|b)",
        "[x](javascript:alert)",
        "\\<!channel> *x*",
        "| a | b |",
        "Setext",
        "===",
        "\u{202e}reversed",
        "+++",
        "\t- [ ] tab",
    ]);
    let usual = usual.prop_map(str::to_owned);
    let long = (prop::sample::select(vec!["x", "&", "<", "*", "\u{1f600}", "a "]), 1..900_usize)
        .prop_map(|(c, n)| c.repeat(n));
    prop_oneof![12 => usual, 1 => "\\PC{0,40}", 1 => long, 1 => (1..900_usize).prop_map(|n| format!("- [ ] {}", "&".repeat(n)))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Refused by a line that exists; or taken, and then Slack takes what it becomes.
    #[test]
    fn a_playbook_is_refused_by_its_line_or_can_be_shown(lines in prop::collection::vec(line(), 0..14)) {
        let front = PLAYBOOK.split("# Payments").next().expect("its front matter");
        let text = format!("{front}{}\n", lines.join("\n"));
        let directory = config::load(Path::new("config.toml"), &env(PLAYBOOK)).unwrap().directory;
        match of_text(Path::new("down.md"), &text, &directory) {
            Err(complaints) => {
                prop_assert!(!complaints.is_empty());
                for told in complaints.iter().map(ToString::to_string) {
                    let line: usize = told.split(':').nth(1).and_then(|n| n.parse().ok()).expect("a line");
                    prop_assert!((1..=text.lines().count() + 1).contains(&line), "{}", told);
                    prop_assert!(!told.chars().any(char::is_control), "{:?}", told);
                }
            }
            Ok(playbook) => {
                let about = Subject { store: StoreId(u64::MAX), incident: IncidentNo(12) };
                let message = views::playbook::message(&playbook, Some(IncidentNo(12)), &directory);
                let blocks: Vec<Value> = message.blocks.iter().map(|b| json!(b)).collect();
                prop_assert_eq!(limits::message_blocks(&blocks, "/blocks"), Vec::<String>::new());
                prop_assert!(!limits::blocks_too_long(&blocks));
                let shown: String = blocks.iter().filter_map(|b| b["text"]["text"].as_str()).collect::<Vec<_>>().join("\n");
                prop_assert_eq!(shown.matches("```").count() % 2, 0, "no command is cut: {}", shown);
                for (at, _) in shown.match_indices('<') {
                    prop_assert!(shown[at..].starts_with("<https://"), "it would mention somebody: {}", shown);
                }
                let view = json!(views::playbook::chosen(&playbook, about, None, &directory));
                prop_assert_eq!(limits::view(view.as_object().expect("a view"), false), Vec::<String>::new());
            }
        }
    }
}
