//! An incident of a private service speaks of itself in private channels only.

#[allow(dead_code)] // the simulation's company; its Slack is not needed here
#[path = "sim/company.rs"]
mod company;
#[allow(dead_code)] // this needs little of the goldens' desk
#[path = "goldens/desk.rs"]
mod desk;

use desk::{Desk, HOUR, NIGHT};
use warridor::domain::id::{ChannelId, ServiceId};
use warridor::domain::input::EventAction;
use warridor::domain::page::Recipient;
use warridor::views;

/// What the catch-all channel is shown of an incident that nobody answered, again and again.
fn last_calls(private: bool, channel_is_private: bool) -> Vec<views::Message> {
    let mut desk = Desk::at(NIGHT);
    let admin = ChannelId::from("C0ADMIN");
    desk.directory.services.get_mut(&ServiceId::from("payments")).unwrap().private = private;
    if channel_is_private {
        desk.directory.private_channels.insert(admin.clone());
    }
    desk.alert("payments", EventAction::Trigger);
    desk.deliver();
    desk.advance(HOUR);
    let incident = desk.world.open_incidents().next().unwrap().clone();
    let calls = incident.pages.iter().filter(|p| p.to == Recipient::Channel(admin.clone()));
    let shown: Vec<_> = calls.map(|p| views::page::page(&incident, p, &desk.directory, desk.store)).collect();
    assert!(shown.len() > 1, "it is told more than once");
    shown
}

#[test]
fn a_public_channel_hears_that_somebody_is_needed_and_not_what_for() {
    for message in last_calls(true, false) {
        assert_eq!(message.text, "#1, tier 1, needs somebody: nobody answered. What it is about stands in <#C0PAY>.");
        let all = format!("{message:?}");
        for content in ["Payment errors", "eu-west-1", "PaymentErrors", "grafana.example", "Payments API"] {
            assert!(!all.contains(content), "{content}: {all}");
        }
    }
}

#[test]
fn a_private_channel_hears_it_all_and_so_does_every_channel_of_an_open_service() {
    for (private, channel_is_private) in [(true, true), (false, false), (false, true)] {
        for message in last_calls(private, channel_is_private) {
            assert!(message.text.contains("Payment errors"), "{private} {channel_is_private}: {}", message.text);
        }
    }
}
