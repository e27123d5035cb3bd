"""`python -m sync.contract [--check]`: writes the contract, or says which file is out of date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sync.contract.document import asyncapi
from sync.contract.schemas import schemas
from sync.contract.tables import fill

SYNC = Path(__file__).resolve().parents[1]
SCHEMAS = "contract/schemas"
PROTOCOL = "PROTOCOL.md"


def made(folder: Path = SYNC) -> dict[str, str]:
    """Return the text of every generated file, by its path below `folder`."""
    files = {"contract/asyncapi.json": _text(asyncapi())}
    files |= {f"{SCHEMAS}/{name}": _text(schema) for name, schema in schemas().items()}
    files[PROTOCOL] = fill((folder / PROTOCOL).read_text(encoding="utf-8"))
    return files


def drifted(folder: Path = SYNC) -> list[str]:
    """Return the files that are missing, too many, or not what the program says."""
    wanted = made(folder)
    wrong = [name for name, text in wanted.items() if _read(folder / name) != text]
    return sorted(wrong + [name for name in _schemas(folder) if name not in wanted])


def write(folder: Path = SYNC) -> None:
    """Write every file, and remove schemas of messages that there are no more."""
    wanted = made(folder)
    (folder / SCHEMAS).mkdir(parents=True, exist_ok=True)
    for name in _schemas(folder):
        if name not in wanted:
            (folder / name).unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` say whether they are up to date."""
    if arguments != ["--check"]:
        write()
        return 0
    wrong = drifted()
    for name in wrong:
        sys.stdout.write(f"sync/{name}: out of date; run: make docs\n")
    if not wrong:
        sys.stdout.write("sync/contract, sync/PROTOCOL.md: up to date\n")
    return int(bool(wrong))


def _text(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _schemas(folder: Path) -> list[str]:
    return [f"{SCHEMAS}/{path.name}" for path in sorted((folder / SCHEMAS).glob("*.json"))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
