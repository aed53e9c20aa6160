//! Medians, percentiles, and how far rounds are apart.

/// The value below which `share` of the sorted `values` lie.
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    if sorted.is_empty() {
        return f64::NAN;
    }
    let at = ((sorted.len() as f64) * share).ceil() as usize;
    sorted[at.clamp(1, sorted.len()) - 1]
}

pub fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// `median (least-most)` of one value a round.
pub fn spread(values: &[f64], digits: usize) -> String {
    let s = sorted(values.to_vec());
    format!("{:.digits$} ({:.digits$}-{:.digits$})", percentile(&s, 0.5), s[0], s[s.len() - 1])
}

pub fn median(values: &[f64]) -> f64 {
    percentile(&sorted(values.to_vec()), 0.5)
}

/// A line that says whether a target is met.
pub fn verdict(what: &str, value: f64, ok: bool, target: &str) {
    println!("{} {what}: {value:.2} (target: {target})", if ok { "met   " } else { "MISSED" });
}
