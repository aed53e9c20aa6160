//! The one way in: three bounded lanes in front of the pump.
//!
//! People and the inner lane go first, and whole unless what they lead to is too much for one frame of the journal; monitors
//! share what is left of a batch, and are the only lane that is ever told to come again because there is too much of it.
//! What waits is drained at once: never a fixed wait.

use crate::domain::input::Input;
use crate::pump::{Answer, Lane};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Clicks and commands that wait at most.
pub const PEOPLE_MAX: usize = 1_000;
/// Of those, how many one person may fill at once.
pub const EACH_AT_ONCE: usize = 200;
/// Bodies from monitors that wait at most.
pub const MONITORS_MAX: usize = 8_192;
/// Their bytes, together.
pub const MONITORS_MAX_BYTES: usize = 64 << 20;
/// Answers from outside that wait at most. The outbox has never more calls in flight than its lanes allow, so this is
/// never reached; it is a bound all the same.
pub const INNER_MAX: usize = 65_536;
/// Answers from outside in one batch, by [`Input::weight`]: what they lead to is one frame of the journal.
pub const BATCH_WEIGHT: usize = 2_000;
/// Monitors' share of one batch.
pub const BATCH_INPUTS: usize = 256;
pub const BATCH_BYTES: usize = 256 << 10;

/// Why an input was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// The lane is full.
    Full,
    /// The process is stopping.
    Stopping,
}

struct Waiting {
    input: Input,
    bytes: usize,
    answer: oneshot::Sender<Answer>,
}

#[derive(Default)]
struct Queues {
    people: VecDeque<Waiting>,
    inner: VecDeque<Waiting>,
    monitors: VecDeque<Waiting>,
    monitors_bytes: usize,
    stopping: bool,
    /// Somebody wants the pump to look at the time again.
    nudged: bool,
    /// What was taken is still being decided.
    deciding: bool,
}

/// Shared by everybody who has something to say and the pump's thread.
#[derive(Clone, Default)]
pub struct Door {
    shared: Arc<(Mutex<Queues>, Condvar)>,
}

/// What the pump takes in one go.
pub struct Batch {
    pub inputs: Vec<(Lane, Input)>,
    pub answers: Vec<oneshot::Sender<Answer>>,
}

impl Door {
    pub fn new() -> Self {
        Self::default()
    }

    /// Hands an input in. The answer comes once it is durable; a dropped sender means that the process ends without
    /// knowing.
    ///
    /// # Errors
    /// [`Turned`] when the lane is full or the process is stopping.
    pub fn submit(&self, lane: Lane, input: Input, bytes: usize) -> Result<oneshot::Receiver<Answer>, Turned> {
        let (answer, receiver) = oneshot::channel();
        let mut q = self.lock();
        if q.stopping && lane != Lane::Inner {
            return Err(Turned::Stopping);
        }
        let waiting = Waiting { input, bytes, answer };
        match lane {
            Lane::People if q.people.len() >= PEOPLE_MAX => return Err(Turned::Full),
            Lane::Inner if q.inner.len() >= INNER_MAX => return Err(Turned::Full),
            Lane::Monitors if q.monitors.len() >= MONITORS_MAX || q.monitors_bytes + bytes > MONITORS_MAX_BYTES => {
                return Err(Turned::Full);
            }
            Lane::People => q.people.push_back(waiting),
            Lane::Inner => q.inner.push_back(waiting),
            Lane::Monitors => {
                q.monitors_bytes += bytes;
                q.monitors.push_back(waiting);
            }
        }
        drop(q);
        self.shared.1.notify_one();
        Ok(receiver)
    }

