//! A hook: a page as JSON, posted to a URL or given to a program. It may come twice after a lost answer, with the same
//! number: whoever receives it can tell.

use super::{TIMEOUT, not_answered, rate_limited, retry_after};
use crate::slack::outcome::Outcome;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What is read of a program's complaint, in bytes.
const STDERR_BYTES: u64 = 2_000;

/// After a program's end, what it said last is waited for so long.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// What a program is given of our environment: nothing that could be a secret.
const PASSED_ON: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];

/// The page's own number, which stays the same when it comes again.
fn receipt(body: &Value) -> String {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("{}-{}", text("store"), text("page"))
}

fn taken(body: &Value) -> Outcome {
    Outcome::Ok(json!({ "receipt": receipt(body) }))
}

pub(super) async fn post(client: &reqwest::Client, url: &str, body: &Value) -> Outcome {
    let request = client.post(url).header("idempotency-key", receipt(body)).json(body);
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) if error.is_builder() => return refused("the hook's URL cannot be used"),
        Err(error) => return not_answered(&error, "the hook"),
    };
    let status = answer.status();
    match status.as_u16() {
        200..=299 => taken(body),
        429 => rate_limited(retry_after(&answer).as_deref()),
        300..=499 => refused(&format!("the hook answered {status}")),
        _ => Outcome::Unknown(format!("the hook answered {status}")),
    }
}

pub(super) async fn run(words: &[String], body: &Value) -> Outcome {
    let Some((program, arguments)) = words.split_first() else { return refused("the hook names no program") };
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).env_clear().stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.envs(PASSED_ON.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?))));
    // A program that outlives its time is ended with what it was started by.
    command.kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return refused(&format!("the program cannot be started: {error}")),
    };
    let finished = async {
        if let Some(mut input) = child.stdin.take() {
            // One that does not read its input may still do its work.
            let _ = input.write_all(body.to_string().as_bytes()).await;
        }
        // Its own end counts. What it left running may hold its standard error open for as long as it likes.
        let listening = child.stderr.take().map(|output| tokio::spawn(listen(output)));
        let ended = child.wait().await;
        let said = match listening {
            Some(mut listening) => match tokio::time::timeout(LAST_WORDS, &mut listening).await {
                Ok(said) => said.unwrap_or_default(),
                Err(_) => {
                    listening.abort();
                    Vec::new()
                }
            },
            None => Vec::new(),
        };
        (ended, said)
    };
    match tokio::time::timeout(TIMEOUT, finished).await {
        Ok((Ok(status), _)) if status.success() => taken(body),
        Ok((Ok(status), said)) => {
            let said = String::from_utf8_lossy(&said);
            let first = said.lines().next().unwrap_or_default().trim();
            let why = if first.is_empty() { String::new() } else { format!(": {first}") };
            refused(&format!("the program ended with {status}{why}"))
        }
        Ok((Err(error), _)) => Outcome::Unknown(format!("the program's end is not known: {error}")),
        Err(_) => Outcome::Unknown(format!("the program did not end within {} s", TIMEOUT.as_secs())),
    }
}

/// The beginning of what it says. The rest is read and forgotten, so that the program is not stopped by a full pipe.
async fn listen(mut output: tokio::process::ChildStderr) -> Vec<u8> {
    let mut said = Vec::new();
    let _ = (&mut output).take(STDERR_BYTES).read_to_end(&mut said).await;
    let _ = tokio::io::copy(&mut output, &mut tokio::io::sink()).await;
    said
}

fn refused(error: &str) -> Outcome {
    Outcome::Refused { error: error.to_owned(), body: Value::Null }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(script: &str) -> Vec<String> {
        ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
    }

    fn page() -> Value {
        json!({ "store": "s", "page": "7", "text": "Warridor: disk full" })
    }

    #[tokio::test]
    async fn a_program_reads_the_page_and_says_by_its_end_whether_it_took_it() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("page.json");
        let outcome = run(&words(&format!("cat > {}", kept.display())), &page()).await;
        assert_eq!(outcome, Outcome::Ok(json!({ "receipt": "s-7" })));
        let read: Value = serde_json::from_slice(&std::fs::read(&kept).unwrap()).unwrap();
        assert_eq!(read, page());
        let outcome = run(&words("echo no credit >&2; exit 3"), &page()).await;
        let Outcome::Refused { error, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(error, "the program ended with exit status: 3: no credit");
        let outcome = run(&["/no/such/program".to_owned()], &page()).await;
        assert!(
            matches!(&outcome, Outcome::Refused { error, .. } if error.contains("cannot be started")),
            "{outcome:?}"
        );
    }

    #[tokio::test]
    async fn a_program_that_talks_too_much_or_reads_nothing_does_no_harm() {
        let outcome = run(&words("yes complaint | head -c 1000000 >&2; exit 1"), &page()).await;
        let Outcome::Refused { error, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(error, "the program ended with exit status: 1: complaint");
        let large = json!({ "store": "s", "page": "7", "text": "x".repeat(200_000) });
        assert_eq!(run(&words("exit 0"), &large).await, Outcome::Ok(json!({ "receipt": "s-7" })));
    }

    #[tokio::test]
    async fn a_program_that_leaves_another_one_running_has_ended() {
        let outcome = run(&words("sleep 30 & exit 0"), &page()).await;
        assert_eq!(outcome, Outcome::Ok(json!({ "receipt": "s-7" })));
    }

    #[tokio::test]
    async fn a_program_is_given_none_of_our_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("env");
        assert!(matches!(run(&words(&format!("env > {}", kept.display())), &page()).await, Outcome::Ok(_)));
        let seen = std::fs::read_to_string(&kept).unwrap();
        // What the shell sets for itself.
        let own = ["PWD", "SHLVL", "_", "OLDPWD"];
        let names = seen.lines().filter_map(|line| Some(line.split_once('=')?.0));
        let others: Vec<&str> = names.filter(|n| !PASSED_ON.contains(n) && !own.contains(n)).collect();
        assert_eq!(others, [""; 0], "CARGO_PKG_NAME and its like are set for this test, and not passed on");
        assert!(std::env::var("CARGO_PKG_NAME").is_ok());
    }
}
