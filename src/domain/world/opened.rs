//! What opening an incident does to the state.

use super::timeline::log;
use super::{RowKey, World, enter};
use crate::domain::alert::Alert;
use crate::domain::course::Course;
use crate::domain::fact::IncidentOpened;
use crate::domain::group::Group;
use crate::domain::id::{AlertKey, IncidentNo};
use crate::domain::incident::{Happening, Incident, State};
use crate::domain::input::Source;
use crate::domain::stamp::At;
use crate::domain::threshold::Counting;
use std::sync::Arc;

pub(super) fn open(w: &mut World, o: &IncidentOpened, wall: At) {
    let key = o.alert_key();
    let of_monitor = !matches!(o.source, Source::Person | Source::Test);
    let first = Alert {
        service: o.told.clone(),
        sent_to: o.told.as_ref().map(|_| o.service.clone()),
        ..Alert::new(o.dedup.clone(), o.starts_at)
    };
    // What came and cleared before it was often enough counts, although it is another incident by now.
    let earlier = o.earlier.and_then(|no| w.incidents.get(&no)).filter(|earlier| earlier.service == o.service);
    let seen = earlier.and_then(|earlier| earlier.counting.as_ref()).map_or_else(Vec::new, |c| c.seen.clone());
    let mut incident = Incident {
        triage: None,
        major: None,
        no: o.incident,
        service: o.service.clone(),
        team: o.team.clone(),
        tier: o.tier,
        urgency: o.urgency,
        policy: o.policy.clone(),
        title: o.title.body().clone(),
        link: o.link.body().clone(),
        labels: o.labels.body().clone(),
        opened: wall,
        state: State::Triggered { since: wall },
        alerts: of_monitor.then(|| Arc::new(first)).into_iter().collect(),
        calls: Vec::new(),
        pages: Vec::new(),
        responders: Vec::new(),
        channel: o.channel.clone(),
        private: o.private,
        card: None,
        thread_shown: 0,
        timeline: Vec::new(),
        next_entry: 1,
        closed: false,
        opened_by: o.by.clone(),
        earlier: o.earlier,
        started: None,
        mitigated: None,
        not_actionable: None,
        message: o.message.clone(),
        quotes: Vec::new(),
        merged_into: None,
        merged: Vec::new(),
        merged_reports: Vec::new(),
        log: None,
        hold: None,
        policy_kept: None,
        course: Course::default(),
        listing: None,
        listed: None,
        raise: None,
        sla: None,
        origin: o.origin.clone(),
        group: (!o.group.is_empty()).then(|| Group { values: o.group.body().clone(), last: wall }),
        counting: o.threshold.and_then(|threshold| Counting::new(threshold, seen).with(wall)),
        marked: None,
        help: None,
        came: false,
        paged: Vec::new(),
        answered: None,
        run: None,
        run_message: None,
        first_let_go: false,
        held_then: None,
    };
    log(&mut incident, wall, Happening::Opened);
    if let Some(rule) = o.origin.as_ref().and_then(|origin| origin.rule.clone()) {
        log(&mut incident, wall, Happening::Routed { rule, told: o.told.clone() });
    }
    w.meta.last_incident = w.meta.last_incident.max(o.incident);
    if of_monitor {
        leads_to(w, key, o.incident);
    }
    if let Some(message) = &o.message {
        leads_to(w, message.key(), o.incident);
    }
    if let Some(group) = incident.group_key() {
        enter(&mut w.groups, group, o.incident);
    }
    if let Some(channel) = incident.waits_for_card() {
        enter(&mut w.uncarded, channel.clone(), o.incident);
    }
    enter(&mut w.open, o.service.clone(), o.incident);
    w.incidents.insert(o.incident, Arc::new(incident));
    w.touched.push(RowKey::Incident(o.incident));
}

/// The alert speaks of this incident from now on.
pub(super) fn leads_to(w: &mut World, key: AlertKey, no: IncidentNo) {
    if let Some(earlier) = w.by_alert.insert(key.clone(), no)
        && w.incidents.get(&earlier).is_some_and(|i| i.closed)
    {
        // The alert's row named the earlier incident; it names an open one now, and open ones need no row.
        w.touched.push(RowKey::Alert(key));
    }
}
