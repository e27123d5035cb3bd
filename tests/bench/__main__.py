"""`make bench`: print every figure. Takes some six minutes; the machine should be idle.

`--presses N` presses for each figure of a press, `--starts N` cold starts, `--commits N` urgent
commits for the journal, `--rows N` rows for it and to drain, and readings for the rules; `--texts
N` text messages over the modem; `--only journal`, `--only rules` or `--only sound` measures that
alone.
"""

from __future__ import annotations

import argparse
import os

from tests.bench import drain, journal, modem, press, replay, rules, sound, start, zigpy_floor
from tests.bench.figures import show


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=400)
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--commits", type=int, default=3200)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--only", choices=("journal", "rules", "sound"))
    options = parser.parse_args()
    show("machine", cores=os.cpu_count(), load=[round(x, 2) for x in os.getloadavg()])
    if options.only in (None, "journal"):
        journal.run(options.commits, options.rows)
    if options.only in (None, "rules"):
        rules.run(options.rows)
        replay.run(options.days)
    if options.only in (None, "sound"):
        sound.run(options.presses // 4)
    if options.only:
        return
    zigpy_floor.run(options.presses)
    press.run(options.presses)
    start.run(options.starts)
    modem.run(options.texts)
    drain.run(options.rows, 10 * options.rows)


if __name__ == "__main__":
    main()
