//! What an operator should know and was not told yet.

use super::journal::lock;
use std::sync::Mutex;

/// More than this many are not kept; they say the same things by then.
pub const MAX_NOTICES: usize = 100;

/// Sentences, each once, oldest first.
#[derive(Debug, Default)]
pub struct Notices(Mutex<Vec<String>>);

impl Notices {
    /// Adds a sentence, unless it is waiting already or too many are.
    pub fn add(&self, sentence: String) {
        let mut all = lock(&self.0);
        if all.len() < MAX_NOTICES && !all.contains(&sentence) {
            all.push(sentence);
        }
    }

    /// All of them; they are told once.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_fails_all_night_does_not_fill_the_memory() {
        let notices = Notices::default();
        for n in 0..10 * MAX_NOTICES {
            notices.add("the same".into());
            notices.add(format!("number {n}"));
        }
        let told = notices.take();
        assert_eq!((told.len(), told[0].as_str(), told[1].as_str()), (MAX_NOTICES, "the same", "number 0"));
        assert!(notices.take().is_empty());
    }
}