    /// Hands many inputs of one person in, some at a time, so that there is room for others; says what came of each.
    /// `None`: it was not taken, or not decided `within` all of that time; it may still be.
    pub async fn each(&self, lane: Lane, inputs: Vec<Input>, bytes: usize, within: Duration) -> Vec<Option<Answer>> {
        let many = inputs.len();
        let mut answers = Vec::with_capacity(many);
        let mut inputs = inputs.into_iter().peekable();
        let all = async {
            while inputs.peek().is_some() {
                let some = inputs.by_ref().take(EACH_AT_ONCE).map(|input| self.submit(lane, input, bytes));
                for waiting in some.collect::<Vec<_>>() {
                    answers.push(match waiting {
                        Ok(answer) => answer.await.ok(),
                        Err(Turned::Full | Turned::Stopping) => None,
                    });
                }
            }
        };
        if tokio::time::timeout(within, all).await.is_err() {
            tracing::warn!(decided = answers.len(), "not all that one person did at once was decided in time");
        }
        answers.resize_with(many, || None);
        answers
    }

    /// Waits until something is there, `wait` is over (`None`: for ever), or somebody nudges; takes one batch.
    pub fn wait(&self, wait: Option<Duration>) -> Batch {
        let q = self.lock();
        let idle = |q: &mut Queues| q.is_empty() && !q.nudged && !q.stopping;
        let (_, condvar) = &*self.shared;
        let mut q = match wait {
            Some(wait) => condvar.wait_timeout_while(q, wait, idle).unwrap_or_else(PoisonError::into_inner).0,
            None => condvar.wait_while(q, idle).unwrap_or_else(PoisonError::into_inner),
        };
        q.nudged = false;
        q.deciding = true;
        q.take()
    }

    /// What was taken is decided, and published.
    pub fn decided(&self) {
        self.lock().deciding = false;
    }

    /// Nothing waits, and nothing is being decided.
    pub fn is_quiet(&self) -> bool {
        let q = self.lock();
        q.is_empty() && !q.nudged && !q.deciding
    }

    /// Makes the pump look at the time: the clock was moved.
    pub fn nudge(&self) {
        self.lock().nudged = true;
        self.shared.1.notify_one();
    }

    /// No more monitors and people; what waits is still decided.
    pub fn stop(&self) {
        self.lock().stopping = true;
        self.shared.1.notify_one();
    }

