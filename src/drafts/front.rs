//! The lines on top of a draft. Its window shows nothing of them but the title: whatever else people wrote there by hand stays as it
//! is, comments too.

use crate::config::playbook::split;
use toml::de::DeTable;

/// A draft in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'t> {
    /// What stands between the lines `+++`; `None`: there are no such lines.
    pub front: Option<&'t str>,
    /// What stands below.
    pub body: &'t str,
}

/// The lines on top are no TOML, and nobody knows what of them is the title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

pub fn parts(text: &str) -> Parts<'_> {
    match split(text) {
        Some((front, body)) => Parts { front: Some(front), body: body.trim() },
        None => Parts { front: None, body: text.trim() },
    }
}

/// The title that stands there.
///
/// # Errors
/// See [`Unreadable`].
pub fn title(front: &str) -> Result<Option<String>, Unreadable> {
    let table: toml::Table = front.parse().map_err(|_| Unreadable)?;
    Ok(table.get(TITLE).and_then(toml::Value::as_str).map(str::to_owned))
}

/// The same lines with another title.
///
/// # Errors
/// See [`Unreadable`].
pub fn retitled(front: &str, title: &str) -> Result<String, Unreadable> {
    let value = toml::Value::from(title).to_string();
    let table = DeTable::parse(front).map_err(|_| Unreadable)?;
    let there = table.get_ref().iter().find(|(key, _)| key.get_ref() == TITLE).map(|(_, value)| value.span());
    let new = match there {
        Some(at) => format!("{}{value}{}", &front[..at.start], &front[at.end..]),
        // Below a `[[match]]` it would be one of its keys.
        None => format!("{TITLE} = {value}\n{front}"),
    };
    if self::title(&new)?.as_deref() == Some(title) { Ok(new) } else { Err(Unreadable) }
}

const TITLE: &str = "title";

#[cfg(test)]
mod tests {
    use super::*;

    const BY_HAND: &str = "# ask Ben before you change this\nowner = \"payments\"\ntitle = 'Disk'  # its name\ntier = 1\n\n\
                           [[match]]\nservices = [\"payments-api\"]\ntitle = \"not this one\"\n";

    #[test]
    fn a_title_is_changed_and_nothing_beside_it() {
        let new = retitled(BY_HAND, "Disk \"full\"").expect("it is TOML");
        assert_eq!(title(&new), Ok(Some("Disk \"full\"".to_owned())));
        let (before, after) = BY_HAND.split_once("'Disk'").expect("there");
        assert!(new.starts_with(before) && new.ends_with(after), "{new}");
    }

    #[test]
    fn where_there_is_no_title_it_stands_above_all() {
        let new = retitled("[[match]]\nservices = [\"api\"]\n", "Disk").expect("it is TOML");
        assert_eq!(new, "title = \"Disk\"\n[[match]]\nservices = [\"api\"]\n");
    }

    #[test]
    fn what_is_no_toml_is_left_to_people() {
        for front in ["title = \"Disk\n", "title.is = 1\n", "title = \"a\"\ntitle = \"b\"\n"] {
            assert_eq!(retitled(front, "Worker"), Err(Unreadable), "{front}");
        }
    }

    #[test]
    fn a_draft_has_lines_on_top_however_its_lines_end() {
        let (unix, windows) =
            ("+++\ntier = 1\n+++\n\n- [ ] Look.\n", "\u{feff}+++\r\ntier = 1\r\n+++\r\n\r\n- [ ] Look.\r\n");
        assert_eq!(parts(unix), Parts { front: Some("tier = 1\n"), body: "- [ ] Look." });
        assert_eq!(parts(windows), Parts { front: Some("tier = 1\r\n"), body: "- [ ] Look." });
        assert_eq!(parts("- [ ] Look.\n"), Parts { front: None, body: "- [ ] Look." });
    }
}
