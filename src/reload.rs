//! A changed configuration, taken in while everything runs.
//!
//! The files are looked at every few seconds, and at SIGHUP. What is read is judged whole: a good one goes through the
//! door as any other input, a bad one changes nothing and is told, in the log, in `/readyz` and once in the admin
//! channel. People known by e-mail only are looked up in Slack, and put in force the same way.
//!
//! Absent on purpose: any change of what was opened at the start (where it listens, where it keeps its data, which
//! commands there are). That is said, and waits for a restart.

mod people;
#[cfg(test)]
mod tests;
mod watch;

pub use people::People;
pub use watch::{Looked, Seen, Stamps, Watch};

use crate::config::{AppConfig, Complaint, Loaded};
use crate::domain::directory::Directory;
use crate::domain::id::InputId;
use crate::domain::input::{Input, What};
use crate::door::Door;
use crate::notices::Notices;
use crate::pump::{Answer, Lane};
use crate::slack::SlackClient;
use crate::store::Store;
use crate::views::mrkdwn::escape;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch as channel;
use tokio_util::sync::CancellationToken;

/// The files are looked at this often, and read once they look the same twice: nobody's half-written file is judged.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);
/// People whom Slack did not find, or could not be asked about, are asked for again after this long.
pub const ASK_AGAIN: Duration = Duration::from_secs(60);
/// Complaints told in the admin channel and in `/readyz`; all of them are in the log.
pub const COMPLAINTS_TOLD: usize = 3;
const BAD: &str = "The configuration was changed and has mistakes. The old one stays in force.";
const BAD_PLAYBOOK: &str = "A playbook has mistakes. Until they are mended, nothing that was changed is put in force, and a \
                            start leaves that playbook out.";
/// Of one complaint, there.
const COMPLAINT_CHARS: usize = 400;

/// How the configuration is, for `/readyz`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Why the file as it is now is not in force: its first complaints. Empty: it is in force.
    pub refused: Vec<String>,
    /// Changed in the file, and waiting for a restart.
    pub ignored_until_restart: Vec<&'static str>,
    /// People known by e-mail only, whom Slack does not know.
    pub people_not_found: Vec<String>,
    /// Why Slack does not say who people known by e-mail only are.
    pub people_not_asked: Option<String>,
}

/// Decides what becomes of a configuration that was read. No I/O.
#[derive(Clone, Debug)]
pub struct Keeper {
    at_start: AppConfig,
    /// As it was read: without what Slack added.
    in_force: Directory,
    standing: Standing,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// It goes through the door.
    pub put_in_force: bool,
    /// The admin channel hears this.
    pub say: Option<String>,
}

impl Keeper {
    pub fn new(at_start: AppConfig, in_force: Directory) -> Self {
        Self { at_start, in_force, standing: Standing::default() }
    }

    /// Judges what was read: what is to be done, and how things stand once it is.
    pub fn judge(&self, read: &Result<Loaded, Vec<Complaint>>) -> (Verdict, Self) {
        let mut next = self.clone();
        let loaded = match read {
            Ok(loaded) => loaded,
            Err(complaints) => {
                next.standing.refused = first(complaints);
                let news = self.standing.refused.is_empty();
                let say = news.then(|| {
                    let of_playbooks = complaints.iter().all(|c| c.file.to_lowercase().ends_with(".md"));
                    format!(
                        ":warning: {}\n{}",
                        if of_playbooks { BAD_PLAYBOOK } else { BAD },
                        next.standing.refused.iter().map(|c| escape(c, COMPLAINT_CHARS)).collect::<Vec<_>>().join("\n")
                    )
                });
                return (Verdict { put_in_force: false, say }, next);
            }
        };
        next.standing.refused.clear();
        next.standing.ignored_until_restart = ignored(&self.at_start, &loaded.app);
        let mut say = Vec::new();
        if !self.standing.refused.is_empty() {
            say.push(":white_check_mark: The configuration is fine again, and in force.".to_owned());
        }
        let waiting = &next.standing.ignored_until_restart;
        if !waiting.is_empty() && *waiting != self.standing.ignored_until_restart {
            say.push(format!(
                ":information_source: Changed in the configuration, and read at the start only: {}. Restart Warridor to \
                 use it.",
                waiting.join(", ")
            ));
        }
        let put_in_force = loaded.directory != self.in_force;
        next.in_force = loaded.directory.clone();
        (Verdict { put_in_force, say: (!say.is_empty()).then(|| say.join("\n")) }, next)
    }

    pub fn standing(&self) -> &Standing {
        &self.standing
    }
}

fn first(complaints: &[Complaint]) -> Vec<String> {
    let mut told: Vec<String> = complaints.iter().take(COMPLAINTS_TOLD).map(ToString::to_string).collect();
    let more = complaints.len().saturating_sub(COMPLAINTS_TOLD);
    if more > 0 {
        told.push(format!("and {more} more: `warridor check` shows them all"));
    }
    told
}

/// What differs and was opened at the start.
fn ignored(before: &AppConfig, now: &AppConfig) -> Vec<&'static str> {
    let differs = [
        ("listen", before.listen != now.listen),
        ("data_dir", before.data_dir != now.data_dir),
        ("heartbeat_url", before.heartbeat_url != now.heartbeat_url),
        ("timeline_reaction", before.timeline_reaction != now.timeline_reaction),
        ("command", before.commands != now.commands),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}

/// Looks, judges, and puts in force.
pub struct Reload {
    pub watch: Watch,
    pub store: Arc<dyn Store>,
    pub door: Door,
    pub client: SlackClient,
    pub notices: Notices,
    pub standing: channel::Sender<Standing>,
}

