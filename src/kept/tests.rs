use super::*;
use crate::store::simdisk::SimDisk;
use std::sync::mpsc;

const NOW: At = At(1_772_420_520_000);

fn said(incident: u64, secs_ago: i64, n: usize, text: &str) -> Message {
    let ts = format!("{}.{n:06}", NOW.plus_secs(-secs_ago).secs());
    let message = MessageRef { channel: "C1".into(), ts: ts.into() };
    let (by, text) = (Writer::Person("U0BEN".into()), text.to_owned());
    Message { message, thread: "1.2".into(), incident: IncidentNo(incident), by, text, changed: None }
}

/// It says something else, so many seconds after [`NOW`].
fn changed(before: &Message, secs: i64, text: &str) -> Message {
    let changed = Some(format!("{}.000000", NOW.plus_secs(secs).secs()).into());
    Message { text: text.to_owned(), changed, ..before.clone() }
}

/// A directory with nothing in it, on a disk that does what a test tells it.
struct Place {
    disk: SimDisk,
    path: PathBuf,
}

impl Place {
    fn fresh(seed: u64) -> Self {
        Self { disk: SimDisk::new(seed), path: PathBuf::from("/data/threads.jsonl") }
    }

    fn opened(&self) -> Kept {
        Kept::open(self.disk.shared(), &self.path, NOW).expect("it is read")
    }

    fn puts_there(&self, path: &Path, bytes: &[u8]) {
        replace_file(&self.disk, path, bytes).expect("written");
    }

    /// All that stands there, of whatever name.
    fn on_disk(&self) -> String {
        let dir = parent(&self.path);
        let names = self.disk.list(dir).expect("the names");
        let all = names.iter().filter_map(|name| self.disk.read(&dir.join(name)));
        all.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }
}

fn says(kept: &Kept, message: &Message) -> Option<String> {
    kept.get(&message.message, NOW).map(|m| m.text.clone())
}

#[test]
fn what_was_said_is_there_after_a_restart_and_gone_when_it_was_deleted_or_changed() {
    let place = Place::fresh(1);
    let kept = place.opened();
    let (one, two) = (said(1, 60, 1, "the pool is full"), said(1, 50, 2, "password: hunter2"));
    kept.put(one.clone(), NOW).expect("it is kept");
    kept.put(two.clone(), NOW).expect("it is kept");
    kept.put(two.clone(), NOW).expect("twice is once");
    let again = place.opened();
    assert_eq!(again.get(&one.message, NOW).as_deref(), Some(&one));
    let mended = changed(&two, 1, "never mind");
    again.put(mended.clone(), NOW).expect("it is changed");
    assert_eq!(again.get(&two.message, NOW).as_deref(), Some(&mended));
    assert!(!place.on_disk().contains("hunter2"), "what it said before is nowhere");
    again.gone(&one.message, NOW).expect("it is deleted");
    assert!(again.get(&one.message, NOW).is_none() && !place.on_disk().contains("pool"));
    again.gone(&one.message, NOW).expect("twice is once");
}

#[test]
fn it_is_so_on_a_real_disk() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("threads.jsonl");
    let opened = || Kept::open(crate::store::disk::RealDisk::shared(), &path, NOW).expect("it is read");
    let (one, two) = (said(1, 60, 1, "the pool is full"), said(1, 50, 2, "password: hunter2"));
    let kept = opened();
    kept.put(one.clone(), NOW).expect("it is kept");
    kept.put(two.clone(), NOW).expect("it is kept");
    kept.gone(&two.message, NOW).expect("it is deleted");
    assert_eq!(says(&opened(), &one).as_deref(), Some("the pool is full"));
    let file = std::fs::read_to_string(&path).expect("the file");
    assert!(!file.contains("hunter2"), "{file}");
}

#[test]
fn a_line_that_was_cut_costs_itself_only() {
    let place = Place::fresh(2);
    let (one, two) = (said(1, 60, 1, "the pool is full"), said(1, 50, 2, "and slow"));
    let mut bytes = Vec::new();
    Line::Said(Arc::new(one.clone())).write(&mut bytes).expect("a line");
    for cut in [&b"{\"message\":{\"chan"[..], &[0; 600], &[0xff]] {
        place.puts_there(&place.path, &[&bytes, cut].concat());
        let kept = place.opened();
        kept.put(two.clone(), NOW).expect("it is kept");
        let again = place.opened();
        assert_eq!(
            (says(&again, &one), says(&again, &two)),
            (Some(one.text.clone()), Some(two.text.clone())),
            "{cut:?}"
        );
    }
    place.puts_there(&place.path, &[b'x'; 100_000]);
    assert!(place.opened().lock().all.is_empty());
}

