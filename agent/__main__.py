"""`python -m agent` is the console script `anju`."""

from agent.cli import main

main()
