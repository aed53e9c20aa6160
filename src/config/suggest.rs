//! "Did you mean".

use super::limits::MAX_LISTED;
pub(super) use crate::command::nearest;

/// "write one of: a, b, c", and the one that was probably meant.
pub(super) fn one_of<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    let meant = nearest(written, known.iter().copied());
    let more = known.len().saturating_sub(MAX_LISTED);
    known.truncate(MAX_LISTED);
    let mut mend = format!("write one of: {}", known.join(", "));
    if more > 0 {
        mend.push_str(&format!(" and {more} more"));
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
    fn a_long_list_is_cut() {
        let names: Vec<String> = (0..MAX_LISTED + 3).map(|i| format!("name-{i:02}")).collect();
        assert!(one_of("zzz", names.iter().map(String::as_str)).ends_with("name-11 and 3 more"));
    }
}
