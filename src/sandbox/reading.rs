//! How far each person has read, and what that leaves: bold channels, badges.

use super::directory::{Conversation, Sort};
use super::interactions::Cannot;
use super::messages::Ts;
use super::persist::Change;
use super::state::Slack;
use crate::domain::stamp::At;

/// Messages looked at for a badge: whoever was away longer reads that there are many.
const LOOKED_AT: usize = 300;

/// What a person has not read in one conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Messages of others.
    pub messages: usize,
    /// Those that count in the badge: all of a direct message, mentions in a channel.
    pub badge: usize,
}

impl Slack {
    /// A person looks at a conversation: everything in it up to now is read.
    ///
    /// # Errors
    /// Nobody of that name, or a conversation they cannot see.
    pub fn read(&mut self, user: &str, channel: &str, now: At) -> Result<(), Cannot> {
        let user = self.actor(user)?;
        let channel = self.place(channel, &user, now)?;
        let newest = self.messages.in_channel(&channel).next_back().map(|m| m.ts).unwrap_or_default();
        let key = (user.clone(), channel.clone());
        if self.reads.get(&key).is_none_or(|read| *read < newest) {
            self.reads.insert(key, newest);
            self.keep(Change::Read { user, channel, ts: newest });
        }
        Ok(())
    }

    /// What `user` has not read in a conversation.
    pub fn unread(&self, user: &str, c: &Conversation) -> Unread {
        let read = self.reads.get(&(user.to_owned(), c.id.clone())).copied().unwrap_or_default();
        let mut unread = Unread::default();
        let newest = self.messages.in_channel(&c.id).rev().take(LOOKED_AT);
        for m in newest.take_while(|m| m.ts > read).filter(|m| m.user != user) {
            unread.messages += 1;
            if c.sort == Sort::Im || self.mentioned(&c.id, m).contains(user) {
                unread.badge += 1;
            }
        }
        unread
    }

    pub(super) fn restore_read(&mut self, user: String, channel: String, ts: Ts) {
        self.reads.insert((user, channel), ts);
    }
}
