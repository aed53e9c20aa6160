//! What is to be heard of every so often, and how it stands.

use super::kit::{context, more_private, section};
use super::mrkdwn::{day_and_time, escape_marked};
use super::quiet::Reader;
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::heartbeat::{Heartbeat, Stands, Watched, in_words};
use crate::domain::id::ServiceId;
use crate::domain::world::World;

/// How one stands, what needs somebody first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Silent,
    Unwatched,
    NeverHeard,
    Doubtful,
    Fine,
}

impl Part {
    fn of(watched: Option<&Watched>) -> Self {
        match watched {
            None => Self::Unwatched,
            Some(Watched { stands: Stands::Silent { .. }, .. }) => Self::Silent,
            Some(Watched { last: None, .. }) => Self::NeverHeard,
            Some(Watched { stands: Stands::Waits { put_off: 1.., .. }, .. }) => Self::Doubtful,
            Some(_) => Self::Fine,
        }
    }
}

/// `heartbeats`. `of`: only of this service.
pub fn list(w: &World, d: &Directory, of: Option<&ServiceId>, reader: Reader<'_>) -> Message {
    let all = d.heartbeats.values().filter(|h| of.is_none_or(|of| h.service == *of));
    let (mut all, private): (Vec<&Heartbeat>, Vec<&Heartbeat>) = all.partition(|h| reader.may_know(&h.service, d));
    let private = match private.len() {
        0 => None,
        n => Some(context(&more_private(n))),
    };
    let of_service = of.map(|id| format!(" of {}", service(id, d))).unwrap_or_default();
    if all.is_empty() {
        let mut none = Message::plain(format!(
            "No heartbeat{of_service} is watched. A `[[service.heartbeat]]` in `config.toml` makes one: a job or a monitor \
             that must be heard of every so often."
        ));
        none.blocks.extend(private);
        return none;
    }
    let part = |h: &Heartbeat| Part::of(w.heartbeats.get(&h.id));
    all.sort_by_key(|h| (part(h), &h.id));
    let silent = all.iter().filter(|h| part(h) == Part::Silent).count();
    let how_many = if all.len() == 1 { "1 heartbeat".to_owned() } else { format!("{} heartbeats", all.len()) };
    let text = match silent {
        0 => format!("{how_many}{of_service}, none is silent"),
        n => format!("{how_many}{of_service}, {n} silent"),
    };
    let mut blocks = vec![context(&text)];
    blocks.extend(all.iter().take(limits::LIST).map(|h| section(&line(h, w.heartbeats.get(&h.id), d))));
    if all.len() > limits::LIST {
        blocks.push(context(&format!("…and {} more", all.len() - limits::LIST)));
    }
    blocks.extend(private);
    Message { text, blocks, colored: None }
}

fn line(h: &Heartbeat, watched: Option<&Watched>, d: &Directory) -> String {
    let (mark, how) = match watched {
        None => (":grey_question:", "not watched: none of its keys is set".to_owned()),
        Some(w) => match (&w.stands, w.last) {
            (Stands::Silent { since, .. }, Some(last)) => {
                let (since, last) = (day_and_time(*since), day_and_time(last));
                (":red_circle:", format!("*silent* since {since}, last heard {last}"))
            }
            (Stands::Silent { since, .. }, None) => {
                (":red_circle:", format!("*silent* since {}, never heard", day_and_time(*since)))
            }
            (Stands::Waits { .. }, None) => {
                (":hourglass_flowing_sand:", format!("never heard yet, watched since {}", day_and_time(w.since)))
            }
            (Stands::Waits { put_off: 1.., .. }, Some(last)) => {
                let last = day_and_time(last);
                let why = "Warridor was away or could not take it since, and may have missed one";
                (":hourglass_flowing_sand:", format!("last heard {last}; {why}"))
            }
            (Stands::Waits { .. }, Some(last)) => (":white_check_mark:", format!("last heard {}", day_and_time(last))),
        },
    };
    let name = escape_marked(&h.name, limits::LABEL);
    let id = if h.name == h.id.as_str() { String::new() } else { format!(" `{}`", h.id) };
    let (every, grace) = (in_words(h.every_secs), in_words(h.grace_secs));
    format!("{mark} *{name}*{id} of {}: {how}. Every {every}, and {grace} of grace.", service(&h.service, d))
}

fn service(id: &ServiceId, d: &Directory) -> String {
    escape_marked(d.services.get(id).map_or(id.as_str(), |s| s.name.as_str()), limits::LABEL)
}
