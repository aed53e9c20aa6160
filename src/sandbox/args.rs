//! Reading arguments the way Slack does: a form's strings and JSON's values mean the same.

use super::answer::Refused;
use serde_json::{Map, Value};

/// The arguments of one call.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a>(pub &'a Map<String, Value>);

impl<'a> Args<'a> {
    /// The argument as text; numbers and booleans as they print. Empty text is absent.
    pub fn text(self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(s) if s.is_empty() => None,
            Value::String(s) => Some(s.clone()),
            Value::Number(n) => Some(n.to_string()),
            Value::Bool(b) => Some(b.to_string()),
            _ => None,
        }
    }

    /// The argument as text, or `invalid_arguments` naming it.
    pub fn need(self, name: &str) -> Result<String, Refused> {
        self.text(name).ok_or_else(|| Refused::arguments([format!("missing required field: {name}")]))
    }

    /// `true`, `"true"`, `1` and `"1"` are true; absent is `None`.
    pub fn flag(self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Value::Bool(b) => Some(*b),
            Value::Number(n) => Some(n.as_f64() != Some(0.0)),
            Value::String(s) => match s.as_str() {
                "true" | "True" | "1" => Some(true),
                "false" | "False" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The argument as a whole number, or `invalid_arguments`.
    pub fn int(self, name: &str) -> Result<Option<i64>, Refused> {
        match self.text(name) {
            None => Ok(None),
            Some(s) => s
                .parse::<i64>()
                .map(Some)
                .map_err(|_| Refused::arguments([format!("must provide an integer [json-pointer:/{name}]")])),
        }
    }

    /// The argument as JSON: itself, or the JSON its text spells. `Err` if the text is no JSON.
    pub fn json(self, name: &str) -> Result<Option<Value>, ()> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(s)) if s.is_empty() => Ok(None),
            Some(Value::String(s)) => serde_json::from_str(s).map(Some).map_err(|_| ()),
            Some(v) => Ok(Some(v.clone())),
        }
    }

    /// A list: an array, or text separated by commas.
    pub fn list(self, name: &str) -> Option<Vec<String>> {
        match self.0.get(name)? {
            Value::Array(items) => Some(items.iter().filter_map(|v| v.as_str().map(String::from)).collect()),
            Value::String(s) if s.starts_with('[') => serde_json::from_str(s).ok(),
            Value::String(s) => Some(s.split(',').map(str::trim).filter(|s| !s.is_empty()).map(String::from).collect()),
            _ => None,
        }
    }
}

/// One page of `items` after `cursor`, and the cursor of the next (empty at the end).
///
/// # Errors
/// `invalid_cursor` for a cursor this list never gave out, `invalid_limit` outside 1..=`most`.
pub fn page<T: Clone>(args: Args<'_>, items: &[T], default: usize, most: usize) -> Result<(Vec<T>, String), Refused> {
    let limit = match args.int("limit")? {
        None | Some(0) => default,
        Some(n) => usize::try_from(n).ok().filter(|n| *n <= most).ok_or_else(|| Refused::from("invalid_limit"))?,
    };
    let from = match args.text("cursor") {
        None => 0,
        Some(c) => decode_cursor(&c).filter(|n| *n <= items.len()).ok_or_else(|| Refused::from("invalid_cursor"))?,
    };
    let to = items.len().min(from + limit);
    let next = if to < items.len() { encode_cursor(to) } else { String::new() };
    Ok((items[from..to].to_vec(), next))
}

fn encode_cursor(n: usize) -> String {
    // Slack's cursors are base64 with padding; clients must pass them back unchanged.
    format!("next:{n:08x}=")
}

fn decode_cursor(cursor: &str) -> Option<usize> {
    usize::from_str_radix(cursor.strip_prefix("next:")?.strip_suffix('=')?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strings_and_json_values_mean_the_same() {
        let v = json!({"a": "true", "b": true, "n": "7", "m": 7, "l": "U1, U2", "k": ["U1", "U2"], "j": "[1]", "bad": "[1"});
        let args = Args(v.as_object().unwrap());
        assert_eq!(args.flag("a"), args.flag("b"));
        assert_eq!(args.int("n").unwrap(), args.int("m").unwrap());
        assert_eq!(args.list("l"), args.list("k"));
        assert_eq!(args.json("j"), Ok(Some(json!([1]))));
        assert_eq!(args.json("bad"), Err(()));
        assert!(args.int("a").is_err());
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let items: Vec<u8> = (0..5).collect();
        let (mut cursor, mut seen) = (String::new(), vec![]);
        loop {
            let v = json!({"limit": 2, "cursor": cursor});
            let (part, next) = page(Args(v.as_object().unwrap()), &items, 100, 1000).unwrap();
            seen.extend(part);
            if next.is_empty() {
                break;
            }
            cursor = next;
        }
        assert_eq!(seen, items);
        let v = json!({"cursor": "made-up"});
        assert_eq!(page(Args(v.as_object().unwrap()), &items, 1, 9).unwrap_err().error, "invalid_cursor");
    }
}
