"""Twilio's own Python library against the double of Twilio in the sandbox, and against the pager's idea of a signature.

check.py URL ACCOUNT TOKEN NUMBER SIGNED

SIGNED is a JSON list of {token, url, fields, signature} as the pager signs; Twilio's validator must agree with each.
"""

import json
import sys

try:
    from twilio.base.exceptions import TwilioRestException
    from twilio.http.http_client import TwilioHttpClient
    from twilio.request_validator import RequestValidator
    from twilio.rest import Client
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)

url, account, token, number, signed = sys.argv[1:6]


class Here(TwilioHttpClient):
    """The same client, at another address."""

    def request(self, method, uri, *args, **kwargs):
        return super().request(method, uri.replace("https://api.twilio.com", url), *args, **kwargs)


client = Client(account, token, http_client=Here())

# Texts.
sent = client.messages.create(to="+15550000001", from_=number, body="disk full")
assert sent.sid.startswith("SM") and len(sent.sid) == 34, sent.sid
assert (sent.status, sent.to, sent.from_, sent.body) == ("queued", "+15550000001", number, "disk full")
assert sent.date_created is not None and sent.error_code is None
assert [m.sid for m in client.messages.list(to="+15550000001", limit=20)] == [sent.sid]
assert client.messages.list(to="+15550000009", limit=20) == []

# Calls.
call = client.calls.create(
    to="+15550000001",
    from_=number,
    twiml="<Response><Say>disk full</Say></Response>",
    timeout=30,
    status_callback="https://pager.example.com/twilio/status",
)
assert call.sid.startswith("CA") and call.status == "queued", (call.sid, call.status)
listed = client.calls.list(to="+15550000001", from_=number, limit=20)
assert [(c.sid, c.status) for c in listed] == [(call.sid, "ringing")]

# The number.
mine = client.incoming_phone_numbers.list(phone_number=number, limit=20)
assert [(n.phone_number, n.capabilities["sms"], n.sms_method) for n in mine] == [(number, True, "POST")], mine


def refused(status, code, what):
    try:
        what()
    except TwilioRestException as error:
        assert (error.status, error.code) == (status, code), (error.status, error.code, error.msg)
    else:
        raise AssertionError(f"not refused: {code}")


text = client.messages.create
ring = client.calls.create
say = "<Response><Say>x</Say></Response>"
refused(400, 21211, lambda: text(to="555", from_=number, body="x"))
refused(400, 21606, lambda: text(to="+15550000001", from_="+15559999999", body="x"))
refused(400, 21602, lambda: text(to="+15550000001", from_=number))
refused(400, 21617, lambda: text(to="+15550000001", from_=number, body="x" * 1601))
refused(400, 21211, lambda: ring(to="ana", from_=number, twiml=say))
refused(400, 21210, lambda: ring(to="+15550000001", from_="+15559999999", twiml=say))
refused(400, 21205, lambda: ring(to="+15550000001", from_=number))
refused(400, 21200, lambda: ring(to="+15550000001", from_=number, twiml="<Response><Say>x"))
refused(400, 21609, lambda: ring(to="+15550000001", from_=number, twiml=say, status_callback="nowhere"))
wrong = Client(account, "another token", http_client=Here())
refused(401, 20003, lambda: wrong.messages.create(to="+15550000001", from_=number, body="x"))

class Fields(dict):
    """Several values under a name, as web frameworks give them."""

    def getall(self, name):
        return self[name]


# Signatures: Twilio's library computes each of them, and takes each of them.
cases = json.loads(signed)
assert len(cases) >= 5, len(cases)
for case in cases:
    validator = RequestValidator(case["token"])
    fields = Fields()
    for name, value in case["fields"]:
        fields.setdefault(name, []).append(value)
    computed = validator.compute_signature(case["url"], fields)
    assert computed == case["signature"], (case, computed)
    assert validator.validate(case["url"], fields, case["signature"]), case

print("all ok")
