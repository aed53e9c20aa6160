#!/usr/bin/env python3
"""Something to begin with for each target: bodies, lines and files that stand in our own tests, and the words our code
looks for. Nothing of it is committed.

seeds.py CORPUS DICTIONARIES [FOLDER…]

Each FOLDER is looked through for more bodies (*.json, *.txt): what other senders really sent, for example.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS, DICTIONARIES = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
# As in src/unreadable.rs.
SECRET = "k3yN0b0dyMayRead-x7q2w5e8r1t4z6u9"
DECODERS = [
    "alertmanager",
    "generic",
    "grafana",
    "nagios",
    "newrelic",
    "pagerduty_changes",
    "pagerduty_events",
    "pagerduty_webhooks",
    "splunk",
]
# Whose words a target's inputs are made of.
WORDS = {
    "alertmanager": ["src/ingest/sources/alertmanager.rs", "src/ingest/sources/mod.rs"],
    "generic": ["src/ingest/sources/generic.rs", "src/ingest/sources/nagios.rs"],
    "grafana": ["src/ingest/sources/grafana.rs", "src/ingest/sources/alertmanager.rs"],
    "nagios": ["src/ingest/sources/nagios.rs"],
    "newrelic": ["src/ingest/sources/newrelic.rs"],
    "pagerduty_changes": ["src/ingest/sources/change.rs"],
    "pagerduty_events": ["src/ingest/sources/pagerduty.rs"],
    "pagerduty_webhooks": ["src/ingest/sources/pagerduty_webhook.rs"],
    "splunk": ["src/ingest/sources/splunk.rs"],
    "unreadable": ["src/ingest/unreadable.rs"],
    "escaping": ["src/views/mrkdwn.rs"],
    "command": sorted(str(p.relative_to(ROOT)) for p in (ROOT / "src/command").rglob("*.rs")),
    "config": sorted(str(p.relative_to(ROOT)) for p in (ROOT / "src/config").rglob("*.rs")),
    "playbook": ["src/config/playbook.rs", "src/config/playbook/steps.rs"],
    "slack": ["src/slack/envelope.rs", "src/slack/translate.rs", "src/slack/said.rs", "src/dnd.rs", "src/views/action_id.rs"],
    "twilio": ["src/methods/twilio.rs", "src/methods/answers.rs"],
    "journal_line": ["src/store/frame.rs"],
    "snapshot": ["src/store/snapshot.rs"],
}


def read(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def keep(target, what):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    data = what if isinstance(what, bytes) else what.encode()
    if 0 < len(data) <= 64 * 1024:
        (folder / f"seed-{abs(hash_of(data)):016x}").write_bytes(data)


def hash_of(data):
    import hashlib

    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big")


def raw_strings(text):
    """r#"…"# as they stand, and "…" with its escapes."""
    yield from (m.group(1) for m in re.finditer(r'r#+"(.*?)"#+', text, re.S))
    for m in re.finditer(r'(?<![r#])"((?:[^"\\]|\\.)*)"', text):
        try:
            yield json.loads(f'"{m.group(1)}"')
        except ValueError:
            pass


def dictionaries():
    DICTIONARIES.mkdir(parents=True, exist_ok=True)
    for target, files in WORDS.items():
        text = "\n".join(read(f) for f in files)
        words = {w for w in raw_strings(text) if 2 <= len(w) <= 40 and w.isascii() and w.isprintable()}
        words |= {f'"{w}"' for w in words if target not in ("command", "config", "escaping")}
        words |= {SECRET, "\\u0000", "\\ud83d", "\\u202e"} if target == "unreadable" or target in DECODERS else set()
        if target == "escaping":
            words |= {"\u202e", "\u2066", "\u200b", "\u0301", "\u200d", "👩", "🇩🇪", "\u2029", "https://", "&amp;", "<!channel>", "<@U1>"}
        lines = []
        for word in sorted(words):
            escaped = "".join(f"\\x{b:02x}" if b < 32 or b > 126 or b in b'"\\' else chr(b) for b in word.encode())
            lines.append(f'"{escaped}"\n')
        (DICTIONARIES / f"{target}.dict").write_text("".join(lines))


def bodies():
    places = ["tests/intake_decode.rs", "tests/intake_decode/monitors.rs", "tests/intake_http.rs", "tests/intake_hostile.rs"]
    places += [f"src/ingest/sources/{p.name}" for p in (ROOT / "src/ingest/sources").iterdir()]
    places += ["src/ingest/unreadable.rs", "src/ingest/json.rs"]
    found = {s for place in places for s in raw_strings(read(place)) if s.lstrip().startswith(("{", "["))}
    # As `format!` takes them.
    found |= {s.replace("{{", "{").replace("}}", "}") for s in found if "{{" in s}
    return found | set(more_bodies())


def more_bodies():
    for folder in map(pathlib.Path, sys.argv[3:]):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".json", ".txt") and path.stat().st_size <= 64 * 1024:
                text = path.read_text(encoding="utf-8", errors="replace")
                yield text
                try:
                    inner = json.loads(text).get("body")
                except (ValueError, AttributeError):
                    continue
                if inner:
                    yield inner if isinstance(inner, str) else json.dumps(inner)


