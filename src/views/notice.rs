//! What the admin channel hears of Warridor itself.

use super::card::{name, plain_title};
use super::limits;
use super::mrkdwn::escape;
use super::thread::failure;
use crate::domain::directory::Directory;
use crate::domain::incident::Incident;
use crate::domain::page::{PageFailure, Recipient};

/// On a message whose first try was answered by nothing.
pub const SENT_AGAIN: &str = "_Sent again: Slack did not say whether the first one arrived. You may see it twice._";

/// A page did not reach somebody.
pub fn page_failed(i: &Incident, to: &Recipient, why: &PageFailure, d: &Directory) -> String {
    let about = format!("{} {}", i.no, plain_title(i, limits::TITLE));
    match to {
        Recipient::User(user) => format!(
            ":warning: A page to {who} failed: {why}. It was about {about}; whoever is next is asked. Until that is fixed, \
             {who} cannot be paged: put somebody else on call, or correct `slack` of user `{id}` in the configuration.",
            who = name(d, user),
            why = failure(why),
            id = escape(user.as_str(), limits::LABEL),
        ),
        Recipient::Channel(channel) => format!(
            ":warning: A message to <#{channel}> failed: {}. It was about {about}. Invite the bot there, or name another \
             channel in `catch_all`.",
            failure(why),
        ),
    }
}
