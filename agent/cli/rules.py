"""`anju rules`: what the rules of this home are, why they told, and what they would have told."""

from __future__ import annotations

import click

from agent.cli import text
from agent.cli.frame import Group
from agent.cli.rules_check import check
from agent.cli.rules_explain import explain
from agent.cli.rules_mute import mute, unmute
from agent.cli.rules_replay import replay
from agent.cli.rules_show import list_rules, show


@click.group("rules", cls=Group, words=text.COMMANDS["rules"], example="anju rules list")
def rules() -> None:
    """Look at the rules."""


for member in (list_rules, show, check, explain, replay, mute, unmute):
    rules.add_command(member)