/// What Slack tells, one after the other.
#[derive(Clone, Debug)]
enum Told {
    Said(Message),
    Deleted(Message),
}

impl Told {
    fn to(&self, kept: &Kept) -> io::Result<()> {
        match self {
            Self::Said(message) => kept.put(message.clone(), NOW),
            Self::Deleted(message) => kept.gone(&message.message, NOW),
        }
    }
}

/// Two messages that stay, one that is changed and one that is deleted.
fn story() -> Vec<Told> {
    let (stays, wrong) = (said(1, 60, 1, "the pool is full"), said(1, 50, 2, "the west pool"));
    let secret = said(1, 40, 3, "password: hunter2");
    let (right, later) = (changed(&wrong, 1, "the east pool"), said(2, 30, 4, "and slow"));
    let (said, deleted) = (Told::Said, Told::Deleted);
    vec![said(stays), said(wrong), said(secret.clone()), said(right), deleted(secret), said(later)]
}

/// What is to be found of so much of the story, and what must be nowhere.
fn found_after(told: &[Told]) -> (BTreeMap<MessageRef, String>, Vec<String>) {
    let (mut found, mut nowhere) = (BTreeMap::new(), Vec::new());
    for one in told {
        match one {
            Told::Said(m) => nowhere.extend(found.insert(m.message.clone(), m.text.clone())),
            Told::Deleted(m) => nowhere.extend(found.remove(&m.message)),
        }
    }
    (found, nowhere)
}

fn is_all_there(place: &Place, told: &[Told], which: &str) {
    let (found, nowhere) = found_after(told);
    let on_disk = place.on_disk();
    for text in nowhere {
        assert!(!on_disk.contains(&text), "{which}: {text:?} is still on disk");
    }
    let kept = place.opened();
    for (message, text) in found {
        assert_eq!(kept.get(&message, NOW).map(|m| m.text.clone()), Some(text), "{which}: what was kept is lost");
    }
}

/// A write that fails: how, and which of those that follow.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Sync(u64),
    Write(u64),
}

impl Fault {
    fn all() -> impl Iterator<Item = Self> {
        (1..=4).flat_map(|n| [Self::Sync(n), Self::Write(n)])
    }

    fn happens(self, disk: &SimDisk) {
        match self {
            Self::Sync(n) => disk.fail_sync(n),
            Self::Write(n) => disk.fail_write(n, 7, io::ErrorKind::StorageFull),
        }
    }
}

#[test]
fn what_could_not_be_written_is_written_when_slack_sends_it_again() {
    let story = story();
    let mut failed = vec![0; story.len()];
    for (step, fault) in (0..story.len()).flat_map(|step| Fault::all().map(move |fault| (step, fault))) {
        let place = Place::fresh(20 + step as u64);
        let kept = place.opened();
        for told in &story[..step] {
            told.to(&kept).expect("nothing fails yet");
        }
        fault.happens(&place.disk);
        if story[step].to(&kept).is_err() {
            failed[step] += 1;
            story[step].to(&kept).expect("the disk is well again");
        }
        place.disk.power_cut();
        is_all_there(&place, &story[..=step], &format!("step {step}, {fault:?}"));
    }
    assert!(failed.iter().all(|times| *times >= 2), "each step met failing writes and failing syncs: {failed:?}");
}

#[test]
fn what_could_not_be_written_is_written_with_the_next_that_is() {
    let story = story();
    for step in 1..story.len() - 1 {
        let place = Place::fresh(step as u64);
        let kept = place.opened();
        for told in &story[..step] {
            told.to(&kept).expect("nothing fails yet");
        }
        place.disk.fail_sync(1);
        story[step].to(&kept).expect_err("the sync fails");
        story[step + 1].to(&kept).expect("the disk is well again");
        place.disk.power_cut();
        is_all_there(&place, &story[..=step + 1], &format!("step {step}"));
    }
}

#[test]
fn a_disk_that_stays_full_is_said_to_be_each_time() {
    let place = Place::fresh(3);
    let kept = place.opened();
    let one = said(1, 60, 1, "the pool is full");
    place.disk.set_capacity(Some(10));
    for _ in 0..3 {
        kept.put(one.clone(), NOW).expect_err("there is no room");
    }
    place.disk.set_capacity(None);
    kept.put(one.clone(), NOW).expect("there is room");
    assert_eq!(says(&place.opened(), &one), Some(one.text));
}

