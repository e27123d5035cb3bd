"""One call of the command line: its configuration, its language, and a way to ask the hub.

Owns the translation of every error into one line and an exit code.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import json
import os
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import BaseModel, ValidationError

from agent.cli import text
from agent.cli.frame import Fault, UsageFault, asked_for, language_of
from agent.config import Config, load
from agent.control.client import ControlClient, Notify
from agent.control.schema import Nothing, Shape
from agent.control.schema import Text as BothLanguages
from agent.core.errors import CommandRefused, ConfigError, HubError, JournalError, TransportError
from agent.core.text import Sentence

ResultT = TypeVar("ResultT", bound=Shape)
ParamsT = TypeVar("ParamsT", bound=Shape)
T = TypeVar("T")

DEFAULT_CONFIG = Path("/etc/anju/anju.toml")


@dataclass(frozen=True, slots=True)
class Session:
    """What every command starts from."""

    config: Config
    config_path: Path
    language: str

    def say(self, sentence: Sentence, **values: object) -> str:
        """Return our own sentence in the caller's language."""
        return text.say(sentence, self.language, **values)

    def told(self, sentence: BothLanguages) -> str:
        """Return the hub's sentence in the caller's language."""
        return sentence.zh if self.language == "zh" else sentence.en

    def params(self, shape: type[ParamsT], **values: object) -> ParamsT:
        """Return the values as a request. Errors: Fault, exit code 2, when one is not allowed."""
        try:
            return shape.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(map(str, first["loc"]))
            line = self.say(
                text.FAULT_OPTION, name=name, got=first["input"], wanted=first["msg"].lower()
            )
            raise UsageFault(line) from error

    def run(self, job: Callable[[ControlClient], Awaitable[T]], notify: Notify | None = None) -> T:
        """Connect, do the job, disconnect. Errors: Fault, whatever went wrong."""
        return self.complete(self._run(job, notify))

    def complete(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work in an event loop. Errors: Fault, whatever went wrong."""
        try:
            return asyncio.run(work)
        except HubError as error:
            raise self.fault(error) from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            what = f"{error.title}.{'.'.join(map(str, first['loc']))}: {first['msg']}"
            raise Fault(self.say(text.FAULT_STRANGE_ANSWER, what=what)) from error

    def ask(self, method: str, result: type[ResultT], params: Shape | None = None) -> ResultT:
        """Ask the hub one question."""
        return self.run(lambda client: client.ask(method, params or Nothing(), result))

    def fault(self, error: HubError) -> Fault:
        """Return the error as one line in the caller's language."""
        match error:
            case CommandRefused(code=code):
                sentence = text.REFUSED.get(code, text.REFUSED["other"])
                return Fault(self.say(sentence, what=str(error)))
            case TransportError(__cause__=OSError() as cause):
                return Fault(self._unreachable(cause))
            case JournalError():
                return Fault(self.say(text.FAULT_DISK, what=str(error)))
            case _:
                return Fault(self.say(text.FAULT_NO_ANSWER, what=str(error)))

    async def connect(self, notify: Notify | None = None) -> ControlClient:
        """Return a connection to the hub. Errors: TransportError when it is not there."""
        return await ControlClient.connect(self.config.control_socket, notify)

    async def _run(self, job: Callable[[ControlClient], Awaitable[T]], notify: Notify | None) -> T:
        client = await self.connect(notify)
        try:
            return await job(client)
        finally:
            await client.close()

    def _unreachable(self, cause: OSError) -> str:
        socket = self.config.control_socket
        if cause.errno in (errno.EACCES, errno.EPERM):
            return self.say(text.FAULT_NOT_ALLOWED, socket=socket)
        return self.say(
            text.FAULT_NOT_RUNNING, socket=socket, reason=cause.strerror, config=self.config_path
        )


def config_path_of(ctx: click.Context) -> Path:
    """Return the configuration file of this call."""
    return Path(asked_for(ctx, "config") or os.environ.get("ANJU_CONFIG") or DEFAULT_CONFIG)


def load_or_fault(ctx: click.Context, path: Path) -> Config:
    """Return the configuration in `path`. Errors: Fault with exit code 2."""
    try:
        return load(path)
    except ConfigError as error:
        message = text.say(text.FAULT_CONFIG, language_of(ctx), what=str(error))
        raise UsageFault(message) from error


def open_session(ctx: click.Context) -> Session:
    """Return the session of this call. Errors: Fault with exit code 2 on a wrong configuration."""
    path = config_path_of(ctx)
    config = load_or_fault(ctx, path)
    said = config.hub.language if "language" in config.hub.model_fields_set else None
    return Session(config, path, language_of(ctx, configured=said))


def with_session(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its session as the first argument."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(open_session(click.get_current_context()), *args, **kwargs)

    return wrapped


async def beside(main: Awaitable[T], *others: Coroutine[Any, Any, None]) -> T:
    """Return what `main` returns. The others run beside it and end with it; the first error of any
    ends all and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(other) for other in others]
            try:
                return await main
            finally:
                for task in tasks:
                    task.cancel()
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


def echo_json(value: BaseModel | list[dict[str, Any]] | dict[str, Any], *, line: bool) -> None:
    """Print a value for programs: indented, or as one line."""
    ready = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    click.echo(json.dumps(ready, ensure_ascii=False, indent=None if line else 2))
