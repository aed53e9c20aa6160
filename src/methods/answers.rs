//! What comes back by telephone: a key that somebody pressed, a text that they wrote, and what became of a call.
//!
//! Only what Twilio signed is heard. Whoever answered is known by the page that rang, or by their number; what they did
//! is an act like any other, decided by the pump on what is true then. Nothing is said to be theirs before it is
//! durable. The same request twice is one act.

use super::{Methods, twilio};
use crate::domain::directory::{Directory, Method};
use crate::domain::id::{IncidentNo, InputId, PageId, UserId};
use crate::domain::incident::{Incident, State};
use crate::domain::input::{Act, Deed, Input, Settled, What};
use crate::domain::page::{Page, PageFailure, Purpose, Recipient};
use crate::domain::refusal::Refusal;
use crate::door::Door;
use crate::pump::driver::Board;
use crate::pump::{Answer, Lane, Snapshot};
use crate::views::bundle::waits_for;
use crate::views::mrkdwn::plain;
use crate::views::page::{waits, wants};
use crate::views::phone::{self, Answered, Came, Left};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Of a request's body, in bytes: Twilio's are about a thousand.
pub const FORM_BYTES: usize = 64 * 1024;
/// Fields of one request.
pub const FIELDS: usize = 200;
/// Of an id that Twilio gave a call or a message, in characters (docs: a SID is 34).
const SID_CHARS: usize = 64;
/// How long an answer by telephone, to however many incidents, may take until it is durable. Twilio gives up after 15 s, and
/// nine may be spent on waiting until it is known what the call was about.
const DECIDE: Duration = Duration::from_secs(5);

/// A request at one of Twilio's paths.
pub struct Request<'a> {
    /// With its query, as it came.
    pub path_and_query: &'a str,
    /// `X-Twilio-Signature`.
    pub signature: &'a str,
    pub fields: Vec<(String, String)>,
}

/// What to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is not known to be Twilio's: told nothing more.
    Unsigned,
    /// TwiML.
    Script(String),
    /// It was heard, and wants no words.
    Heard,
    /// What became of a call is not durable. Only that is answered so: whoever pressed a key, or wrote, is told in words.
    TryAgain,
}

/// Hears them.
pub struct Desk {
    pub methods: Methods,
    pub board: Arc<Board>,
    pub door: Door,
    pub settled: AtomicU64,
}

/// How often, and how long apart, it is looked whether a page is known to have been taken: for as long as the outbox looks
/// for a lost answer.
const TAKEN_TRIES: u32 = 36;
const TAKEN_EVERY: Duration = Duration::from_millis(250);

/// How somebody answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Key,
    Text,
}

/// A page, and those that were told with it.
type Told = Vec<(Arc<Incident>, Page)>;

impl Desk {
    pub async fn hear(&self, request: Request<'_>) -> Reply {
        let snapshot = self.board.snapshot();
        let directory = &snapshot.directory;
        let Some(public) = &directory.public_url else { return Reply::Unsigned };
        let tokens = self.methods.tokens(directory);
        let url = format!("{public}{}", request.path_and_query);
        if !twilio::is_signed(request.signature, &url, &request.fields, &tokens) {
            return Reply::Unsigned;
        }
        let (path, query) = request.path_and_query.split_once('?').unwrap_or((request.path_and_query, ""));
        match path {
            twilio::VOICE_PATH => self.key(&snapshot, query, &url, &request.fields).await,
            twilio::SMS_PATH => self.text(&snapshot, &request.fields).await,
            twilio::STATUS_PATH => self.status(&snapshot, query, &request.fields).await,
            _ => Reply::Unsigned,
        }
    }

    async fn key(&self, snapshot: &Arc<Snapshot>, query: &str, url: &str, fields: &[(String, String)]) -> Reply {
        let snapshot = &*self.once_taken(snapshot, query).await;
        let Some((user, told)) = by_query(snapshot, query) else {
            return Reply::Script(twilio::spoken_answer(phone::nothing_waits(), None));
        };
        let what = match field(fields, "Digits") {
            "1" => Answered::Acknowledge,
            "2" => Answered::Escalate,
            _ => {
                let menu = menu(snapshot, &user, &told);
                return Reply::Script(twilio::spoken_answer(phone::wrong_key(), Some((&menu, url))));
            }
        };
        let Some(sid) = sid(field(fields, "CallSid")) else { return Reply::Unsigned };
        match self.act(&user, &told, what, By::Key, &format!("twilio/{sid}/{what:?}")).await {
            Some(words) => Reply::Script(twilio::spoken_answer(&phone::aloud(&words), None)),
            None => {
                let menu = menu(snapshot, &user, &told);
                Reply::Script(twilio::spoken_answer(phone::not_kept(), Some((&menu, url))))
            }
        }
    }