#[test]
fn wherever_the_power_fails_what_was_acknowledged_holds() {
    let story = story();
    for n in 1.. {
        let place = Place::fresh(n);
        let kept = place.opened();
        place.disk.crash_after(n);
        let done = story.iter().take_while(|told| told.to(&kept).is_ok()).count();
        if !place.disk.crashed() {
            assert!(n > 20, "it crashed at each operation of the story");
            break;
        }
        place.disk.power_cut();
        // What was not acknowledged may be there or not: Slack tells it again, and all that follows.
        place.opened();
        let (_, nowhere) = found_after(&story[..done]);
        let on_disk = place.on_disk();
        assert!(!nowhere.iter().any(|text| on_disk.contains(text)), "operation {n}: {on_disk}");
        let kept = place.opened();
        let changes = story[done..].iter().map(|told| match told {
            Told::Said(m) | Told::Deleted(m) => &m.message,
        });
        let open: BTreeSet<&MessageRef> = changes.take(1).collect();
        for (message, text) in found_after(&story[..done]).0.iter().filter(|(m, _)| !open.contains(m)) {
            let found = kept.get(message, NOW).map(|m| m.text.clone());
            assert_eq!(found.as_ref(), Some(text), "operation {n}: what was kept is lost");
        }
        for told in &story[done..] {
            told.to(&kept).expect("the disk is well again");
        }
        is_all_there(&place, &story, &format!("operation {n}"));
    }
}

#[test]
fn what_was_being_written_when_the_process_died_does_not_stay() {
    let place = Place::fresh(4);
    let half = temporary_of(&place.path);
    place.puts_there(&half, b"password: hunter2");
    place.opened();
    assert_eq!(place.on_disk(), "");
    for path in [&half, &place.path] {
        place.puts_there(path, b"password: hunter2");
    }
    Kept::remove(&place.disk, &place.path).expect("they are removed");
    place.disk.power_cut();
    assert_eq!(place.on_disk(), "", "nor without the setting");
}

#[test]
fn whoever_reads_does_not_wait_for_a_disk() {
    let place = Place::fresh(5);
    let kept = place.opened();
    let one = said(1, 60, 1, "the pool is full");
    kept.put(one.clone(), NOW).expect("it is kept");
    let _writing = kept.lock();
    let (answer, answered) = mpsc::channel();
    let reader = kept.clone();
    std::thread::spawn(move || answer.send(says(&reader, &one)));
    let read = answered.recv_timeout(Duration::from_secs(60));
    assert_eq!(read.expect("it is answered while somebody writes").as_deref(), Some("the pool is full"));
}

#[test]
fn a_deletion_that_overtakes_its_message_keeps_it_away() {
    let place = Place::fresh(6);
    let kept = place.opened();
    let secret = said(1, 60, 1, "password: hunter2");
    kept.gone(&secret.message, NOW).expect("it is remembered");
    place.disk.power_cut();
    for kept in [place.opened(), place.opened()] {
        kept.put(secret.clone(), NOW).expect("taken");
        kept.put(changed(&secret, 1, "password: hunter3"), NOW).expect("taken");
        assert_eq!(says(&kept, &secret), None);
    }
    assert!(!place.on_disk().contains("hunter"));
    // Once it is too old to be kept, nothing needs to be remembered of it.
    let later = NOW.plus_secs(KEPT_SECS);
    kept.look(later).expect("it is written");
    assert_eq!(place.on_disk(), "");
    kept.put(secret.clone(), later).expect("taken");
    assert!(!place.on_disk().contains("hunter"));
}

#[test]
fn of_what_was_deleted_so_much_is_remembered_and_the_newest_stay() {
    let place = Place::fresh(7);
    let kept = place.opened();
    {
        let mut inner = kept.lock();
        for n in 0..GONE_IN_ALL {
            inner.bury(&said(1, 3_600, n, "").message);
        }
    }
    let newest = said(1, 60, 1, "password: hunter2");
    kept.gone(&newest.message, NOW).expect("it is remembered");
    kept.put(newest.clone(), NOW).expect("taken");
    let inner = kept.lock();
    assert_eq!((inner.gone.len(), inner.all.len()), (GONE_IN_ALL, 0));
    let oldest = inner.gone.first().map(|(_, message)| message.ts.to_string());
    assert!(oldest.is_some_and(|ts| ts.ends_with(".000001")), "the oldest was forgotten");
}

#[test]
fn what_it_said_last_stays_in_whichever_order_it_is_told() {
    let first = said(1, 60, 1, "the north pool");
    let versions = [first.clone(), changed(&first, 1, "the west pool"), changed(&first, 2, "the east pool")];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let place = Place::fresh(8);
        let kept = place.opened();
        // Each is sent twice, the second time after all the others.
        for n in [order, order].concat() {
            kept.put(versions[n].clone(), NOW).expect("taken");
        }
        for kept in [kept, place.opened()] {
            assert_eq!(says(&kept, &first).as_deref(), Some("the east pool"), "{order:?}");
        }
        let on_disk = place.on_disk();
        assert!(!on_disk.contains("north") && !on_disk.contains("west"), "{order:?}: {on_disk}");
    }
}