def slack():
    store = "0000000000000007"
    user = {"user": {"id": "U1"}, "trigger_id": "t", "channel": {"id": "C1"}, "response_url": "https://hooks.slack.com/x"}
    words = sorted(set(raw_strings(read("src/views/action_id.rs"))))
    ids = [w for w in words if re.fullmatch(r"[a-z_]+\.[a-z_.]+", w)]
    values = {
        "until": {"field": {"selected_option": {"value": "5000"}}},
        "at": {"field": {"selected_date_time": 1700000000}},
        "from": {"field": {"selected_date_time": 1700000000}},
        "words": {"field": {"value": "the vendor"}},
        "why": {"field": {"selected_option": {"value": "waiting_on"}}},
        "people": {"field": {"selected_users": ["U2", "U3"]}},
        "teams": {"field": {"selected_options": [{"value": "team:search"}]}},
        "services": {"field": {"selected_options": [{"value": "api"}]}},
        "person": {"field": {"selected_user": "U2"}},
        "into": {"field": {"selected_option": {"value": "7"}}},
        "about": {"field": {"selected_option": {"value": "all"}}},
        "wide": {"field": {"selected_option": {"value": "name"}}},
        "urgency": {"field": {"selected_option": {"value": "low"}}},
    }
    field = re.search(r'FIELD: &str = "([^"]+)"', read("src/views/action_id.rs"))
    values = json.loads(json.dumps(values).replace('"field"', json.dumps(field.group(1) if field else "field")))
    frames = []

    def frame(kind, payload):
        frames.append({"type": kind, "envelope_id": "e-1", "accepts_response_payload": True, "payload": payload})

    for one in ids:
        frame("interactive", {"type": "block_actions", **user, "actions": [{"action_id": one, "value": f"{store}/12"}]})
        view = {"id": "V1", "hash": "h", "callback_id": one, "private_metadata": f"{store}/12", "state": {"values": values}}
        frame("interactive", {"type": "view_submission", **user, "view": view})
        message = {"type": "message", "text": "<@W222> test", "user": "W1", "ts": "1583636382.000300"}
        frame("interactive", {"type": "message_action", "callback_id": one, **user, "message": message, "team": {"domain": "t"}})
    frame("slash_commands", {"command": "/pager", "text": "ack 12", "user_id": "U1", "channel_id": "C1", "trigger_id": "t"})
    for event in (
        {"type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "text": "list"},
        {"type": "app_home_opened", "user": "U1", "tab": "home"},
        {"type": "dnd_updated_user", "user": "U1", "dnd_status": {"dnd_enabled": True, "next_dnd_start_ts": 1, "next_dnd_end_ts": 2}},
    ):
        frame("events_api", {"type": "event_callback", "event_id": "Ev1", "event": event})
    frames.append({"type": "hello", "num_connections": 2, "debug_info": {"host": "h", "approximate_connection_time": 18060}})
    frames.append({"type": "disconnect", "reason": "warning", "debug_info": {"host": "h"}})
    texts = [json.dumps(f) for f in frames]
    texts += [s for s in raw_strings(read("src/slack/envelope.rs")) if s.startswith("{")]
    return texts


def main():
    dictionaries()
    all_bodies = bodies()
    for body in all_bodies:
        for target in DECODERS + ["unreadable"]:
            keep(target, body)
        keep("unreadable", body.replace("disk", SECRET)[: len(body) * 2 // 3])
        keep("twilio", body)
        keep("unreadable", re.sub(r'"(firing|trigger|problem|open)"', lambda m: f'"{"x" * 55}{SECRET}"', body))
        keep("escaping", b"\x20\x04" + body.encode()[:500])
    for text in slack() + list(more_bodies()):
        keep("slack", text)
    for path in (ROOT / "src/command/tests").glob("*.txt"):
        for line in path.read_text().splitlines():
            line = re.sub(r"^\W*/(pager|who|oncall)\s*", "", line.split("  ")[0]).strip()
            for how in (b"\x00", b"\x10"):
                keep("command", how + b"\x00\x00\x68\x69" + line.encode())
    for path in sorted((ROOT / "playbooks").glob("*.md")):
        keep("playbook", path.read_text())
        keep("playbook", path.read_text().split("+++\n", 2)[-1])
    for path in ["config.toml", "tests/config/good.toml"]:
        keep("config", read(path))
    # Each table of a file alone, too.
    for table in re.split(r"\n(?=\[)", read("config.toml") + "\n" + read("tests/config/complaints.txt")):
        keep("config", table)
    for path in (ROOT / "tests/journals").rglob("*.jsonl"):
        for line in path.read_bytes().split(b"\n")[:20]:
            for how in (b"\x00", b"\x01"):
                keep("journal_line", how + line)
    header = b'{"v":1,"store":"0000000000000007","seq":7,"at":5,"frame":"' + b"0" * 64 + b'"}\n'
    keep("snapshot", b"\x01" + header)
    keep("snapshot", b"\x01" + header + bytes([13, 0]) + (1).to_bytes(4, "little") + (4).to_bytes(4, "little") + b"kvvvv")
    for text in ("1", "ack 12", "OK!", "2 #7", "escalate"):
        for head in range(4):
            keep("twilio", bytes([head, 0, 1, 1]) + f"Body={text.replace(' ', '+')}&MessageSid=SM1&Digits={text[0]}&CallStatus=busy".encode())
    # What takes its input apart by itself begins with any bytes.
    for target in ("signature", "journal_boot", "journal_line", "snapshot"):
        for n in range(24):
            noise = b"".join((hash_of(f"{target}{n}{m}".encode()) & (2**64 - 1)).to_bytes(8, "little") for m in range(4 + 6 * n))
            keep(target, (b"\x02" + noise) if target in ("journal_line", "snapshot") else noise)
    print(f"{len(all_bodies)} bodies")


main()