    /// Stopping, and nothing waits.
    pub fn is_drained(&self) -> bool {
        let q = self.lock();
        q.stopping && q.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        // A panic while holding this lock leaves queues that are still whole.
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queues {
    fn is_empty(&self) -> bool {
        self.people.is_empty() && self.inner.is_empty() && self.monitors.is_empty()
    }

    fn take(&mut self) -> Batch {
        let mut batch = Batch { inputs: Vec::new(), answers: Vec::new() };
        let mut add = |lane, w: Waiting| {
            batch.inputs.push((lane, w.input));
            batch.answers.push(w.answer);
        };
        self.people.drain(..).for_each(|w| add(Lane::People, w));
        let mut weight = 0;
        while weight < BATCH_WEIGHT
            && let Some(next) = self.inner.pop_front()
        {
            weight += next.input.weight();
            add(Lane::Inner, next);
        }
        let (mut inputs, mut bytes) = (0, 0);
        // The first body always goes, however large.
        while let Some(next) = self.monitors.front() {
            if inputs > 0 && (inputs >= BATCH_INPUTS || bytes + next.bytes > BATCH_BYTES) {
                break;
            }
            let Some(next) = self.monitors.pop_front() else { break };
            inputs += 1;
            bytes += next.bytes;
            self.monitors_bytes -= next.bytes;
            add(Lane::Monitors, next);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{IncidentNo, InputId, MessageRef, PageId};
    use crate::domain::input::{Settled, What};

    fn input(n: u64) -> Input {
        Input { id: InputId::minted('x', n), what: What::Due }
    }

    #[test]
    fn monitors_are_turned_away_when_their_lane_is_full_and_people_are_not() {
        let door = Door::new();
        for n in 0..MONITORS_MAX as u64 {
            assert!(door.submit(Lane::Monitors, input(n), 10).is_ok());
        }
        assert_eq!(door.submit(Lane::Monitors, input(0), 10).err(), Some(Turned::Full));
        assert!(door.submit(Lane::People, input(1), 10).is_ok());
        assert!(door.submit(Lane::Inner, input(2), 10).is_ok());
    }

    #[test]
    fn monitors_are_bounded_in_bytes_too() {
        let door = Door::new();
        assert!(door.submit(Lane::Monitors, input(1), MONITORS_MAX_BYTES).is_ok());
        assert_eq!(door.submit(Lane::Monitors, input(2), 1).err(), Some(Turned::Full));
        door.wait(None);
        assert!(door.submit(Lane::Monitors, input(3), 1).is_ok());
    }

    #[test]
    fn people_and_answers_from_outside_are_bounded() {
        let door = Door::new();
        for n in 0..PEOPLE_MAX as u64 {
            assert!(door.submit(Lane::People, input(n), 0).is_ok());
        }
        assert_eq!(door.submit(Lane::People, input(0), 0).err(), Some(Turned::Full));
        for n in 0..INNER_MAX as u64 {
            assert!(door.submit(Lane::Inner, input(n), 0).is_ok());
        }
        assert_eq!(door.submit(Lane::Inner, input(0), 0).err(), Some(Turned::Full));
    }

    #[test]
    fn a_batch_is_everything_of_people_and_inner_and_a_share_of_monitors() {
        let door = Door::new();
        for n in 0..300 {
            let _ = door.submit(Lane::Monitors, input(n), 10);
            let _ = door.submit(Lane::People, input(n), 10);
        }
        let batch = door.wait(None);
        assert_eq!(batch.inputs.iter().filter(|(l, _)| *l == Lane::People).count(), 300);
        assert_eq!(batch.inputs.iter().filter(|(l, _)| *l == Lane::Monitors).count(), BATCH_INPUTS);
        assert!(batch.inputs.iter().take(300).all(|(l, _)| *l == Lane::People), "people go first");
    }

    #[test]
    fn answers_from_outside_that_lead_to_much_are_several_batches_in_their_order() {
        let door = Door::new();
        let delivered = |n: u64| {
            let message = MessageRef { channel: "D1".into(), ts: "1.2".into() };
            let pages = (0..200).map(|page| (IncidentNo(page), PageId(n * 200 + page))).collect();
            let settled = Settled::PagesDelivered { pages, message, bundle: None };
            Input { id: InputId::minted('s', n), what: What::Settled(settled) }
        };
        for n in 0..25 {
            let _ = door.submit(Lane::Inner, delivered(n), 0);
        }
        let took: Vec<Vec<InputId>> =
            (0..3).map(|_| door.wait(None).inputs.into_iter().map(|(_, input)| input.id).collect()).collect();
        assert_eq!(took.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
        assert_eq!(took.concat(), (0..25).map(|n| InputId::minted('s', n)).collect::<Vec<_>>());
    }

    #[test]
    fn a_batch_of_monitors_is_bounded_in_bytes_but_one_body_always_goes() {
        let door = Door::new();
        let _ = door.submit(Lane::Monitors, input(1), 10 << 20);
        let _ = door.submit(Lane::Monitors, input(2), BATCH_BYTES);
        let _ = door.submit(Lane::Monitors, input(3), 1);
        assert_eq!(door.wait(None).inputs.len(), 1);
        assert_eq!(door.wait(None).inputs.len(), 1);
        assert_eq!(door.wait(None).inputs.len(), 1);
    }

    #[test]
    fn while_stopping_only_answers_from_outside_come_in() {
        let door = Door::new();
        door.stop();
        assert_eq!(door.submit(Lane::Monitors, input(1), 1).err(), Some(Turned::Stopping));
        assert_eq!(door.submit(Lane::People, input(1), 1).err(), Some(Turned::Stopping));
        assert!(door.submit(Lane::Inner, input(1), 1).is_ok());
        assert!(!door.is_drained());
        door.wait(None);
        assert!(door.is_drained());
    }
}
