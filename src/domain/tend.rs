//! What every incident that changed is to have, whatever changed it: a clock, a place on a list.

use super::decision::Decision;
use super::{listing, sla, threshold};

/// Looks at each incident of this decision once.
pub(super) fn tend(d: &mut Decision<'_>) {
    for no in d.take_touched() {
        if let Some(i) = d.incident(no) {
            sla::tend(d, &i);
            listing::tend(d, &i);
            threshold::tend(d, &i);
        }
    }
}
