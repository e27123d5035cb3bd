"""`anju rules replay`: a recorded home through the rules, and what they would have told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from agent import rule_files
from agent.cli import text
from agent.cli.frame import Command, UsageFault, common_options, json_option, language_of, option
from agent.cli.journal_files import hub_files
from agent.cli.progress import Progress
from agent.cli.replay_report import Replayed, for_people, for_programs
from agent.cli.rules_in_force import fault_of, in_force
from agent.cli.session import echo_json, open_session
from agent.core.errors import ConfigError, JournalError
from agent.core.text import Sentence
from agent.journal.places import Place, named
from agent.replay import exports, journals, map_file, table
from agent.replay.home import RecordedHome
from agent.replay.lines import BadLine, time_of
from agent.replay.map_file import HomeMap
from agent.replay.outcome import DAY_S, Outcome, Told, from_json
from agent.replay.record import Record
from agent.replay.trace import Moment, Read, play
from local_rules.rule import RuleBook
from local_rules.settle import Settled, settle
from local_rules.wish import Wish

_LOOK_EVERY = 2_000  # Moments between two looks at whether the person wants to know how far it is.


@dataclass(frozen=True, slots=True)
class Asked:
    """What one call wants. Times are wall seconds."""

    language: str
    journal: Path | None
    export: Path | None
    csv: Path | None
    home: HomeMap
    from_s: float | None
    to_s: float | None
    until_s: float | None
    lenient: bool

    def say(self, sentence: Sentence, **values: object) -> str:
        """Return our own sentence in the caller's language."""
        return text.say(sentence, self.language, **values)


@click.command(
    "replay",
    cls=Command,
    words=text.SUBCOMMANDS["rules replay"],
    example="anju rules replay --csv home.csv --map home.toml\n"
    "anju rules replay --rules new.toml --against old.toml --from 2026-11-01",
)
@option("--journal", metavar="FILE", type=click.Path(path_type=Path), words=text.REPLAY_JOURNAL)
@option("--export", metavar="FILE", type=click.Path(path_type=Path), words=text.REPLAY_EXPORT)
@option("--csv", metavar="FILE", type=click.Path(path_type=Path), words=text.REPLAY_CSV)
@option("--map", "map_path", metavar="MAP", type=click.Path(path_type=Path), words=text.REPLAY_MAP)
@option("--rules", metavar="FILE", type=click.Path(path_type=Path), words=text.REPLAY_RULES)
@option("--against", metavar="FILE", type=click.Path(path_type=Path), words=text.REPLAY_AGAINST)
@option("--from", "begin", metavar="TIME", words=text.REPLAY_FROM)
@option("--to", "end", metavar="TIME", words=text.REPLAY_TO)
@option("--until", metavar="TIME", words=text.REPLAY_UNTIL)
@option("--lenient", is_flag=True, words=text.REPLAY_LENIENT)
@json_option
@common_options
@click.pass_context
def replay(
    ctx: click.Context,
    *,
    journal: Path | None,
    export: Path | None,
    csv: Path | None,
    map_path: Path | None,
    rules: Path | None,
    against: Path | None,
    begin: str | None,
    end: str | None,
    until: str | None,
    lenient: bool,
    as_json: bool,
) -> None:
    """Replay."""
    language = language_of(ctx)
    if sum(source is not None for source in (journal, export, csv)) > 1:
        raise UsageFault(text.say(text.FAULT_ONE_SOURCE, language))
    try:
        asked = Asked(
            language,
            journal,
            export,
            csv,
            HomeMap() if map_path is None else map_file.load(map_path),
            _moment(language, "--from", begin),
            _moment(language, "--to", end),
            _moment(language, "--until", until),
            lenient,
        )
        settled = _settled(ctx, asked, rules)
        found = _replayed(ctx, asked, settled, against)
    except ConfigError as error:
        raise fault_of(error, language) from error
    except JournalError as error:
        raise UsageFault(text.say(text.FAULT_JOURNAL_FILE, language, what=error)) from error
    if as_json:
        echo_json(for_programs(found, asked.home), line=False)
    else:
        for_people(found, asked.home, language)


