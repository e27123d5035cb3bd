"""`anju status`: the whole hub on one page."""

from __future__ import annotations

import click

from agent.cli import show, text
from agent.cli.alarms import muted_lines
from agent.cli.frame import Command, common_options, json_option
from agent.cli.session import Session, echo_json, with_session
from agent.control.schema import DriverInfo, SiteInfo, Status

Line = tuple[str, str]


@click.command("status", cls=Command, words=text.COMMANDS["status"], example="anju status --json")
@json_option
@common_options
@with_session
def status(session: Session, *, as_json: bool) -> None:
    """Ask the hub how it is and show it."""
    found = session.ask("status", Status)
    if as_json:
        echo_json(found, line=False)
    else:
        show.page([*_hub(session, found), *_parts(session, found), *_what_is_wrong(session, found)])


def _hub(session: Session, found: Status) -> list[Line]:
    say = session.say
    line = say(text.HUB_LINE, hub=found.hub, district=found.district, release=found.release)
    up = say(text.UP_FOR, time=show.span(found.up_s, session.language))
    ready = text.READY if found.sos_ready else text.NOT_READY
    quality = text.word(text.TIME_QUALITY, found.time_quality, session.language)
    return [
        (say(text.HUB), f"{line}, {up}"),
        (say(text.SOS), say(ready)),
        (say(text.CLOCK), quality),
        (say(text.MODE), _mode(session, found)),
        *_site(session, found.site),
    ]


def _mode(session: Session, found: Status) -> str:
    mode = text.word(text.MODES, found.mode.mode, session.language)
    if found.mode.until_at_s is None:
        return mode
    until = show.moment(found.mode.until_at_s)
    return session.say(text.MODE_UNTIL, mode=mode, time=until, by=found.mode.by)


def _site(session: Session, site: SiteInfo) -> list[Line]:
    """Say what the platform has changed; nothing where it has not."""
    if site == SiteInfo():
        return []
    line = session.say(
        text.SITE_LINE,
        config=site.config_version,
        rules=site.rules_version,
        identity=site.identity_version,
    )
    if site.trial:
        part = text.word(text.SITE_PARTS, site.trial, session.language)
        line = session.say(text.SITE_TRIAL, line=line, part=part)
    return [(session.say(text.SITE), line)]


def _parts(session: Session, found: Status) -> list[Line]:
    say, journal, uplink = session.say, found.journal, found.uplink
    lines = [line for driver in found.drivers for line in _driver(session, driver)]
    lines = lines or [(say(text.RADIO), say(text.NO_DRIVER))]
    rows = say(
        text.JOURNAL_LINE,
        rows=journal.rows,
        p50=f"{journal.fsync_p50_ms:.1f}",
        p99=f"{journal.fsync_p99_ms:.1f}",
        unjournaled=journal.unjournaled,
        dropped=journal.dropped,
    )
    waiting = say(
        text.UPLINK_LINE,
        urgent=uplink.urgent_waiting,
        bulk=uplink.bulk_waiting,
        sent=uplink.sent,
        refused=uplink.refused,
    )
    says = session.told(uplink.says)
    if session.config.uplink is not None:
        says = _health(session, ok=uplink.connected and uplink.platform_answers, says=says)
    return [
        *lines,
        (say(text.JOURNAL), _health(session, ok=journal.ok, says=session.told(journal.says))),
        ("", rows),
        (say(text.UPLINK), says),
        ("", waiting),
    ]


def _driver(session: Session, driver: DriverInfo) -> list[Line]:
    called = text.word(text.PARTS, driver.driver, session.language)
    lines = [(called, _health(session, ok=driver.ok, says=session.told(driver.says)))]
    if not driver.frames_in and not driver.port:
        return lines  # It looks at what it has; nothing comes in over a wire.
    frames = session.say(
        text.MODEM_LINES if driver.driver == "modem" else text.RADIO_FRAMES,
        frames_in=driver.frames_in,
        refused=driver.frames_refused,
        restarts=driver.restarts,
    )
    where = f"{driver.driver} {driver.port}".strip()
    return [*lines, ("", f"{where}: {frames}")]


def _what_is_wrong(session: Session, found: Status) -> list[Line]:
    say = session.say
    alarms = (
        say(text.SEE_ALARMS, count=found.alarms_open)
        if found.alarms_open
        else str(found.alarms_open)
    )
    if found.alarms_waiting:
        alarms = say(text.SOME_WAIT, alarms=alarms, count=found.alarms_waiting)
    troubles = [session.told(trouble.why) for trouble in found.troubles] or [say(text.NO_TROUBLES)]
    counters = ", ".join(f"{name} {count}" for name, count in sorted(found.counters.items()))
    lines = [(say(text.DEVICES), str(found.devices)), (say(text.OPEN_ALARMS), alarms)]
    lines += [
        (say(text.TROUBLES) if index == 0 else "", line) for index, line in enumerate(troubles)
    ]
    lines += muted_lines(session, found.mutes)
    return [*lines, (say(text.COUNTERS), counters)] if counters else lines


def _health(session: Session, *, ok: bool, says: str) -> str:
    return f"{session.say(text.OK if ok else text.TROUBLE)}: {says}"
