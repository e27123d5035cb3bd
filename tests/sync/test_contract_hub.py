"""What a real hub sends is what the contract says: guard, link and a stick as processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.hub import DISTRICT, HUB, wait_for
from tests.platform.client import PlatformProcess
from tests.sync.house import Mosquitto
from tests.system.home import Home

HEARD = {
    *("reading", "alarm.raised", "alarm.acked", "alarm.closed"),
    *(
        "actuation.asked",
        "actuation.done",
        "actuation.refused",
        "command",
        "device.paired",
        "hub.started",
    ),
    *("hub.stopped",),
}


@contextmanager
def evening(folder: Path) -> Iterator[tuple[Home, PlatformProcess]]:
    """Give a hub with its stick, and a platform whose operator acknowledges alarms."""
    with ExitStack() as stack:
        broker = Mosquitto(folder)
        platform = PlatformProcess(folder / "platform.db", broker.address, DISTRICT)
        home = Home(folder, broker_port=broker.port)
        stack.callback(broker.stop)
        stack.callback(platform.stop)
        stack.callback(home.close)
        broker.start()
        platform.start("--operator-acks", "1500", "--operator", "li.na")
        home.plug_in()
        home.start("guard", "link")
        home.wait_ready()
        yield home, platform


def test_everything_that_a_hub_publishes_is_as_in_the_contract(tmp_path: Path) -> None:
    # The platform judges every payload, and looking at it fails after the first breach.
    with evening(tmp_path) as (home, platform):
        home.pair_all()
        home.sounds("press", "sos")
        home.sounds("trip", "smoke")
        wait_for(lambda: len(platform.events(kind="alarm.acked")) >= 2, 30.0, "acked")
        for alarm in home.alarms():
            assert home.ask("alarm.resolve", alarm=alarm["id"], cause="helped")
        wait_for(lambda: len(platform.events(kind="alarm.closed")) >= 2, 30.0, "closed")
        home.hub.stop("guard")
        home.start("guard")
        kinds = wait_for(
            lambda: {event["kind"] for event in platform.events()} >= HEARD, 60.0, "every kind"
        )
        assert kinds
        home.hub.stop("link")
        wait_for(lambda: platform.hub(HUB)["state"] == "offline", 10.0, "the end")
        assert {response["code"] for response in platform.responses()} >= {"ok"}
