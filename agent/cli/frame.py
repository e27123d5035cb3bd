"""The frame that all commands share: help in two languages, `--config`, `--lang`, `--json`, faults.

Owns how click is used. Knows nothing of the hub and imports neither it nor rich, so that
`anju --help` is there at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from agent.cli import text
from agent.cli.language import choose
from agent.core.text import Sentence

F = TypeVar("F", bound=Callable[..., Any])

EXIT_REFUSED = 1  # The hub said no, or is not there.
EXIT_USAGE = 2  # The command or the configuration is wrong.

_META = "anju."


class Fault(click.ClickException):
    """Ends the command with one line on stderr and exit code 1."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))

    def show(self, file: Any = None) -> None:
        """Write the line."""
        click.echo(self.message, file=file or sys.stderr)


class UsageFault(Fault):
    """The command or the configuration is wrong: exit code 2."""

    exit_code = EXIT_USAGE


def language_of(ctx: click.Context, configured: str | None = None) -> str:
    """Return the language of this call."""
    return choose(asked=asked_for(ctx, "lang"), environment=os.environ, configured=configured)


def asked_for(ctx: click.Context, option: str) -> str | None:
    """Return what `--config` or `--lang` was given, before or after the command's name."""
    value: str | None = ctx.meta.get(_META + option)
    return value


class Option(click.Option):
    """An option whose help is in two languages."""

    def __init__(self, *args: Any, words: Sentence, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.words = words

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return names and help in the language of this call."""
        self.help = self.words.in_language(language_of(ctx))
        return super().get_help_record(ctx)


class _Spoken(click.Command):
    """What commands and groups share: help text, headings and an example."""

    def __init__(self, *args: Any, words: Sentence, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.words = words
        self.example = example

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return click's own `--help` with our words."""
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = text.say(text.OPTION_HELP, language_of(ctx))
        return found

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line."""
        pieces = " ".join(self.collect_usage_pieces(ctx))
        prefix = text.say(text.USAGE, language_of(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=prefix)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, then an example."""
        language = language_of(ctx)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(self.words.in_language(language))
        if self.example:
            with formatter.section(text.say(text.EXAMPLE, language)):
                for line in self.example.splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and the commands of a group."""
        language = language_of(ctx)
        records = [r for p in self.get_params(ctx) if (r := p.get_help_record(ctx)) is not None]
        with formatter.section(text.say(text.OPTIONS, language)):
            formatter.write_dl(records)


class Command(_Spoken):
    """A command of ours."""


class Group(_Spoken, click.Group):
    """A group whose members' help comes from `text`, so that listing them imports none of them."""

    def member_words(self, name: str) -> Sentence:
        """Return the help of a member without importing it."""
        found = self.commands[name]
        assert isinstance(found, _Spoken)
        return found.words

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then one line a command."""
        super().format_options(ctx, formatter)
        language = language_of(ctx)
        lines = [
            (name, self.member_words(name).in_language(language).splitlines()[0])
            for name in self.list_commands(ctx)
        ]
        with formatter.section(text.say(text.COMMANDS_HEADING, language)):
            formatter.write_dl(lines)


def option(*names: str, words: Sentence, **kwargs: Any) -> Callable[[F], F]:
    """Declare an option with help in two languages."""
    return click.option(*names, cls=Option, words=words, **kwargs)


def _remember(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[_META + str(parameter.name)] = value


def common_options(command: F) -> F:
    """Give a command `--config` and `--lang`."""
    for decorate in (
        option(
            "--lang",
            words=text.OPTION_LANG,
            type=click.Choice(["zh", "en"]),
            callback=_remember,
            expose_value=False,
            is_eager=True,  # Known before --help is answered.
        ),
        option(
            "--config",
            words=text.OPTION_CONFIG,
            metavar="FILE",
            callback=_remember,
            expose_value=False,
        ),
    ):
        command = decorate(command)
    return command


def json_option(command: F) -> F:
    """Give a listing `--json`; it arrives as `as_json`."""
    return option("--json", "as_json", is_flag=True, words=text.OPTION_JSON)(command)
