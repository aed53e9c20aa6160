"""Drives the sandbox with Slack's own Python SDK, unmodified: what works here is not shaped by our bot.

Usage: check.py http://HOST:PORT   (the tokens are the sandbox's defaults)
Prints one line for each step and exits 1 at the first that fails.
"""

import json
import sys
import threading
import time
import urllib.request

try:
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError
    from slack_sdk.socket_mode import SocketModeClient
    from slack_sdk.socket_mode.response import SocketModeResponse
    from slack_sdk.webhook import WebhookClient
except ImportError as e:
    print(f"slack_sdk is missing ({e}): install it with `pip install slack_sdk`", file=sys.stderr)
    sys.exit(3)

HTTP = sys.argv[1].rstrip("/")
API = f"{HTTP}/api/"
BOT, APP = "xoxb-sandbox-bot", "xapp-sandbox-app"

BUTTONS = [
    {"type": "header", "text": {"type": "plain_text", "text": "payments down"}},
    {
        "type": "actions",
        "block_id": "acts",
        "elements": [
            {
                "type": "button",
                "action_id": "ack",
                "text": {"type": "plain_text", "text": "Acknowledge"},
                "value": "1",
            }
        ],
    },
]

MODAL = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Snooze"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Why"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


def step(name):
    print(f"ok {name}", flush=True)


