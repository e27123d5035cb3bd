"""The tables of PROTOCOL.md that the program knows better than a person: kinds, codes, limits.

In the document each stands between `<!-- made: name -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.core.alarm import CONTACT_ID, Hazard
from agent.core.row import QUIET, Kind
from sync import limits
from sync.codec import QUALIFIERS
from sync.contract.answers import REFUSALS
from sync.contract.bodies import BODIES, UNREADABLE
from sync.contract.schemas import body_name

_PLACE = re.compile(r"<!-- made: (\w+) -->\n.*?<!-- end -->", re.DOTALL)

_HAZARDS: dict[Hazard, str] = {
    Hazard.SOS: "a person asks for help",
    Hazard.SMOKE: "smoke",
    Hazard.GAS: "combustible gas",
    Hazard.CO: "carbon monoxide",
    Hazard.WATER_LEAK: "water where none should be",
    Hazard.TAMPER: "a device was opened or torn off",
    Hazard.HUB_FAULT: "a part of the hub is not well",
    Hazard.DEVICE_FAULT: "a device is not well, or has a weak battery",
    Hazard.FIRE_HEAT: "heat as of a fire",
    Hazard.FALL: "the person has fallen",
    Hazard.INACTIVITY: "no sign of the person for too long",
    Hazard.NO_WATER: "no water used for too long",
    Hazard.DWELL: "the person does not come out of a room, or back to bed",
    Hazard.NIGHT_EXIT: "the person went out at night and is not back",
    Hazard.NOT_RETURNED: "the person is away for longer than usual",
    Hazard.MEDICATION: "a dose was not taken",
    Hazard.VISIT: "an agreed visit did not take place",
    Hazard.VITAL: "a measured sign of health is beyond its limit",
    Hazard.COLD: "the home is too cold",
    Hazard.HEAT: "the home is too hot",
    Hazard.WATER_RUNNING: "water runs for too long",
    Hazard.DOOR_OPEN: "a door stands open for too long",
    Hazard.STOVE: "the stove is on and nobody is with it",
    Hazard.APPLIANCE: "an appliance is on and nobody is with it",
    Hazard.TREND: "a daily figure is unlike the person's own days",
    Hazard.MAINS: "the mains are lost",
    Hazard.HUB_BATTERY: "the hub is about to lose its power",
    Hazard.SILENT: "a device is silent: rules that rely on it are blind",
    Hazard.UPLINK: "a way out of the home, or every way, is down",
    Hazard.RADIO: "the radio is jammed, or strangers ask to join again and again",
    Hazard.ELECTRICITY: "electricity is not used as usual, or a light burns all night",
    Hazard.TEST_MODE: "a device was left in its test mode",
}


def fill(document: str) -> str:
    """Return the document with its tables as they are now. Errors: KeyError on an unknown name."""
    return _PLACE.sub(lambda found: _block(found[1]), document)


def _block(name: str) -> str:
    rows = {"kinds": _kinds, "codes": _codes, "refusals": _refusals, "limits": _limits}[name]()
    return "\n".join([f"<!-- made: {name} -->", *rows, "<!-- end -->"])


def _kinds() -> Iterator[str]:
    yield "| kind | lane | `qualifier` | `data` |"
    yield "|---|---|---|---|"
    for kind in Kind:
        lane = "urgent for S1 to S3, else bulk" if kind.startswith("alarm.") else "bulk"
        lane = "urgent" if kind is Kind.SITE_CHANGED else lane
        lane = "bulk" if kind in QUIET else lane
        body = body_name(BODIES[kind])
        qualifier = QUALIFIERS.get(kind, "")
        yield f"| `{kind}` | {lane} | {qualifier} | [{body}](contract/schemas/{body}.json) |"
    yield f"| `{UNREADABLE}` | that of the row | | always set aside (section 4.3) |"


def _codes() -> Iterator[str]:
    yield "| `hazard` | `code` | means |"
    yield "|---|---|---|"
    for hazard, code in CONTACT_ID.items():
        yield f"| `{hazard}` | {code} | {_HAZARDS[hazard]} |"


def _refusals() -> Iterator[str]:
    yield "| `code` | means |"
    yield "|---|---|"
    yield "| `ok` | done |"
    for code, means in REFUSALS.items():
        yield f"| `{code}` | {means} |"


def _limits() -> Iterator[str]:
    def bytes_(number: int) -> str:
        return f"{number >> 20} MiB" if number >= 1 << 20 else f"{number >> 10} KiB"

    def seconds(waits: tuple[float, ...]) -> str:
        return ", ".join(f"{wait:g}" for wait in waits) + " s, then the last one for ever"

    yield "| what | limit | beyond it |"
    yield "|---|---|---|"
    for what, limit, beyond in (
        ("body of a row", bytes_(limits.EVENT_BYTES), "the event comes with `setaside`, empty"),
        ("payload sent uncompressed", bytes_(limits.GZIP_ABOVE_BYTES), "it comes as gzip"),
        ("events in one `events`", f"{limits.BATCH_ROWS}", "more messages"),
        ("bodies in one `events`", f"about {bytes_(limits.BATCH_BYTES)}", "more messages"),
        (
            "`events` without an ack",
            f"{limits.BULK_FLIGHTS}, on a quick line {limits.BULK_FLIGHTS_QUICK}",
            "the next one waits",
        ),
        ("urgent events without a first answer", f"{limits.URGENT_WINDOW}", "the next one waits"),
        ("answer to an urgent event", seconds(limits.RESEND_S), "it comes again"),
        ("answer to `events`", seconds(limits.BULK_RESEND_S), "it comes again"),
        ("nobody subscribed (MQTT 5)", seconds(limits.UNHEARD_S), "it comes again"),
        ("live", f"{limits.LIVE_WITHIN_S:g} s after recording", "`historical` is true"),
        ("no ack at all", f"{limits.PLATFORM_SILENT_S:g} s", "the home is told of it"),
        ("message to the hub", bytes_(limits.INCOMING_BYTES), "ignored, and audited"),
        ("request", bytes_(limits.REQUEST_BYTES), "`malformed`"),
        (
            "requests",
            f"{limits.REQUESTS_PER_S:g} a second, bursts of {limits.REQUEST_BURST}",
            "`rate_limited`",
        ),
        ("life of a request", f"{limits.REQUEST_LIFETIME_S / 3600:g} h", "`malformed`"),
        ("`issued_at` ahead", f"{limits.REQUEST_SKEW_S:g} s", "`not_yet`"),
        ("remembered `request_id`s", f"{limits.REQUEST_MEMORY}", "the oldest is forgotten"),
        ("events in a page of `pull`", f"{limits.PULL_PAGE_ROWS}", "more pages"),
        ("events in one `pull`", f"{limits.PULL_ROWS}", "`malformed`"),
    ):
        yield f"| {what} | {limit} | {beyond} |"
