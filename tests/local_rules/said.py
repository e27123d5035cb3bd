"""What the rules say and keep, word for word: one rehearsal for each way in which a row uses its
pattern. `python -m tests.local_rules.said` writes it down anew; read the difference before you
commit it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from agent.core.alarm import Severity
from agent.core.effect import CancelWake, Effect, RaiseAlarm, RestoreAlarm, WakeAt
from agent.core.event import Observed
from local_rules.catalog import ROWS, Row, book
from local_rules.rule import RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import DEVICE, Home
from tests.local_rules.rehearsal import Line, play_of

FILE = Path(__file__).with_name("said.txt")
WHOLE = book()


def chosen() -> list[Row]:
    """Return the first row of each kind that saves a life (pattern, plan, and whether it holds or
    ends at once), and of each other pattern that raises one row."""
    found, patterns = dict[object, Row](), set[str]()
    for row in sorted(ROWS, key=lambda row: row.severity):
        if row.derives or (row.severity is not Severity.S1 and row.pattern.name in patterns):
            continue
        patterns.add(row.pattern.name)
        at_once = row.parameters.get("trigger_hold_s", row.parameters["rearm_s"]).default == 0
        kind = (row.pattern.name, str(row.plan), row.momentary, at_once)
        found.setdefault(kind, row)
    return list(found.values())


def stages(row: Row) -> dict[str, list[Line | float | str]]:
    """Return what happens in each scene: a reading, a time to wait until, or a restart."""
    rule = WHOLE.by_id[row.id]
    play = play_of(rule)
    begin, last = list(play.begin), play.begin[-1]
    raised_s = max(play.raise_s, last.at_s)
    rearm_s = rule.values["rearm_s"]
    again = replace(last, at_s=raised_s + rearm_s + 1)
    end = list(play.end(raised_s + play.stands_s))
    back = replace(last, at_s=end[-1].at_s + play.clear_s / 2)
    gone = list(play.end(again.at_s + 1))
    over_s, gone_s = end[-1].at_s + play.clear_s, gone[-1].at_s + play.clear_s
    return {
        "begins, goes on, ends": [*begin, play.raise_s, again, *gone, gone_s],
        "ends, and comes back": [*begin, play.raise_s, *end, back, back.at_s + 1],
        "ends in time": [*begin, *play.end(last.at_s + 0.5), raised_s - 1],
        "restart while it waits": [*begin, "restart", raised_s + 60],
        "restart while it stands": [*begin, play.raise_s, "restart", *end, "restart", over_s],
    }


def told(row: Row, drill: bool) -> Iterator[str]:
    for name, scene in stages(row).items():
        if drill and name != "begins, goes on, ends":
            continue
        yield f"## {row.id}: {name}{' (drill)' if drill else ''}"
        home = Home(RuleBook.of((WHOLE.by_id[row.id],)))
        now_s, known = 0.0, dict[str, str]()
        for part in scene:
            seen = len(home.done)
            if isinstance(part, Line):
                event = channelled(part.event(drill=drill))
                now_s = part.at_s
                home.take(event)
                yield f"{now_s:.10g} {event.reading.quantity} {event.reading.value}"
            elif isinstance(part, str):
                keys = home.state.states
                rows = [(k.rule, k.subject, dump(home.state, k, home.book)) for k in keys]
                home.restart(restore(rows, home.book, now_s).state, now_s)
                yield "restart"
            else:
                now_s = part
                home.wait_until(now_s)
            yield from (f"    {at_s:.10g} {words(effect)}" for at_s, effect in home.done[seen:])
            for held in home.state.states.values():
                kept = {name: in_short(value) for name, value in asdict(held).items()}
                news = [f"{name}={now}" for name, now in kept.items() if known.get(name) != now]
                known = kept
                if news:
                    yield f"    {' '.join(news)}"


def scenes(row: Row, drill: bool) -> list[str]:
    """Return the lines of a row."""
    return [line.replace(DEVICE, "zb:1") for line in told(row, drill)]


def in_short(value: object) -> str:
    """Return a part of a state as JSON; of a long one the end, where the news is."""
    whole = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return whole if len(whole) <= 45 else f"…{whole[-45:]}"


def channelled(event: Observed) -> Observed:
    """Return the event as one of an input with a name, and a device that adds a word."""
    return replace(event, reading=replace(event.reading, channel="ep1", detail="so says it"))


def words(effect: Effect) -> str:
    match effect:
        case RaiseAlarm(why=why):
            asks = f"; asks {effect.pre_alarm_s:g} s" if effect.pre_alarm_s else ""
            return (
                f"raise {effect.subject}: {why.sentence.zh} {why.sentence.en} "
                f"[{why.value}; {why.limit}{asks}]"
            )
        case RestoreAlarm():
            return f"restore {effect.subject}"
        case WakeAt():
            return f"wake {effect.key} at {effect.due_s:.10g}, {effect.on_resume}"
        case CancelWake():
            return f"cancel {effect.key}"
        case _:
            return str(effect)


def text() -> str:
    """Return the whole."""
    lines = [line for row in chosen() for drill in (False, True) for line in scenes(row, drill)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{FILE}: {len(text().splitlines())} lines\n")