def script(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{HTTP}/sandbox/{path}", data=data)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as e:
        return json.load(e)


def refused(call, error, **args):
    try:
        call(**args)
    except SlackApiError as e:
        assert e.response["error"] == error, e.response
        return e.response
    raise AssertionError(f"{error} expected")


def web():
    client = WebClient(token=BOT, base_url=API)
    me = client.auth_test()
    assert me["user_id"] and me["bot_id"] and me["team_id"], me
    assert "chat:write" in me.headers["x-oauth-scopes"], me.headers
    step("auth_test")

    info = script("info")
    channel = info["channels"][0]["id"]
    ana = info["users"][0]["id"]
    posted = client.chat_postMessage(
        channel=channel,
        text="payments down",
        blocks=BUTTONS,
        metadata={"event_type": "card", "event_payload": {"id": "1"}},
        unfurl_links=False,
    )
    assert posted["channel"] == channel and posted["message"]["bot_id"] == me["bot_id"]
    assert posted["message"]["blocks"][0]["block_id"], "Slack names every block"
    step("chat_postMessage")

    edited = client.chat_update(channel=channel, ts=posted["ts"], text="payments down, Ana has it", blocks=BUTTONS)
    assert edited["ts"] == posted["ts"] and edited["message"]["edited"]["user"]
    step("chat_update")

    for i in range(3):
        client.chat_postMessage(channel=channel, text=f"line {i}", thread_ts=posted["ts"])
    found = [m for page in client.conversations_history(channel=channel, limit=1) for m in page["messages"]]
    assert [m["ts"] for m in found] == [posted["ts"]] and found[0]["reply_count"] == 3
    assert "metadata" not in found[0]
    found = client.conversations_history(channel=channel, include_all_metadata=True)["messages"]
    assert found[0]["metadata"]["event_payload"] == {"id": "1"}
    step("conversations_history")

    names = [c["name"] for page in client.conversations_list(limit=1) for c in page["channels"]]
    assert set(names) == {c["name"] for c in info["channels"]}, names
    names = [u["name"] for page in client.users_list(limit=1) for u in page["members"]]
    assert len(names) == len(set(names)) >= 3, names
    step("pagination")

    person = client.users_info(user=ana)["user"]
    assert person["id"] == ana and person["profile"]["email"] and person["tz"]
    assert client.users_lookupByEmail(email=person["profile"]["email"])["user"]["id"] == ana
    step("users_info")

    dm = client.conversations_open(users=[ana])["channel"]["id"]
    assert client.chat_postMessage(channel=ana, text="wake up")["channel"] == dm
    step("direct messages")

    assert client.files_upload_v2(channel=channel, filename="a.txt", content="hello")["files"][0]["id"]
    step("files_upload_v2")

    refused(client.chat_postMessage, "channel_not_found", channel="C0NOWHERE", text="x")
    other = info["channels"][1]["id"]
    refused(client.chat_postMessage, "no_text", channel=other)
    wrong = refused(client.chat_postMessage, "invalid_blocks", channel=other, text="x", blocks=[{"type": "nope"}])
    assert "json-pointer:/blocks/0/type" in wrong["response_metadata"]["messages"][0]
    refused(client.views_open, "invalid_trigger_id", trigger_id="1.2.abc", view=MODAL)
    refused(WebClient(token="xoxb-wrong", base_url=API).auth_test, "invalid_auth")
    refused(WebClient(base_url=API).auth_test, "not_authed")
    refused(WebClient(token=APP, base_url=API).chat_postMessage, "not_allowed_token_type", channel=channel, text="x")
    step("errors")

    for _ in range(20):
        try:
            client.chat_postMessage(channel=dm, text="x")
        except SlackApiError as e:
            assert e.response.status_code == 429 and int(e.response.headers["Retry-After"]) >= 1
            break
    else:
        raise AssertionError("nobody was rate limited")
    step("429")
    return client, channel, posted["ts"]


def sockets(client, channel, ts):
    """Clicks, a command, a modal, and a disconnect in between."""
    opened, submitted, hellos = [], [], []
    ready, done = threading.Event(), threading.Event()

    def listener(socket, request):
        payload = request.payload
        if request.type == "slash_commands":
            answer = {"response_type": "ephemeral", "text": f"you said {payload['text']}"}
            socket.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=answer))
        elif payload["type"] == "view_submission":
            value = payload["view"]["state"]["values"]["why"]["text"]["value"]
            if value == "no":
                answer = {"response_action": "errors", "errors": {"why": "say more"}}
                socket.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=answer))
                return
            socket.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
            submitted.append(value)
            done.set()
        elif payload["type"] == "block_actions":
            socket.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
            view = client.views_open(trigger_id=payload["trigger_id"], view=MODAL)["view"]
            WebhookClient(payload["response_url"]).send(text="a modal is open", replace_original=False)
            opened.append(view["id"])
            ready.set()

    def raw(socket, message, kind):
        if kind == "hello":
            hellos.append(message)

    socket = SocketModeClient(app_token=APP, web_client=WebClient(token=BOT, base_url=API), ping_interval=2)
    socket.web_client.base_url = API
    socket.socket_mode_request_listeners.append(listener)
    socket.message_listeners.append(lambda s, message, raw_message: raw(s, message, message.get("type")))
    socket.connect()
    wait_for(lambda: hellos, "hello")
    step("hello")

    user = script("info")["users"][0]["name"]
    answer = script("slash", {"user": user, "channel": channel, "command": "/pager", "text": "list @ben"})
    assert answer["ok"] and answer["text"].startswith("you said list <@U"), answer
    step("slash command")

    answer = script("click", {"user": user, "channel": channel, "ts": ts, "action_id": "ack"})
    assert answer == {"ok": True}, answer
    assert ready.wait(10), "no modal was opened"
    view = script(f"views?user={user}")[-1]
    assert view["id"] == opened[0] and view["callback_id"] == "form"
    step("click and views_open")

    answer = script("submit", {"user": user, "view_id": view["id"], "values": {"why": {"text": "no"}}})
    assert answer["errors"] == {"why": "say more"}, answer
    answer = script("submit", {"user": user, "view_id": view["id"], "values": {"why": {"text": "disk is slow"}}})
    assert answer["ok"] and done.wait(10) and submitted == ["disk is slow"], answer
    assert script(f"views?user={user}") == []
    step("view submission")

    for fault in ({"fault": "disconnect", "reason": "refresh_requested"}, {"fault": "drop"}):
        before = len(hellos)
        script("faults", fault)
        wait_for(lambda: len(hellos) > before, f"a new connection after {fault}")
        ready.clear()
        answer = click_until_heard(user, channel, ts)
        assert answer["ok"] and ready.wait(10), answer
        step(f"survives {fault['fault']}")
    socket.close()


def click_until_heard(user, channel, ts):
    """The SDK replaces its session right after hello: a click in between is lost, as it would be with Slack."""
    for _ in range(3):
        answer = script("click", {"user": user, "channel": channel, "ts": ts, "action_id": "ack"})
        if answer["ok"]:
            break
    return answer


def wait_for(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        threading.Event().wait(0.05)


if __name__ == "__main__":
    sockets(*web())
    print("all ok")
