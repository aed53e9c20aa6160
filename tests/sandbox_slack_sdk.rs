//! Slack's own Python SDK against the sandbox, over real HTTP and WebSocket.

use std::process::Command;
use warridor::clock::Clock;
use warridor::sandbox::workspace::{Channel, SlashCommand, User};
use warridor::sandbox::{Sandbox, SandboxConfig, Workspace};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slacks_python_sdk_works_unmodified() {
    let workspace = Workspace {
        users: vec![User::named("ana"), User::named("ben")],
        channels: vec![Channel::named("payments"), Channel::named("ops")],
        commands: vec![SlashCommand::named("/pager")],
        ..Workspace::default()
    };
    let listen = "127.0.0.1:0".parse().expect("an address");
    let config = SandboxConfig { listen, clock: Clock::system(0), dir: None, workspace };
    let sandbox = Sandbox::start(config).expect("the sandbox starts");
    let url = format!("http://{}", sandbox.addr());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/slack_sdk/check.py");
    let run = tokio::task::spawn_blocking(move || Command::new("python3").arg(script).arg(url).output());
    let output = run
        .await
        .expect("the thread ends")
        .expect("python3 is needed for this test: install python3 and `pip install slack_sdk`");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_ne!(output.status.code(), Some(3), "slack_sdk is needed for this test: pip install slack_sdk\n{complained}");
    assert!(output.status.success() && said.ends_with("all ok\n"), "{said}\n{complained}");
    sandbox.shutdown();
}
