"""`anju rules mute|unmute`: a rule that is to raise no new alarm for a while."""

from __future__ import annotations

import re

import click

from agent.cli import show, text
from agent.cli.frame import Command, UsageFault, common_options, json_option, option
from agent.cli.session import Session, echo_json, with_session
from agent.control.schema import MuteInfo, MuteParams, UnmuteParams, UnmuteResult

_LENGTH = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")


@click.command(
    "mute",
    cls=Command,
    words=text.SUBCOMMANDS["rules mute"],
    example='anju rules mute door_open --for 2h --why "airing the room"',
)
@click.argument("rule", metavar="RULE")
@option("--for", "length", required=True, metavar="TIME", words=text.OPTION_FOR)
@option("--why", default="", metavar="TEXT", words=text.OPTION_WHY)
@json_option
@common_options
@with_session
def mute(session: Session, rule: str, *, length: str, why: str, as_json: bool) -> None:
    """Mute one rule."""
    for_s = seconds(length)
    if for_s is None:
        raise UsageFault(session.say(text.FAULT_DURATION, given=length))
    params = session.params(MuteParams, rule=rule, for_s=for_s, why=why)
    done = session.ask("rules.mute", MuteInfo, params)
    if as_json:
        echo_json(done, line=False)
        return
    click.echo(
        session.say(
            text.MUTED,
            name=session.told(done.name),
            rule=done.rule,
            left=show.span(done.left_s, session.language),
            until=show.moment(done.until_at_s),
        )
    )


@click.command(
    "unmute",
    cls=Command,
    words=text.SUBCOMMANDS["rules unmute"],
    example="anju rules unmute door_open",
)
@click.argument("rule", metavar="RULE")
@json_option
@common_options
@with_session
def unmute(session: Session, rule: str, *, as_json: bool) -> None:
    """Hear one rule again."""
    params = session.params(UnmuteParams, rule=rule)
    done = session.ask("rules.unmute", UnmuteResult, params)
    if as_json:
        echo_json(done, line=False)
        return
    click.echo(session.say(text.UNMUTED, rule=done.rule))
    for alarm in done.raised:
        click.echo(session.say(text.UNMUTED_RAISED, what=session.told(alarm.why), id=alarm.id))


def seconds(given: str) -> float | None:
    """Return a length of time that a person has written, in seconds, None when it is none.

    >>> seconds("2h"), seconds("1h30m"), seconds("90s"), seconds("2 days"), seconds("")
    (7200.0, 5400.0, 90.0, None, None)
    """
    found = _LENGTH.fullmatch(given.strip())
    if found is None or not any(found.groups()):
        return None
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return float(hours * 3600 + minutes * 60 + rest)
