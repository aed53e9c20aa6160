//! "Did you mean".

use super::limits::MAX_LISTED;
pub(super) use crate::command::nearest;

/// "write one of: a, b, c", and the one that was probably meant. Of many names, the nearest.
pub(super) fn one_of<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    let meant = nearest(written, known.iter().copied());
    let more = known.len().saturating_sub(MAX_LISTED);
    if more > 0 {
        let lower = written.to_lowercase();
        known.sort_by_key(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), *name));
        known.truncate(MAX_LISTED);
    }
    known.sort_unstable();
    let mut mend = format!("write one of: {}", known.join(", "));
    if more > 0 {
        mend.push_str(&format!(" (the nearest {MAX_LISTED}; there are {more} more)"));
    }
    if let Some(meant) = meant {
        mend.push_str(&format!(". Did you mean \"{meant}\"?"));
    }
    mend
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        for (written, want) in [
            ("paymnts", Some("payments")),
            ("Payments", Some("payments")),
            ("apyments", Some("payments")),
            ("serch", Some("search")),
            ("platform", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, ["payments", "search"]), want, "{written}");
        }
    }

    #[test]
    fn of_a_long_list_the_nearest_are_named() {
        let names: Vec<String> = (0..MAX_LISTED + 3).map(|i| format!("name-{i:02}")).collect();
        let mend = one_of("nme-26", names.iter().map(String::as_str));
        assert!(mend.contains("name-26") && !mend.contains("name-19"), "{mend}");
        assert!(mend.ends_with("(the nearest 24; there are 3 more). Did you mean \"name-26\"?"), "{mend}");
    }
}