    async fn text(&self, snapshot: &Snapshot, fields: &[(String, String)]) -> Reply {
        let from = field(fields, "From");
        let directory = &snapshot.directory;
        let Some(user) = whose(directory, from).cloned() else {
            tracing::warn!("a text came from a number that is nobody's");
            return Reply::Script(twilio::written_answer(""));
        };
        let Some((what, numbers)) = read(field(fields, "Body")) else {
            return Reply::Script(twilio::written_answer(phone::not_understood()));
        };
        let told = match numbers.as_slice() {
            [] => last_told(snapshot, &user),
            some => named(snapshot, &user, some),
        };
        if told.is_empty() {
            return Reply::Script(twilio::written_answer(phone::nothing_waits()));
        }
        let Some(sid) = sid(field(fields, "MessageSid")) else { return Reply::Unsigned };
        match self.act(&user, &told, what, By::Text, &format!("twilio/{sid}")).await {
            Some(words) => Reply::Script(twilio::written_answer(&words)),
            // Twilio does not come again with a text: whoever wrote it must hear that it counts for nothing yet.
            None => Reply::Script(twilio::written_answer(phone::not_kept())),
        }
    }

    /// Does it to all of them that wait for an answer, and says what became of all; `None`: it may not be durable.
    async fn act(&self, user: &UserId, told: &Told, what: Answered, by: By, id: &str) -> Option<String> {
        let act = |(i, p): &(Arc<Incident>, Page)| {
            let act = Act { incident: i.no, by: user.clone(), deed: deed(what, i, p, user)? };
            Some((i.no, Input { id: InputId::from(format!("{id}/{}", i.no.0)), what: What::Act(act) }))
        };
        let (numbers, acts): (Vec<IncidentNo>, Vec<Input>) = told.iter().filter_map(act).unzip();
        let mut came = BTreeMap::new();
        for (no, answer) in numbers.into_iter().zip(self.door.each(Lane::People, acts, 0, DECIDE).await) {
            match answer {
                Some(Answer::Decided { .. } | Answer::DecidedBefore { .. }) => {
                    came.insert(no, Came::Done);
                }
                Some(Answer::Refused { refusal: Refusal::NobodyAbove { .. }, .. }) => {
                    came.insert(no, Came::NobodyAbove);
                }
                Some(Answer::Refused { .. }) => {}
                Some(Answer::NotWritten(_)) | None => return None,
            }
        }
        let after = self.board.snapshot();
        let stands = |i: &Arc<Incident>| {
            let came = came.get(&i.no).copied().unwrap_or(Came::NotDone);
            (after.world.incident(i.no).unwrap_or(i).clone(), came)
        };
        let now: Vec<(Arc<Incident>, Came)> = told.iter().map(|(i, _)| stands(i)).collect();
        let now: Vec<(&Incident, Came)> = now.iter().map(|(i, came)| (&**i, *came)).collect();
        // A text is about the newest page that still waits; a key is about its call alone.
        let these = numbers_of(told);
        let again =
            by == By::Text && last_told(&after, user).iter().any(|(i, p)| waits(i, p) && !these.contains(&i.no));
        let left = Left { count: left(&after, user, told), again };
        Some(phone::answered(what, &now, left, user, &after.directory))
    }

    /// The state in which it is known what a page told. Whoever picks up may be faster than the answer by which we learn
    /// that they were called; after a lost answer that takes as long as looking for it.
    async fn once_taken(&self, snapshot: &Arc<Snapshot>, query: &str) -> Arc<Snapshot> {
        let mut snapshot = snapshot.clone();
        for _ in 0..TAKEN_TRIES {
            let is_taken = by_query(&snapshot, query).is_none_or(|(_, told)| told.iter().all(|(_, p)| !p.is_wanted()));
            if is_taken {
                break;
            }
            tokio::time::sleep(TAKEN_EVERY).await;
            snapshot = self.board.snapshot();
        }
        snapshot
    }

