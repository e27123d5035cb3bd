"""`python -m demo`: shows the demo, prints the table, and fails when anything was lost."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from agent.cli import show
from agent.cli.language import choose
from agent.core.text import Sentence
from demo import text
from demo.children import Failed
from demo.house import House
from demo.result import Outcome
from demo.story import Story

LASTS_AT_MOST_S = 180.0
PACE_S = 2.0


def main() -> int:
    """Run it; 0 when nothing was lost, nothing doubled and every siren sounded."""
    language = choose(asked=os.environ.get("DEMO_LANG"), environment=os.environ)
    pace_s = float(os.environ.get("DEMO_PACE_S", PACE_S))
    folder = Path(tempfile.mkdtemp(prefix="anju-demo-"))
    _tell(text.TITLE.in_language(language))
    try:
        outcome, fault = asyncio.run(_show(folder, language, pace_s))
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        return 130
    faults = [fault] if fault else outcome.faults()
    _table(outcome, language)
    if path := os.environ.get("DEMO_JSON"):
        figures = outcome.as_json() | {"faults": faults}
        Path(path).write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n")
    if faults:
        _tell(_in(text.BAD, language, what="; ".join(faults)))
        _tell(_in(text.LOGS, language, folder=folder))
        return 1
    _tell(_in(text.GOOD, language))
    shutil.rmtree(folder)
    return 0


async def _show(folder: Path, language: str, pace_s: float) -> tuple[Outcome, str]:
    """Return what was seen, and why it stopped early if it did."""
    house = House(folder, language)
    story = Story(house, _tell, pace_s)
    try:
        async with asyncio.timeout(LASTS_AT_MOST_S):
            return await story.play(), ""
    except Failed as error:
        return story.outcome, str(error)
    except TimeoutError:
        return story.outcome, f"not at its end after {LASTS_AT_MOST_S:.0f} s"
    finally:
        await house.stop()


def _table(outcome: Outcome, language: str) -> None:
    headings = [
        text.ALARM,
        text.NETWORK,
        text.DETECTED,
        text.TO_SIREN,
        text.TO_PLATFORM,
        text.TO_ACK,
        text.HISTORICAL,
    ]
    rows = []
    for seen in outcome.alarms:
        times = [seen.after_ms(ns) for ns in (seen.siren_ns, seen.platform_ns, seen.acked_ns)]
        never = _in(text.NEVER, language)
        rows.append(
            [
                seen.name,
                _in(text.ONLINE if seen.online else text.OFFLINE, language),
                f"{seen.at_s:.1f} s",
                *(never if took is None else f"{took:.1f}" for took in times),
                _in(text.YES if seen.historical else text.NO, language),
            ]
        )
    show.table([_in(heading, language) for heading in headings], rows)
    counts = {"sent": len(outcome.sent), "received": len(outcome.received), "lost": outcome.lost}
    counts |= {"doubled": outcome.doubled, "again": outcome.again}
    _tell("\n" + _in(text.COUNTS, language, **counts))


def _in(sentence: Sentence, language: str, **values: object) -> str:
    return sentence.in_language(language).format(**values)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
