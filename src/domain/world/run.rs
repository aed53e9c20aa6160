//! What becomes of a playbook that is followed.

use super::timeline::log;
use crate::domain::id::UserId;
use crate::domain::incident::{Done, Happening, Incident};
use crate::domain::playbook::Playbook;
use crate::domain::run::{Left, Mark, PATH_KEPT, Run, Skipped};
use crate::domain::stamp::At;
use std::sync::Arc;

pub(super) fn begun(i: &mut Incident, by: &UserId, playbook: &Arc<Playbook>, due: Option<At>, wall: At) {
    let before = i.run.take();
    let left = before.as_ref().filter(|run| !run.is_at_its_end());
    let left = left.map(|run| (run.playbook.title.clone(), run.next + 1, run.steps()));
    let run = Run {
        playbook: playbook.clone(),
        by: by.clone(),
        begun: wall,
        next: 0,
        since: wall,
        turn: before.map_or(1, |run| run.turn + 1),
        marks: Default::default(),
        path: Vec::new(),
        due,
        overdue: None,
        stuck: None,
        last_by: by.clone(),
    };
    i.run = Some(Box::new(run));
    log(i, wall, Happening::PlaybookBegun { by: by.clone(), title: playbook.title.clone(), left });
}

/// A step is done, or was skipped. `on`: the next one, and when its time is over.
pub(super) fn left(
    i: &mut Incident,
    by: &UserId,
    step: u32,
    skipped: Option<Skipped>,
    on: (u32, Option<At>),
    wall: At,
) {
    let Some(run) = &mut i.run else { return };
    run.marks.insert(step, Mark { by: by.clone(), at: wall, skipped: skipped.clone() });
    remember(run, Left::Marked(step));
    moved(run, by, on, wall);
    let (what, number) = (Arc::from(run.in_brief(step)), step + 1);
    let ended = run.is_at_its_end().then(|| run.playbook.title.clone());
    let by = by.clone();
    log(
        i,
        wall,
        match skipped {
            None => Happening::StepDone { by, step: number, what },
            Some(Skipped { why, because }) => Happening::StepSkipped { by, step: number, what, why, because },
        },
    );
    if let Some(title) = ended {
        log(i, wall, Happening::PlaybookEnded { title });
    }
}

/// `from`: the step that is left as it is. `on`: the next one, and when its time is over.
pub(super) fn chosen(i: &mut Incident, by: &UserId, from: Option<u32>, on: (u32, Option<At>), wall: At) {
    let Some(run) = &mut i.run else { return };
    if let Some(from) = from {
        remember(run, Left::Untouched { from });
    }
    let next = on.0;
    moved(run, by, on, wall);
    let what = Arc::from(run.in_brief(next));
    log(i, wall, Happening::StepChosen { by: by.clone(), step: next + 1, what });
}

pub(super) fn taken_back(i: &mut Incident, by: &UserId, (step, untouched): (u32, bool), due: Option<At>, wall: At) {
    let Some(run) = &mut i.run else { return };
    run.path.pop();
    if !untouched {
        run.marks.remove(&step);
    }
    moved(run, by, (step, due), wall);
    let what = Arc::from(run.in_brief(step));
    log(i, wall, Happening::StepTakenBack { by: by.clone(), step: step + 1, what });
}

pub(super) fn stuck(i: &mut Incident, by: &UserId, step: u32, wall: At) {
    let Some(run) = &mut i.run else { return };
    run.stuck = Some(Done { by: by.clone(), at: wall });
    run.last_by = by.clone();
    let what = Arc::from(run.in_brief(step));
    log(i, wall, Happening::StepStuck { by: by.clone(), step: step + 1, what });
}

pub(super) fn overdue(i: &mut Incident, step: u32, wall: At) {
    let Some(run) = &mut i.run else { return };
    run.due = None;
    run.overdue = Some(wall);
    let secs = run.playbook.steps().nth(step as usize).and_then(|s| s.within_secs).unwrap_or_default();
    let what = Arc::from(run.in_brief(step));
    log(i, wall, Happening::StepOverdue { step: step + 1, what, secs });
}

/// It is over, or it sleeps: nobody waits for the next step.
pub(super) fn rests(i: &mut Incident) {
    if let Some(run) = &mut i.run {
        (run.due, run.stuck) = (None, None);
    }
}

/// *Back* leads there.
fn remember(run: &mut Run, left: Left) {
    if run.path.len() == PATH_KEPT {
        run.path.remove(0);
    }
    run.path.push(left);
}

fn moved(run: &mut Run, by: &UserId, (next, due): (u32, Option<At>), wall: At) {
    (run.next, run.due, run.since) = (next, due, wall);
    run.turn += 1;
    (run.overdue, run.stuck) = (None, None);
    run.last_by = by.clone();
}
