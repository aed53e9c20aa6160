"""PagerDuty's own Python library, `pdpyras`, speaks to the pager as it would to PagerDuty.

check.py URL KEY PART

PART is one of `good`, `wrong` (KEY is nobody's) and `busy` (what comes first is answered 503). What was sent is printed
for the caller, who knows what arrived.
"""

import json
import sys
import warnings

# It tells of its successor when it is imported.
warnings.simplefilter("ignore")
try:
    import pdpyras
    from pdpyras import ChangeEventsAPISession, EventsAPISession, PDHTTPError
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)

url, key, part = sys.argv[1:4]


def at(session):
    """The same session at another address, and in less of a hurry to wait."""
    session.url = url
    session.sleep_timer = 0.02
    return session


def refused(status, what):
    try:
        what()
    except PDHTTPError as error:
        assert error.response.status_code == status, (error.response.status_code, error.response.text)
        return error
    raise AssertionError(f"not refused with {status}")


events = at(EventsAPISession(key))
changes = at(ChangeEventsAPISession(key))

if part == "good":
    # A key that it chose, and one that it is given.
    assert events.trigger("Disk full", "db-1", dedup_key="db-1/disk", severity="error") == "db-1/disk"
    made = events.trigger(
        "CPU on fire",
        "web-1",
        payload={"component": "cpu", "group": "web", "class": "heat"},
        custom_details={"load": 12.5, "ça": "va"},
        images=[{"src": "https://example.com/graph.png", "alt": "the load"}],
        links=[{"href": "https://example.com/runbook", "text": "Runbook"}],
    )
    assert isinstance(made, str) and made and made != "db-1/disk", made
    assert events.acknowledge(made) == made
    assert events.resolve(made) == made
    assert events.resolve("db-1/disk") == "db-1/disk"
    changes.submit(
        "Deployed v1.2.3",
        source="ci",
        custom_details={"sha": "abc"},
        links=[{"href": "https://example.com/build/1", "text": "build"}],
        timestamp="2026-03-02T03:02:00Z",
    )
    # What PagerDuty refuses is refused in a shape that it can read.
    odd = refused(400, lambda: events.trigger("What colour?", "db-1", severity="purple"))
    said = odd.response.json()
    assert said["status"] == "invalid event" and "payload.severity" in said["errors"][0], said
    refused(400, lambda: changes.send_change_event(payload={"source": "ci"}))
    print(json.dumps({"made": made}))
elif part == "wrong":
    # "raise an exception on a 401": its documentation of `PDSession.retry`.
    for what in (
        lambda: events.trigger("Disk full", "db-1"),
        lambda: events.resolve("db-1/disk"),
        lambda: changes.submit("Deployed v1.2.3"),
    ):
        error = refused(401, what)
        assert "may be invalid or deactivated" in str(error), error
        # It shows the last four characters of a key; no more than that is in any text.
        assert key not in str(error) + error.response.text, error
    print(json.dumps({}))
elif part == "busy":
    assert events.retry[503] > 0 and changes.retry[503] > 0, "it retries by itself: nobody here asked for it"
    assert events.trigger("Disk full", "db-1", dedup_key="db-1/disk") == "db-1/disk"
    changes.submit("Deployed v1.2.3", source="ci")
    print(json.dumps({}))
else:
    raise SystemExit(f"no part is called {part}")
