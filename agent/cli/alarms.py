"""`anju alarms` and `anju alarm ack|resolve`: what needs a person, and a person's answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from agent.cli import show, text
from agent.cli.frame import Command, Fault, Group, common_options, json_option, option
from agent.cli.session import Session, echo_json, with_session
from agent.control.client import ControlClient
from agent.control.schema import (
    AckParams,
    AlarmInfo,
    AlarmList,
    AlarmsQuery,
    MuteInfo,
    ResolveParams,
)

LAST = "last"
HISTORY = 1000  # As far back as the hub lists; an older alarm needs its whole id.


@click.command("alarms", cls=Command, words=text.COMMANDS["alarms"], example="anju alarms --all")
@option("--all", "everything", is_flag=True, words=text.OPTION_ALL)
@json_option
@common_options
@with_session
def alarms(session: Session, *, everything: bool, as_json: bool) -> None:
    """List alarms."""
    query = AlarmsQuery(open_only=not everything)
    listed = session.ask("alarms.list", AlarmList, query)
    if as_json:
        echo_json([alarm.model_dump(mode="json") for alarm in listed.alarms], line=False)
        return
    if listed.alarms:
        _table(session, listed.alarms)
    else:
        click.echo(session.say(text.NO_ALARMS if everything else text.NO_OPEN_ALARMS))
    if listed.mutes:
        show.page(muted_lines(session, listed.mutes))


def _table(session: Session, found: Sequence[AlarmInfo]) -> None:
    headings = (
        text.WHEN,
        text.SEVERITY,
        text.HAZARD,
        text.STATE,
        text.DEVICE,
        text.WHY,
        text.ID,
    )
    show.table(
        [session.say(heading) for heading in headings], [_line(session, alarm) for alarm in found]
    )


@click.group("alarm", cls=Group, words=text.COMMANDS["alarm"], example="anju alarm ack last")
def alarm() -> None:
    """Answer an alarm."""


@alarm.command(
    "ack",
    cls=Command,
    words=text.SUBCOMMANDS["alarm ack"],
    example='anju alarm ack last --note "on my way"',
)
@click.argument("alarm_id", metavar="ID")
@option("--note", default="", metavar="TEXT", words=text.OPTION_NOTE)
@json_option
@common_options
@with_session
def ack(session: Session, alarm_id: str, *, note: str, as_json: bool) -> None:
    """Acknowledge one alarm."""

    params = session.params(AckParams, alarm=alarm_id, note=note)

    async def job(client: ControlClient) -> AlarmInfo:
        whole = {"alarm": await _whole_id(session, client, alarm_id)}
        return await client.ask("alarm.ack", params.model_copy(update=whole), AlarmInfo)

    done = session.run(job)
    if as_json:
        echo_json(done, line=False)
        return
    sentence = text.ANSWERED if done.raised_at_s is None else text.ACKED
    click.echo(session.say(sentence, what=session.told(done.why), id=done.id))


@alarm.command(
    "resolve",
    cls=Command,
    words=text.SUBCOMMANDS["alarm resolve"],
    example="anju alarm resolve last --cause helped",
)
@click.argument("alarm_id", metavar="ID")
@option("--cause", required=True, metavar="CODE", words=text.OPTION_CAUSE)
@json_option
@common_options
@with_session
def resolve(session: Session, alarm_id: str, *, cause: str, as_json: bool) -> None:
    """Close one alarm."""

    params = session.params(ResolveParams, alarm=alarm_id, cause=cause)

    async def job(client: ControlClient) -> AlarmInfo:
        whole = {"alarm": await _whole_id(session, client, alarm_id)}
        return await client.ask("alarm.resolve", params.model_copy(update=whole), AlarmInfo)

    done = session.run(job)
    if as_json:
        echo_json(done, line=False)
        return
    # A condition that still holds keeps its alarm open whatever a person says.
    sentence = text.CLOSED if done.state == "CLOSED" else text.STILL_OPEN
    state = text.word(text.STATES, done.state, session.language)
    what = session.told(done.why)
    click.echo(session.say(sentence, what=what, id=done.id, cause=done.cause, state=state))


async def _whole_id(session: Session, client: ControlClient, given: str) -> str:
    query = AlarmsQuery(open_only=given == LAST, limit=HISTORY)
    known = (await client.ask("alarms.list", query, AlarmList)).alarms
    return choose(session.say, [one.id for one in known], given)


def choose(say: Callable[..., str], known: Sequence[str], given: str) -> str:
    """Return the one id (newest first in `known`) that `given` means. Errors: Fault."""
    if given == LAST:
        if not known:
            raise Fault(say(text.FAULT_NO_OPEN_ALARM))
        return known[0]
    # `17` means the alarm of row 17 before it means every row that ends in 17.
    exact = [one for one in known if given == one or one.endswith(f"-{given}")]
    found = exact or [one for one in known if one.startswith(given) or one.endswith(given)]
    if not found:
        raise Fault(say(text.FAULT_UNKNOWN_ALARM, given=given))
    if len(found) > 1:
        some = ", ".join(found[:5])
        raise Fault(say(text.FAULT_AMBIGUOUS_ALARM, given=given, count=len(found), found=some))
    return found[0]


def muted_lines(session: Session, mutes: Sequence[MuteInfo]) -> list[tuple[str, str]]:
    """Return the page's lines on muted rules, none when there is none."""
    lines = [
        session.say(
            text.MUTE_LINE,
            name=session.told(mute.name),
            rule=mute.rule,
            left=show.span(mute.left_s, session.language),
            by=mute.by,
            why=session.say(text.MUTE_WHY, why=mute.why) if mute.why else "",
            holds=mute.holds,
        )
        for mute in mutes
    ]
    heading = session.say(text.MUTES)
    return [("" if index else heading, line) for index, line in enumerate(lines)]


def _line(session: Session, found: AlarmInfo) -> list[str]:
    language = session.language
    state = text.word(text.STATES, found.state, language)
    if found.help_in_s is not None:
        state = session.say(text.HELP_IN, state=state, left=show.span(found.help_in_s, language))
    if found.count > 1:
        state = session.say(text.TIMES, state=state, count=found.count)
    if found.drill:
        state = session.say(text.DRILL, state=state)
    return [
        show.moment(found.detected_at_s),
        found.severity,
        text.word(text.HAZARDS, found.hazard, language),
        state,
        found.device_name or found.subject,
        session.told(found.why),
        found.id,
    ]
