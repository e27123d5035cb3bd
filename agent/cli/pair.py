"""`anju pair`: lets a new device in and tells a person, step by step, what to do."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass, field

import click

from agent.cli import text
from agent.cli.frame import EXIT_REFUSED, Command, Fault, common_options, json_option, option
from agent.cli.session import Session, beside, echo_json, with_session
from agent.control.client import ControlClient
from agent.control.schema import Nothing, PairParams, PairProgress, PairResult, Shape
from agent.core.limits import PAIR_WINDOW_MAX_S, PAIR_WINDOW_S

GRACE_S = 30.0
"""The hub may need this long after the window to settle a device that is half-way in."""

QUIET_TICK_S = 15  # Without a terminal the time that is left is a line of its own, this often.
EXIT_CODES = {"done": 0, "stopped": 130}  # 130: what a shell expects after Ctrl-C.


@click.command(
    "pair",
    cls=Command,
    words=text.COMMANDS["pair"],
    example="anju pair --name front-door --room hall --window 120",
)
@option(
    "--window",
    "window_s",
    default=PAIR_WINDOW_S,
    type=click.IntRange(1, PAIR_WINDOW_MAX_S),
    metavar="SECONDS",
    words=text.OPTION_WINDOW,
)
@option("--name", default="", metavar="TEXT", words=text.OPTION_NAME)
@option("--room", default="", metavar="TEXT", words=text.OPTION_ROOM)
@json_option
@common_options
@with_session
@click.pass_context
def pair(
    ctx: click.Context, session: Session, *, window_s: int, name: str, room: str, as_json: bool
) -> None:
    """Pair one device."""
    params = session.params(PairParams, window_s=window_s, name=name, room=room)
    progress = _Progress(session, window_s, quiet=as_json)
    result = session.run(lambda client: _pair(session, client, params, progress), progress.take)
    progress.end()
    if as_json:
        echo_json(result, line=False)
    else:
        click.echo(_ending(session, result))
    ctx.exit(EXIT_CODES.get(result.outcome, EXIT_REFUSED))


@dataclass(slots=True)
class _Progress:
    """What the person sees meanwhile: a line a stage, and the time that is left."""

    session: Session
    left_s: int
    quiet: bool  # stdout belongs to JSON: the progress goes to stderr.
    _counting: bool = field(default=False)
    _last: tuple[str, str | None] = field(default=("", None))

    def take(self, method: str, params: Shape) -> None:
        """Show one `pair.progress`."""
        if not isinstance(params, PairProgress):
            return
        self.left_s = round(params.left_s)
        if (params.stage, params.device) == self._last:
            return
        self._last = (params.stage, params.device)
        self.show(_stage(self.session, params))

    def show(self, line: str) -> None:
        """Print a line of its own."""
        self.end()
        click.echo(line, err=self.quiet)

    def tick(self) -> None:
        """Count one second down."""
        self.left_s = max(0, self.left_s - 1)
        line = self.session.say(text.PAIR_LEFT, left=self.left_s)
        if (sys.stderr if self.quiet else sys.stdout).isatty():
            click.echo(f"\r\x1b[K{line}", nl=False, err=self.quiet)
            self._counting = True
        elif self.left_s and self.left_s % QUIET_TICK_S == 0:
            click.echo(line, err=self.quiet)

    def end(self) -> None:
        """Wipe the countdown."""
        if self._counting:
            click.echo("\r\x1b[K", nl=False, err=self.quiet)
        self._counting = False


async def _pair(
    session: Session, client: ControlClient, params: PairParams, progress: _Progress
) -> PairResult:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    waited_s = params.window_s + GRACE_S
    try:
        async with asyncio.timeout(waited_s):
            return await beside(
                # The answer comes when pairing ends, however long that takes.
                client.ask("pair.start", params, PairResult, timeout_s=None),
                _count_down(progress),
                _stop_when(stop, session, client, progress),
            )
    except TimeoutError as error:
        raise Fault(session.say(text.PAIR_LOST, seconds=round(waited_s))) from error


async def _count_down(progress: _Progress) -> None:
    while True:
        await asyncio.sleep(1)
        progress.tick()


async def _stop_when(
    stop: asyncio.Event, session: Session, client: ControlClient, progress: _Progress
) -> None:
    await stop.wait()
    progress.show(session.say(text.PAIR_STOPPING))
    await client.ask("pair.stop", Nothing(), Nothing)


def _stage(session: Session, step: PairProgress) -> str:
    """Return the stage in plain words, and what to do now."""
    if step.stage == "ready" and step.kind in text.PAIR_SPEAK:
        return session.say(text.PAIR_SPEAK[step.kind])
    if step.stage not in text.PAIR_STAGES:
        return step.stage
    stage = session.say(text.PAIR_STAGES[step.stage])
    if step.stage == "failed" and step.detail:
        return session.say(text.PAIR_DETAIL, stage=stage, detail=step.detail)
    return stage


def _ending(session: Session, result: PairResult) -> str:
    if result.outcome == "stopped":
        return session.say(text.PAIR_STOPPED)
    device = result.device
    if device is None:
        return session.say(text.PAIR_TIMEOUT)
    kind = text.word(text.KINDS, device.kind, session.language)
    if result.outcome == "timeout":
        return session.say(text.PAIR_SILENT, kind=kind, id=device.id)
    return session.say(
        text.PAIR_DONE,
        kind=kind,
        maker=device.manufacturer or session.say(text.PAIR_UNKNOWN_MAKER),
        name=device.name or device.id,
        room=session.say(text.PAIR_ROOM, room=device.room) if device.room else "",
    )
