"""`anju devices`: what is in the home and what it said last."""

from __future__ import annotations

import click

from agent.cli import show, text
from agent.cli.frame import Command, common_options, json_option
from agent.cli.session import Session, echo_json, with_session
from agent.control.schema import DeviceInfo, DeviceList


@click.command("devices", cls=Command, words=text.COMMANDS["devices"], example="anju devices")
@json_option
@common_options
@with_session
def devices(session: Session, *, as_json: bool) -> None:
    """List the devices."""
    found = session.ask("devices.list", DeviceList).devices
    if as_json:
        echo_json([device.model_dump(mode="json") for device in found], line=False)
        return
    if not found:
        click.echo(session.say(text.NO_DEVICES))
        return
    headings = (
        text.KIND,
        text.NAME,
        text.ROOM,
        text.MAKER,
        text.LAST_HEARD,
        text.READINGS,
        text.ID,
    )
    show.table(
        [session.say(heading) for heading in headings],
        [_line(session, device) for device in found],
    )


def _line(session: Session, device: DeviceInfo) -> list[str]:
    language = session.language
    kind = text.word(text.KINDS, device.kind, language)
    return [
        kind if device.paired else kind + session.say(text.NOT_PAIRED),
        device.name,
        device.room,
        f"{device.manufacturer} {device.model}".strip(),
        show.ago(device.last_seen_s_ago, language),
        show.readings(show.notable(device.readings), language),
        device.id,
    ]
