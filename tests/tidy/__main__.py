"""`python -m tests.tidy`: what breaks a rule of the house, and what is long."""

from __future__ import annotations

import sys

from tests.tidy import bans, imports, repository, sizes
from tests.tidy.source import ROOT, files, sources, texts

READMES = ("README.md", "README.zh-CN.md")


def faults() -> list[str]:
    """Return everything in the repository that breaks a rule."""
    code, names = sources(), files()
    found = imports.check_table(code) + imports.check_purity(code)
    for check in (
        bans.check_prints,
        bans.check_tasks,
        bans.check_clocks,
        bans.check_catches,
        bans.check_mocks,
        bans.unused_permissions,
    ):
        found += check(code)
    found += bans.check_names(names) + bans.check_texts(texts())
    found += repository.check_blobs({name: (ROOT / name).stat().st_size for name in names})
    found += repository.check_changelog((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    for name in READMES:
        found += repository.check_map(name, (ROOT / name).read_text(encoding="utf-8"), ROOT)
    return found


def main() -> int:
    """Print the faults and the longest pieces; return 1 when there is a fault."""
    write = sys.stdout.write
    code = sources()
    write("longest files (lines)\n" + "\n".join(sizes.longest_files(code)) + "\n")
    write("longest functions (lines)\n" + "\n".join(sizes.longest_functions(code)) + "\n")
    found = faults()
    write("".join(f"{fault}\n" for fault in found))
    write(f"tidy: {len(found)} faults in {len(code)} files\n" if found else "tidy: clean\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