    /// What came to nothing is told; the next method goes at once.
    async fn status(&self, snapshot: &Arc<Snapshot>, query: &str, fields: &[(String, String)]) -> Reply {
        let Some(why) = twilio::failure(fields) else { return Reply::Heard };
        let snapshot = &*self.once_taken(snapshot, query).await;
        let Some((_, mut told)) = by_query(snapshot, query) else { return Reply::Heard };
        // An earlier call that was taken for lost says nothing of the one that was made in its place.
        let sids = [field(fields, "CallSid"), field(fields, "MessageSid")];
        let is_another = |p: &Page| p.taken.as_ref().is_some_and(|taken| !sids.contains(&&*taken.receipt));
        told.retain(|(_, p)| !is_another(p));
        // The one that the URL names, by which the others are found, comes last: what stops half-way is done again.
        told.sort_by_key(|(_, p)| p.bundle() == Some(p.id));
        let failed = |(i, p): (Arc<Incident>, Page)| {
            let settled = Settled::PageFailed { incident: i.no, page: p.id, why: PageFailure::Provider(why.clone()) };
            let n = self.settled.fetch_add(1, Ordering::Relaxed);
            Input { id: InputId::minted('p', n), what: What::Settled(settled) }
        };
        let all = self.door.each(Lane::Inner, told.into_iter().map(failed).collect(), 0, DECIDE).await;
        let is_kept = |answer: &Option<Answer>| !matches!(answer, Some(Answer::NotWritten(_)) | None);
        if all.iter().all(is_kept) { Reply::Heard } else { Reply::TryAgain }
    }
}

/// What an answer does to one incident; `None`: nothing, and it is only told how it stands. Whoever asks the next level
/// while somebody else has it would wake people for nothing.
fn deed(what: Answered, i: &Incident, p: &Page, user: &UserId) -> Option<Deed> {
    if matches!(i.state, State::Resolved { .. }) {
        return None;
    }
    let is_theirs = i.responder() == Some(user);
    match what {
        Answered::Acknowledge if p.purpose == Purpose::Begin && is_theirs => Some(Deed::Start),
        Answered::Acknowledge => Some(Deed::Acknowledge),
        Answered::Escalate => (wants(i, p) || is_theirs).then_some(Deed::Escalate),
    }
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
}

/// A name given by Twilio, if it is one.
fn sid(text: &str) -> Option<&str> {
    let good = !text.is_empty() && text.len() <= SID_CHARS && text.chars().all(|c| c.is_ascii_alphanumeric());
    good.then_some(text)
}

/// How many incidents wait for somebody besides those they were told of.
fn left(snapshot: &Snapshot, user: &UserId, told: &Told) -> usize {
    let (to, these) = (Recipient::User(user.clone()), numbers_of(told));
    let others = snapshot.world.incidents.values().filter(|i| !these.contains(&i.no));
    others.filter(|i| waits_for(i, &to)).count()
}

fn numbers_of(told: &Told) -> BTreeSet<IncidentNo> {
    told.iter().map(|(i, _)| i.no).collect()
}

fn menu(snapshot: &Snapshot, user: &UserId, told: &Told) -> String {
    if told.iter().any(|(i, _)| i.is_test()) {
        return crate::views::test_page::menu(true);
    }
    phone::menu(told.len(), left(snapshot, user, told), true)
}

/// Whom the page of a URL rang, and of what it told. A URL of another store names nothing here.
fn by_query(snapshot: &Snapshot, query: &str) -> Option<(UserId, Told)> {
    let (mut store, mut page, mut incident) = (String::new(), None, None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "store" => store = value.into_owned(),
            "page" => page = value.parse().ok().map(PageId),
            "incident" => incident = value.parse().ok().map(IncidentNo),
            _ => {}
        }
    }
    if store != snapshot.store.to_string() {
        return None;
    }
    let incident = snapshot.world.incident(incident?)?;
    let p = incident.page(page?)?;
    let Recipient::User(user) = &p.to else { return None };
    snapshot.directory.users.get(user)?;
    Some((user.clone(), told_with(snapshot, incident, p)))
}

/// The page, and those that went with it.
fn told_with(snapshot: &Snapshot, incident: &Arc<Incident>, p: &Page) -> Told {
    let shared = p.bundle().map(|number| snapshot.world.bundle(number)).unwrap_or_default();
    let mut told: Told = shared.into_iter().map(|(i, p)| (i.clone(), p.clone())).collect();
    if !told.iter().any(|(_, other)| other.id == p.id) {
        told.push((incident.clone(), p.clone()));
    }
    told
}