/// What is remembered between two rounds.
struct Memory {
    keeper: Keeper,
    /// The text in force, which the store keeps.
    text: String,
    people: People,
    /// What went through the door last, with the ids that were known then.
    put: Directory,
    seen: Option<Seen>,
    /// How the files looked when they were last read, and at the last look.
    read_at: Stamps,
    looked_at: Stamps,
    inputs: u64,
}

impl Memory {
    fn new(keeper: Keeper, text: String) -> Self {
        Self {
            put: keeper.in_force.clone(),
            keeper,
            text,
            people: People::default(),
            seen: None,
            read_at: Stamps::default(),
            looked_at: Stamps::default(),
            inputs: 0,
        }
    }
}

impl Reload {
    /// Runs until `stop`. `keeper` and `text` are what the start put in force.
    pub async fn run(self, keeper: Keeper, text: String, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.go_on(keeper, text) => {}
        }
    }

    async fn go_on(&self, keeper: Keeper, text: String) {
        let mut hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => hangup,
            Err(e) => {
                tracing::error!(error = %e, "SIGHUP cannot be listened to; a changed configuration needs a restart");
                return;
            }
        };
        let mut memory = Memory::new(keeper, text);
        let mut ask = tokio::time::interval(ASK_AGAIN);
        ask.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = hangup.recv() => {
                    tracing::info!("SIGHUP: reading the configuration");
                    memory.seen = None;
                    self.look(&mut memory, true).await;
                }
                _ = ask.tick() => self.ask(&mut memory).await,
                () = tokio::time::sleep(LOOK_EVERY) => self.look(&mut memory, false).await,
            }
        }
    }

    /// Reads the files if they changed and rest, or at once when told to.
    async fn look(&self, memory: &mut Memory, now: bool) {
        if let (Some(seen), false) = (memory.seen.clone(), now) {
            let Ok(stamps) = tokio::task::spawn_blocking(move || seen.stamps()).await else { return };
            let rests = std::mem::replace(&mut memory.looked_at, stamps.clone()) == stamps;
            if stamps == memory.read_at || !rests {
                return;
            }
        }
        let watch = self.watch.clone();
        let Ok(looked) = tokio::task::spawn_blocking(move || watch.look()).await else { return };
        if memory.seen.as_ref() != Some(&looked.seen) && !self.take(memory, &looked).await {
            return;
        }
        memory.seen = Some(looked.seen);
        memory.looked_at = looked.stamps.clone();
        memory.read_at = looked.stamps;
    }

    /// False: it could not be put in force, and is tried again.
    async fn take(&self, memory: &mut Memory, looked: &Looked) -> bool {
        let (verdict, next) = memory.keeper.judge(&looked.read);
        match &looked.read {
            Ok(loaded) if verdict.put_in_force => {
                let before = std::mem::replace(&mut memory.text, loaded.text.clone());
                if let Err(why) = self.put(memory, &loaded.directory).await {
                    memory.text = before;
                    tracing::warn!(why, "the changed configuration is not in force yet; it is tried again");
                    return false;
                }
                loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
                tracing::info!(sha256 = loaded.sha256, "the changed configuration is in force");
            }
            Ok(_) => {}
            Err(complaints) => {
                complaints.iter().for_each(|complaint| tracing::warn!("{complaint}"));
                tracing::warn!("the changed configuration has mistakes; the old one stays in force");
            }
        }
        if let Some(text) = verdict.say {
            tracing::info!(text, "told in the admin channel");
            self.say(text);
        }
        let asked = next.in_force != memory.keeper.in_force;
        memory.keeper = next;
        self.publish(memory);
        if asked {
            self.ask(memory).await;
        }
        true
    }

    /// Looks for people known by e-mail only, and puts their ids in force.
    async fn ask(&self, memory: &mut Memory) {
        let news = memory.people.ask(&memory.keeper.in_force, &self.client).await;
        for line in news {
            tracing::warn!("{line}");
            self.say(format!(":warning: {line}"));
        }
        self.publish(memory);
        let directory = memory.keeper.in_force.clone();
        if memory.people.apply(&directory) != memory.put
            && let Err(why) = self.put(memory, &directory).await
        {
            tracing::warn!(why, "people found by e-mail are not in force yet; it is tried again");
        }
    }

    async fn put(&self, memory: &mut Memory, directory: &Directory) -> Result<(), String> {
        let directory = memory.people.apply(directory);
        let (store, text, sha256) = (self.store.clone(), memory.text.clone(), directory.sha256.clone());
        let kept = tokio::task::spawn_blocking(move || store.put_config(&sha256, &text)).await;
        kept.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        memory.inputs += 1;
        let id = InputId::minted('l', memory.inputs);
        let input = Input { id, what: What::ConfigLoaded(Arc::new(directory.clone())) };
        let answer = self.door.submit(Lane::Inner, input, memory.text.len()).map_err(|turned| format!("{turned:?}"))?;
        match answer.await {
            Ok(Answer::Decided { .. } | Answer::DecidedBefore { .. }) => {
                memory.put = directory;
                Ok(())
            }
            Ok(Answer::NotWritten(why)) => Err(why),
            Ok(Answer::Refused { refusal, .. }) => Err(format!("{refusal:?}")),
            Err(_) => Err("the writer stopped before it answered".to_owned()),
        }
    }

    fn publish(&self, memory: &Memory) {
        let people_not_found = memory.people.missing(&memory.keeper.in_force);
        let people_not_asked = memory.people.not_asked().map(str::to_owned);
        let standing = Standing { people_not_found, people_not_asked, ..memory.keeper.standing.clone() };
        self.standing.send_if_modified(|now| std::mem::replace(now, standing.clone()) != standing);
    }

    /// Slack may be away for longer than the next look should wait.
    fn say(&self, text: String) {
        let notices = self.notices.clone();
        tokio::spawn(async move { notices.say(text).await });
    }
}