#[test]
fn a_deletion_wins_wherever_it_comes_between_the_versions() {
    let first = said(1, 60, 1, "the north pool");
    let told =
        [Told::Said(first.clone()), Told::Said(changed(&first, 1, "the west pool")), Told::Deleted(first.clone())];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let place = Place::fresh(9);
        let kept = place.opened();
        for n in order {
            told[n].to(&kept).expect("taken");
        }
        assert_eq!(says(&kept, &first), None, "{order:?}");
        assert!(!place.on_disk().contains("pool"), "{order:?}");
    }
}

#[test]
fn what_has_no_words_for_a_while_may_have_some_again() {
    let place = Place::fresh(10);
    let kept = place.opened();
    let first = said(1, 60, 1, "password: hunter2");
    kept.put(first.clone(), NOW).expect("it is kept");
    kept.put(changed(&first, 1, ""), NOW).expect("it is changed");
    assert!(!place.on_disk().contains("hunter2"));
    kept.put(first.clone(), NOW).expect("Slack sends it again");
    assert_eq!(says(&kept, &first).as_deref(), Some(""));
    kept.put(changed(&first, 2, "never mind"), NOW).expect("it is changed");
    assert_eq!(says(&kept, &first).as_deref(), Some("never mind"));
}

#[test]
fn after_seven_days_it_is_gone_from_the_disk_as_well() {
    let place = Place::fresh(11);
    let kept = place.opened();
    let (old, new) = (said(1, KEPT_SECS - 60, 1, "long ago"), said(1, 60, 2, "now"));
    kept.put(old.clone(), NOW).expect("it is kept");
    kept.put(new.clone(), NOW).expect("it is kept");
    assert!(kept.get(&old.message, NOW).is_some());
    let later = NOW.plus_secs(60);
    assert!(kept.get(&old.message, later).is_none(), "also before anybody looked");
    kept.look(later).expect("it is written");
    assert!(!place.on_disk().contains("long ago") && place.on_disk().contains("now"));
    // What says of no time is nothing of Slack's.
    let odd = MessageRef { channel: "C1".into(), ts: "soon".into() };
    kept.put(Message { message: odd.clone(), ..new }, later).expect("taken");
    assert!(kept.get(&odd, later).is_none());
}

#[test]
fn what_is_forgotten_and_then_deleted_is_gone_from_the_disk() {
    let place = Place::fresh(12);
    let kept = place.opened();
    let oldest = said(1, 3_600, 0, "password: hunter2");
    kept.put(oldest.clone(), NOW).expect("it is kept");
    for n in 0..KEPT_OF_ONE {
        kept.put(said(1, 60, n, "of one"), NOW).expect("it is kept");
    }
    assert!(says(&kept, &oldest).is_none() && place.on_disk().contains("hunter2"), "it waits to be written anew");
    kept.gone(&oldest.message, NOW).expect("it is deleted");
    assert!(!place.on_disk().contains("hunter2"));
}

#[test]
fn of_one_incident_and_in_all_there_is_a_bound_and_the_newest_stay() {
    let place = Place::fresh(13);
    let kept = place.opened();
    {
        let mut inner = kept.lock();
        for n in 0..KEPT_OF_ONE + 10 {
            inner.replace(said(1, 3_600 - i64::try_from(n).expect("few"), n, "of one").into());
        }
        for n in 0..KEPT_IN_ALL {
            inner.replace(said(2 + n as u64 / 100, 60, n, "of all").into());
        }
    }
    let newest = said(1, 1, 0, "the newest");
    kept.put(newest.clone(), NOW).expect("it is kept");
    let inner = kept.lock();
    assert_eq!(inner.all.len(), KEPT_IN_ALL);
    assert!(inner.all.contains_key(&newest.message));
    assert!(inner.all.values().filter(|m| m.incident == IncidentNo(1)).count() <= KEPT_OF_ONE);
}

#[test]
fn the_file_grows_with_what_is_written_and_not_without_end() {
    let place = Place::fresh(14);
    let kept = place.opened();
    for n in 0..KEPT_OF_ONE + LEFT_MOST + 100 {
        kept.put(said(1, 0, n, "more"), NOW).expect("it is kept");
        let lines = place.on_disk().lines().count();
        assert!(lines <= KEPT_OF_ONE + LEFT_MOST + 1, "{lines}");
    }
    assert!(place.on_disk().lines().count() < LEFT_MOST, "it was written anew on the way");
}