/// Of what the newest text or call to somebody told.
fn last_told(snapshot: &Snapshot, user: &UserId) -> Told {
    let to = Recipient::User(user.clone());
    // Also one that nobody answered, and one of which it is not known yet that it was taken: it may be on the screen.
    let by_phone = |p: &&Page| {
        p.to == to && matches!(p.method, Method::Sms | Method::Voice) && (p.is_wanted() || p.taken.is_some())
    };
    let open = snapshot.world.incidents.values().filter(|i| !i.closed);
    let all = open.flat_map(|i| i.pages.iter().filter(by_phone).map(move |p| (i, p)));
    let sent = |p: &Page| p.taken.as_ref().map_or(p.requested, |taken| taken.at);
    // What still waits for an answer is what is answered, and what is real before what is only tried.
    let newest = all.max_by_key(|(i, p)| (wants(i, p), !i.is_test(), sent(p), p.id));
    newest.map(|(i, p)| told_with(snapshot, i, p)).unwrap_or_default()
}

/// Those of these incidents for which somebody was ever paged.
fn named(snapshot: &Snapshot, user: &UserId, numbers: &[IncidentNo]) -> Told {
    let to = Recipient::User(user.clone());
    let page = |no: &IncidentNo| {
        let incident = snapshot.world.incident(*no)?;
        let last = incident.pages.iter().filter(|p| p.to == to).max_by_key(|p| p.id)?;
        Some((incident.clone(), last.clone()))
    };
    numbers.iter().filter_map(page).collect()
}

/// Incidents in one text.
const NUMBERS: usize = 20;

/// What somebody wrote: `1`, `ack`, `ok 12 13`, `2 #12`. `None`: not understood, so that nothing is done by mistake.
#[doc(hidden)]
pub fn read(body: &str) -> Option<(Answered, Vec<IncidentNo>)> {
    let body = body.trim_matches(|c: char| c.is_control() || c.is_whitespace());
    // What cannot be seen is left out: two numbers on both sides of it would become a third.
    if body.contains(|c: char| c.is_control() && !c.is_whitespace()) {
        return None;
    }
    let line = plain(body, 200).to_lowercase();
    let mut words = line.split(|c: char| c.is_whitespace() || c == ',').map(|w| w.trim_matches(['.', '!', '"', '\'']));
    let mut words = words.by_ref().filter(|word| !word.is_empty());
    let what = match words.next()? {
        "1" | "ack" | "acknowledge" | "ok" | "okay" | "yes" | "y" | "mine" => Answered::Acknowledge,
        "2" | "esc" | "escalate" | "next" => Answered::Escalate,
        _ => return None,
    };
    let mut numbers = Vec::new();
    for word in words {
        let number = word.trim_start_matches('#').parse().ok().filter(|_| numbers.len() < NUMBERS)?;
        numbers.push(IncidentNo(number));
    }
    Some((what, numbers))
}

/// Whose number this is.
fn whose<'a>(directory: &'a Directory, number: &str) -> Option<&'a UserId> {
    directory.users.values().find(|u| u.phone.as_deref() == Some(number)).map(|u| &u.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_understood_or_nothing_is_done() {
        let said = |body: &str| match read(body) {
            None => "?".to_owned(),
            Some((what, numbers)) => format!("{what:?} {:?}", numbers.iter().map(|n| n.0).collect::<Vec<_>>()),
        };
        for (body, wanted) in [
            ("1", "Acknowledge []"),
            (" 1. ", "Acknowledge []"),
            ("Ack", "Acknowledge []"),
            ("OK!", "Acknowledge []"),
            ("ack #12, 13", "Acknowledge [12, 13]"),
            ("2", "Escalate []"),
            ("escalate 7", "Escalate [7]"),
            ("12", "?"),
            ("1 please", "?"),
            ("not me", "?"),
            ("stop", "?"),
            ("", "?"),
            ("1 99999999999999999999999", "?"),
            ("\u{202e}1", "Acknowledge []"),
            ("\0 ack\r\n12\0", "Acknowledge [12]"),
            ("ack 11\u{5}\u{0}02", "?"),
            ("1\u{7}2", "?"),
        ] {
            assert_eq!(said(body), wanted, "{body:?}");
        }
        let many = (0..30).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        assert_eq!(said(&format!("ack {many}")), "?", "more than a person reads");
    }
}
