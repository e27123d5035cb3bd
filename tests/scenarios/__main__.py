"""`python -m tests.scenarios FILE…`: plays plays, and prints what happened beside each line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.scenarios import page, show
from tests.scenarios.parse import parse
from tests.scenarios.play import Play, PlayError
from tests.scenarios.player import Played, play_out


def main(arguments: Sequence[str]) -> int:
    """Play the files; return 0 when all is as they say, 1 when not, 2 when one cannot be read."""
    options = argparse.ArgumentParser(prog="python -m tests.scenarios")
    options.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a .play file")
    options.add_argument("--lang", choices=("zh", "en"), default="en")
    options.add_argument("--json", action="store_true", help="for a program, in both languages")
    options.add_argument("--stick", action="store_true", help="on a real hub, in real time")
    options.add_argument("--words", action="store_true", help="print the word list of README.md")
    given = options.parse_args(arguments)
    if given.words:
        sys.stdout.write(page.as_markdown())
        return 0
    played: list[Played] = []
    for path in given.files:
        try:
            play = parse(str(path), path.read_text(encoding="utf-8"))
            played.append(_on_stick(play) if given.stick else play_out(play))
        except (PlayError, OSError, UnicodeError) as error:
            sys.stderr.write(f"{error}\n")
            return 2
    if given.json:
        sys.stdout.write(json.dumps([*map(show.as_json, played)], ensure_ascii=False, indent=1))
        sys.stdout.write("\n")
    else:
        sys.stdout.write("\n".join(show.as_text(one, given.lang) for one in played))
    return 1 if any(one.failures for one in played) else 0


def _on_stick(play: Play) -> Played:
    """Play it through guard and the emulated stick, in a folder that is gone afterwards.

    Errors: PlayError when the stick cannot play it, or is not to be found.
    """
    try:
        from tests.scenarios.live import LiveHouse
    except ModuleNotFoundError as error:
        raise PlayError(
            f"{error}: wanted the emulated stick. Put hw-fixtures/emulators on the PYTHONPATH."
        ) from error
    with TemporaryDirectory() as folder:
        house = LiveHouse(play, Path(folder))
        try:
            house.open()
            return play_out(play, house)
        finally:
            house.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
