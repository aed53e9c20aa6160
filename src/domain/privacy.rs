//! Who may read what an incident of a private service is about.

use super::directory::Directory;
use super::id::{ChannelId, ServiceId, UserId};
use super::incident::Incident;

/// Whoever it concerns and the people of its team read it anywhere; everybody else only where the channel may show it.
pub fn may_read(i: &Incident, d: &Directory, user: Option<&UserId>, channel: Option<&ChannelId>) -> bool {
    let service = d.services.get(&i.service);
    if !service.map_or(i.private, |s| s.private) {
        return true;
    }
    let is_theirs = user.is_some_and(|user| {
        let of_team = d.teams.get(&i.team).is_some_and(|t| t.members.contains(user));
        of_team || i.concerns(user)
    });
    let is_shown = |channel: &ChannelId| match service {
        Some(_) => d.may_show(&i.service, channel),
        // Nobody says any more which channels are of its people only, but the one in which it stands.
        None => *channel == i.channel,
    };
    is_theirs || channel.is_some_and(is_shown)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{Service, Team};
    use crate::domain::triage::tests::Story;

    /// #1 of the shop, which is private; Ana is paged for it.
    fn of_a_private_shop() -> Story {
        let mut story = Story::paged();
        let shop = story.d.services.get_mut(&"shop".into()).expect("it is there");
        (shop.private, shop.channel) = (true, "C0SHOP".into());
        story.d.private_channels = ["C0SHOP", "C0ADMIN"].map(ChannelId::from).into();
        story.d.teams.insert("shop".into(), Team::new("shop".into(), "C0SHOP".into(), vec!["ben".into()]));
        story.world = Default::default();
        story.event("shop", crate::domain::input::EventAction::Trigger);
        story
    }

    #[test]
    fn whoever_it_concerns_reads_it_anywhere_and_others_where_its_people_are() {
        let story = of_a_private_shop();
        let reads =
            |user: &str, channel: &str| may_read(&story.first(), &story.d, Some(&user.into()), Some(&channel.into()));
        assert!(reads("ana", "C0LUNCH"), "she is paged");
        assert!(reads("ben", "C0LUNCH"), "it is his team's");
        assert!(!reads("chen", "C0LUNCH"));
        assert!(reads("chen", "C0SHOP") && reads("chen", "C0ADMIN"));
    }

    #[test]
    fn what_was_private_stays_so_when_its_service_is_gone() {
        let mut story = of_a_private_shop();
        story.d.services.remove(&"shop".into());
        let reads = |story: &Story, user: &str, channel: &str| {
            let (i, channel) = (Incident { channel: "C0SHOP".into(), ..story.first() }, channel.into());
            may_read(&i, &story.d, Some(&user.into()), Some(&channel))
        };
        assert!(!reads(&story, "chen", "C0LUNCH") && !reads(&story, "chen", "C0ADMIN"));
        assert!(reads(&story, "chen", "C0SHOP"), "it stands there");
        assert!(reads(&story, "ana", "C0LUNCH") && reads(&story, "ben", "C0LUNCH"), "it is theirs");
        story
            .d
            .services
            .insert("shop".into(), Service::new("shop".into(), "shop".into(), "shop".into(), "C0SHOP".into()));
        assert!(reads(&story, "chen", "C0LUNCH"), "said to be for everybody, it is");
    }
}
