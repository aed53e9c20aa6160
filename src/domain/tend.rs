//! What every incident that changed is to have, whatever changed it: a clock, a place on a list.

use super::decision::Decision;
use super::id::IncidentNo;
use super::{help, listing, misconfigured, rca, sla, storm, threshold};

/// Looks at each incident of this decision once.
pub(super) fn tend(d: &mut Decision<'_>) {
    let touched: Vec<IncidentNo> = d.take_touched().into_iter().collect();
    for no in &touched {
        if let Some(i) = d.incident(*no).filter(|i| !i.is_test()) {
            sla::tend(d, &i);
            listing::tend(d, &i);
            threshold::tend(d, &i);
            rca::tend(d, &i);
            misconfigured::tend(d, &i);
            help::tend(d, &i);
        }
    }
    storm::look(d, &touched);
}
