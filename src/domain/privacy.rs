//! Who may read what an incident of a private service is about.

use super::directory::Directory;
use super::id::{ChannelId, ServiceId, UserId};
use super::incident::Incident;

/// Whoever it concerns and the people of its team read it anywhere; everybody else only where the channel may show it.
pub fn may_read(i: &Incident, d: &Directory, user: Option<&UserId>, channel: Option<&ChannelId>) -> bool {
    if !d.services.get(&i.service).is_some_and(|s| s.private) {
        return true;
    }
    let is_theirs = user.is_some_and(|user| {
        let of_team = d.teams.get(&i.team).is_some_and(|t| t.members.contains(user));
        of_team || i.concerns(user)
    });
    is_theirs || channel.is_some_and(|channel| d.may_show(&i.service, channel))
}

/// The same of what was noted about it, where that is read to be written on: of a service that is gone nobody knows whether it was
/// private, and only whoever the incident concerned reads it.
pub fn may_read_notes(i: &Incident, d: &Directory, user: Option<&UserId>, channel: Option<&ChannelId>) -> bool {
    if d.services.contains_key(&i.service) {
        may_read(i, d, user, channel)
    } else {
        user.is_some_and(|user| i.concerns(user))
    }
}

/// The same of a service without an incident: who is of its team, and where the channel may show it.
pub fn may_read_of(service: &ServiceId, d: &Directory, user: Option<&UserId>, channel: Option<&ChannelId>) -> bool {
    let Some(private) = d.services.get(service).filter(|s| s.private) else { return true };
    let of_team = |user: &UserId| d.teams.get(&private.team).is_some_and(|t| t.members.contains(user));
    user.is_some_and(of_team) || channel.is_some_and(|channel| d.may_show(service, channel))
}

/// The same of what outlives the configuration it was made in: what was private then stays private.
pub fn may_read_kept(
    service: &ServiceId,
    was_private: bool,
    d: &Directory,
    user: Option<&UserId>,
    channel: Option<&ChannelId>,
) -> bool {
    if d.services.contains_key(service) { may_read_of(service, d, user, channel) } else { !was_private }
}