def _settled(ctx: click.Context, asked: Asked, rules: Path | None) -> Settled:
    """Return the rules to play by: those of the file; else for the hub's own journal those in force
    here, and for anybody else's the table. The map says who lives there."""
    if rules is not None:
        return settle(asked.home.under(rule_files.load(rules)))
    if (asked.journal, asked.export, asked.csv) == (None, None, None):
        return in_force(ctx).settled
    return settle(asked.home.under(Wish()))


def _replayed(ctx: click.Context, asked: Asked, settled: Settled, against: Path | None) -> Replayed:
    read, outcome, other = Read(), Outcome(), Outcome()
    is_attended = asked.csv is not None
    homes = [RecordedHome(settled.book(), attended=is_attended, tell=outcome.take)]
    earlier = None
    if against is not None:
        found = _against(asked, against)
        if isinstance(found, RuleBook):
            homes.append(RecordedHome(found, attended=is_attended, tell=other.take))
        else:
            earlier = found
    progress = Progress()
    try:
        for count, _ in enumerate(play(_moments(ctx, asked, read), homes)):
            if count % _LOOK_EVERY == 0:
                progress.show(lambda: _how_far(asked, read, progress.took_s))
        if asked.until_s is not None:
            for home in homes:
                home.wait_until(asked.until_s)
    finally:
        progress.end()
    if len(homes) > 1:
        earlier = other.alarms
    days = _days(read, asked.until_s)
    return Replayed(read, outcome, days, progress.took_s, settled, earlier)


def _moments(ctx: click.Context, asked: Asked, read: Read) -> Iterator[Moment]:
    from_s, to_s, lenient = asked.from_s, asked.to_s, asked.lenient
    if asked.csv is not None:
        yield from table.moments(
            asked.csv, asked.home, read, from_s=from_s, to_s=to_s, lenient=lenient
        )
        return
    rooms = {name: sensor.room for name, sensor in asked.home.sensors.items()}
    if asked.export is not None:
        rows = exports.rows(asked.export)
    else:
        places = _places(ctx, asked.journal)
        rooms = {**journals.rooms(places), **rooms}
        rows = journals.rows(places)
    yield from Record(read, rooms, from_s, to_s, lenient).moments(rows)


def _places(ctx: click.Context, journal: Path | None) -> tuple[Place, ...]:
    """Return the file that was named, or the hub's own."""
    return (named(journal),) if journal is not None else hub_files(open_session(ctx)).places


def _against(asked: Asked, path: Path) -> RuleBook | list[Told]:
    """Return what to compare with: the rules of a file, or the alarms of an earlier replay."""
    try:
        with path.open("rb") as file:
            is_json = file.read(64).lstrip()[:1] == b"{"
        if is_json:
            return from_json(json.loads(path.read_bytes()))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}). Name a file that is there and readable."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not JSON: {error}. Give the file of replay --json.") from error
    return settle(asked.home.under(rule_files.load(path))).book()


def _days(read: Read, until_s: float | None) -> float:
    if read.first_s is None or read.last_s is None:
        return 0.0
    last_s = read.last_s if until_s is None else max(until_s, read.last_s)
    return max(0.0, last_s - read.first_s) / DAY_S


def _how_far(asked: Asked, read: Read, took_s: float) -> str:
    days = _days(read, None)
    return asked.say(
        text.REPLAYING,
        readings=read.readings,
        days=round(days),
        rate=round(days / max(took_s, 0.001) * 60),
    )


def _moment(language: str, name: str, given: str | None) -> float | None:
    if given is None:
        return None
    try:
        return time_of(given)
    except BadLine as error:
        raise UsageFault(text.say(text.FAULT_TIME, language, name=name, got=given)) from error
