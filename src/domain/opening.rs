//! Opening an incident: for an alert, or because a person says so.

use super::decision::Decision;
use super::directory::{Service, Urgency};
use super::escalation;
use super::fact::{Fact, IncidentOpened};
use super::id::{AlertKey, IncidentNo, ServiceId};
use super::input::{Event, Raise, Source};
use super::refusal::Refusal;
use super::routing::{Destination, Route};
use super::text::Text;
use super::{fyi, group, routing, threshold};

/// The only thing a body can be refused for, before its first fact.
pub(super) fn service_of<'a>(d: &Decision<'a>, id: &ServiceId) -> Result<&'a Service, Refusal> {
    d.directory.services.get(id).ok_or_else(|| Refusal::NoSuchService(id.clone()))
}

/// A new episode of an alert: where it goes is the rules' to say, as they are now.
pub(super) fn begin(
    d: &mut Decision<'_>,
    told: &Service,
    key: &AlertKey,
    event: &Event,
    source: Source,
    urgency: Option<Urgency>,
) {
    // That a body cannot be read must be seen, whatever the rules say of what stands in it.
    if source == Source::Warridor {
        return open(d, told, key, event, source, urgency, None);
    }
    if fyi::repeats(d, key, event) {
        return;
    }
    let directory = d.directory;
    let Some(route) = routing::route(directory, told, event, source) else {
        return open(d, told, key, event, source, urgency, None);
    };
    match &route.to {
        Destination::Service(to) => {
            let to = directory.services.get(to).unwrap_or(told);
            open(d, to, key, event, source, urgency, Some(route));
        }
        Destination::Fyi { channel } => fyi::show(d, told, key, event, route, channel.as_ref()),
        Destination::Nothing => {
            let until = fyi::day_end(directory, told, d.stamp.wall);
            d.emit(Fact::EventDropped { service: told.id.clone(), rule: route.name.clone(), until });
        }
    }
}

fn open(
    d: &mut Decision<'_>,
    service: &Service,
    key: &AlertKey,
    event: &Event,
    source: Source,
    urgency: Option<Urgency>,
    route: Option<&Route>,
) {
    let rule = route.map(|r| r.name.clone());
    let blank = blank(d, service, source, urgency);
    let group = group::values(service, event);
    if let Some(no) = group.as_deref().and_then(|values| group::joins(d, service, values, key)) {
        group::join(d, no, key, event, rule, blank.urgency);
        threshold::look(d, no);
        return;
    }
    let earlier = d.world().incident_of(key).map(|i| i.no);
    let labels: Vec<String> =
        event.labels.iter().map(|(name, value)| format!("{}: {}", line(name), line(value))).collect();
    open_incident(
        d,
        IncidentOpened {
            dedup: event.dedup_key.clone(),
            earlier,
            starts_at: event.starts_at,
            title: Text::new(line(&event.title)),
            link: Text::new(event.link.as_str()),
            labels: Text::new(labels.join("\n")),
            told: (key.service != service.id).then(|| key.service.clone()),
            rule,
            group: Text::new(group.unwrap_or_default()),
            threshold: service.threshold,
            ..blank
        },
    );
}

/// The next incident of a service, with nothing said about it yet.
fn blank(d: &Decision<'_>, service: &Service, source: Source, urgency: Option<Urgency>) -> IncidentOpened {
    IncidentOpened {
        incident: IncidentNo(d.world().meta.last_incident.0 + 1),
        service: service.id.clone(),
        team: service.team.clone(),
        channel: service.channel.clone(),
        tier: service.tier,
        urgency: urgency.unwrap_or(service.urgency),
        policy: service.policy.clone(),
        source,
        dedup: "".into(),
        by: None,
        earlier: None,
        starts_at: None,
        title: Text::default(),
        link: Text::default(),
        labels: Text::default(),
        told: None,
        rule: None,
        group: Text::default(),
        threshold: None,
    }
}

/// Opens it, and asks for somebody unless it is of low urgency.
fn open_incident(d: &mut Decision<'_>, opened: IncidentOpened) {
    let (incident, urgency) = (opened.incident, opened.urgency);
    d.emit(Fact::IncidentOpened(Box::new(opened)));
    if urgency == Urgency::High {
        escalation::start_main_call(d, incident, Vec::new());
    }
}

/// An incident without a monitor.
pub(super) fn raise(d: &mut Decision<'_>, raise: &Raise) -> Result<(), Refusal> {
    let service = service_of(d, &raise.service)?;
    let title = line(&raise.title);
    if title.is_empty() {
        return Err(Refusal::EmptyTitle { service: service.id.clone() });
    }
    let blank = blank(d, service, Source::Person, raise.urgency);
    open_incident(d, IncidentOpened { by: Some(raise.by.clone()), title: Text::new(title), ..blank });
    Ok(())
}

/// One line: whatever breaks lines becomes a space.
pub(super) fn line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
