"""The command line `anju`, one file a job. A person's window into a running hub.

Speaks to guard over the control socket and to nothing else; `text` owns every word it says.
"""

from __future__ import annotations


def main() -> None:
    """Run the program; the console script `anju`."""
    from agent.cli.root import anju

    anju(prog_name="anju")
