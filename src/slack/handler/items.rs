//! The work that incidents left behind: what is typed about it, and its windows.

use super::commands::Typed;
use super::people::stranger;
use super::rca::due_choices;
use super::{ANSWER, Came, DECIDE, Handler, origin};
use crate::command::Items;
use crate::domain::directory::User;
use crate::domain::id::{ChannelId, IncidentNo, ItemNo, SlackUserId, UserId};
use crate::domain::input::What;
use crate::domain::item::{self, Item, ItemDeed};
use crate::domain::privacy::may_read_kept;
use crate::pump::Snapshot;
use crate::slack::dispatch::Handled;
use crate::slack::translate::Place;
use crate::views::action_id::{Elsewhere, OnItem};
use crate::views::items::Listing;
use crate::views::{self, Message};
use serde_json::json;
use std::sync::Arc;

impl Handler {
    /// `items …`
    pub(super) async fn items(&self, s: &Snapshot, what: Items, user: &User, typed: &Typed<'_>) -> Message {
        let (d, now) = (&*s.directory, self.clock.now());
        let channel = typed.place.channel.as_ref();
        let list = |all: Vec<&Arc<Item>>, of: Option<&str>| {
            let may = |item: &&Arc<Item>| may_see(item, s, &user.id, channel);
            let (all, private): (Vec<_>, Vec<_>) = all.into_iter().partition(may);
            views::items::list(Listing { all: &all, private: private.len(), of }, now, d, s.store, typed.command)
        };
        match what {
            Items::Mine => list(item::open(&s.world, |item| item.owner == user.id), None),
            Items::Of(None) => list(item::open(&s.world, |_| true), Some("Everybody together")),
            Items::Of(Some(team)) => {
                let name = d.teams.get(&team).map_or(team.as_str(), |t| t.name.as_str());
                list(item::open(&s.world, |item| item.team == team), Some(name))
            }
            Items::Done { item: no, outcome } => {
                if let Some(refused) = unseen(s, no, &user.id, channel, typed.command) {
                    return refused;
                }
                self.item_typed(no, ItemDeed::Done { outcome }, user, typed).await
            }
            Items::Reopen { item: no } => {
                if let Some(refused) = unseen(s, no, &user.id, channel, typed.command) {
                    return refused;
                }
                self.item_typed(no, ItemDeed::Reopen, user, typed).await
            }
            Items::Change { item: no, owner, due } => {
                if let Some(refused) = unseen(s, no, &user.id, channel, typed.command) {
                    return refused;
                }
                self.item_typed(no, ItemDeed::Change { owner, due }, user, typed).await
            }
        }
    }

    async fn item_typed(&self, no: ItemNo, deed: ItemDeed, user: &User, typed: &Typed<'_>) -> Message {
        let (before, reopens) = (owner(&self.board.snapshot(), no), deed == ItemDeed::Reopen);
        let what = What::Item { item: no, by: user.id.clone(), deed };
        match self.decide(typed.id.into(), what, ANSWER).await {
            Came::To { snapshot, .. } => {
                let told = item_told(&snapshot, no, before.as_ref(), &user.id, typed.command);
                Message::plain(if reopens { views::items::reopened(&told) } else { told })
            }
            other => self.not_done(other, typed, IncidentNo(0)),
        }
    }

    /// *Done…* of an item, *Not done: …* in its window, and *Open again*.
    pub(super) async fn item_pressed(
        &self,
        id: &str,
        by: SlackUserId,
        what: Elsewhere,
        chosen: Option<String>,
        place: Place,
    ) -> Handled {
        let (s, title) = (self.board.snapshot(), "Item".to_owned());
        let Some(on) = chosen.as_deref().and_then(OnItem::parse).filter(|on| on.store == s.store) else {
            return self.later(by, place, title, Message::plain(views::reply::from_another_store()));
        };
        let Some(user) = s.directory.user_by_slack(&by).map(|u| u.id.clone()) else {
            let message = stranger(&self.who(&by).await, None);
            return self.later(by, place, title, message);
        };
        if let Some(refused) = unseen(&s, on.item, &user, place.channel.as_ref(), self.pager()) {
            return self.later(by, place, title, refused);
        }
        if what == Elsewhere::ItemReopen {
            let before = owner(&s, on.item);
            let asked = What::Item { item: on.item, by: user.clone(), deed: ItemDeed::Reopen };
            return match self.decide(id.into(), asked, DECIDE).await {
                Came::To { snapshot, .. } => {
                    let told = item_told(&snapshot, on.item, before.as_ref(), &user, self.pager());
                    self.later(by, place, title, Message::plain(views::items::reopened(&told)))
                }
                other => self.undone(other, by, place, title),
            };
        }
        let Some(item) = s.world.items.get(&on.item).filter(|item| item.is_open()).cloned() else {
            let told = item_told(&s, on.item, None, &user, self.pager());
            return self.later(by, place, title, Message::plain(told));
        };
        self.in_background(|this| async move {
            let origin = origin(&s, item.incident, &place);
            let tz = s.directory.users.get(&user).map_or(chrono_tz::UTC, |u| u.tz);
            let view = match what {
                Elsewhere::ItemChange => {
                    let due = due_choices(this.clock.now(), tz);
                    json!(views::items::change_window(&item, &due, &s.directory, &origin))
                }
                _ => json!(views::items::done_window(&item, &s.directory, &origin)),
            };
            this.show(&place, if place.in_modal() { "views.push" } else { "views.open" }, view).await;
        })
    }
}

fn may_see(item: &Item, s: &Snapshot, user: &UserId, channel: Option<&ChannelId>) -> bool {
    item.owner == *user || may_read_kept(&item.service, item.private, &s.directory, Some(user), channel)
}

/// What may not be read of is not there.
fn unseen(s: &Snapshot, no: ItemNo, user: &UserId, channel: Option<&ChannelId>, command: &str) -> Option<Message> {
    let item = s.world.items.get(&no);
    let is_there = item.is_some_and(|item| may_see(item, s, user, channel));
    (!is_there).then(|| Message::plain(views::items::none(no, command)))
}

pub(super) fn owner(s: &Snapshot, no: ItemNo) -> Option<UserId> {
    s.world.items.get(&no).map(|item| item.owner.clone())
}

/// How it stands, and who hears what `by` did to it. `before`: whose it was then.
pub(super) fn item_told(s: &Snapshot, no: ItemNo, before: Option<&UserId>, by: &UserId, command: &str) -> String {
    match s.world.items.get(&no) {
        Some(item) => views::items::told(item, before, by, &s.directory, command),
        None => views::items::none(no, command),
    }
}
