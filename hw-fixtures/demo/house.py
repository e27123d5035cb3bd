"""The stage: a temporary folder with a home, a hub, a broker and a platform, all real processes."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from agent.control.client import ControlClient
from agent.control.schema import AlarmInfo, AlarmList, AlarmsQuery, Nothing, Shape, Status
from agent.core.errors import HubError
from agent.core.row import JournalId
from agent.journal.reader import JournalReader
from demo.children import ANJU, LOOK_EVERY_S, Child, Failed, surroundings, until
from demo.result import Key
from tests.platform.store import read_tables
from znp.client import Reply, StickControl
from znp.launch import StickProcess

ResultT = TypeVar("ResultT", bound=Shape)

HUB = "demo-hub"
DISTRICT = "demo"
ZIGBEE = "zb:"
KINDS = {
    "door": "contact",
    "sos": "sos_button",
    "smoke": "smoke",
    "siren": "siren",
    "pendant": "ace_button",
}
STARTS_WITHIN_S = 30.0
OPERATOR_MS = 400


class House:
    """Everything that runs. `stop` ends it all, whatever happened before."""

    def __init__(self, folder: Path, language: str) -> None:
        self.folder = folder
        self.language = language
        self._port = _free_port()
        self._platform_db = folder / "platform.db"
        self._config = folder / "anju.toml"
        home = folder / "home.toml"
        home.write_text(
            "".join(f'[[device]]\nname = "{n}"\nkind = "{k}"\n' for n, k in KINDS.items())
        )
        self._stick = StickProcess(folder, home=home)
        self._broker = Child("broker", folder, language)
        self._platform = Child("platform", folder, language)
        self._hub = Child("hub", folder, language)
        self._after_seq = 0
        self._voice: StickControl | None = None
        self._ears: StickControl | None = None

    # --- coming and going -------------------------------------------------------------------------

    async def start(self) -> None:
        """Start everything and return when the hub is ready for an SOS."""
        await asyncio.to_thread(self._stick.start)
        self._voice, self._ears = self._stick.control(), self._stick.control()
        self._ears.subscribe()
        await self.start_broker()
        self._platform.start(
            *(sys.executable, "-m", "tests.platform", "--db", str(self._platform_db)),
            *("--broker", f"127.0.0.1:{self._port}", "--district", DISTRICT),
            *("--operator-acks", str(OPERATOR_MS)),
        )
        self._write_config()
        self._hub.start(str(ANJU), "up", "--config", str(self._config), ANJU_LOG="INFO")
        await self.status_where(
            lambda s: s.sos_ready and s.uplink.connected, STARTS_WITHIN_S, "the hub"
        )

    async def stop(self) -> None:
        """End every process that was started."""
        for child in (self._hub, self._platform, self._broker):
            await child.stop()
        for control in (self._voice, self._ears):
            if control is not None:
                control.close()
        await asyncio.to_thread(self._stick.stop)

    async def start_broker(self) -> None:
        """Start the broker, or start it again on its old port."""
        heard = self._broker_ready()
        self._broker.start(sys.executable, "-m", "demo.broker", str(self._port))
        await until(lambda: self._broker_ready() > heard, STARTS_WITHIN_S, "the broker")

    async def stop_broker(self) -> None:
        """Stop the broker."""
        await self._broker.stop()

    def pid_of(self, name: str) -> int:
        """Return the id of guard or link, as `anju up` said when it last started it."""
        found = re.findall(rf"up\.started child={name} pid=(\d+)", self._hub.said)
        if not found:
            raise Failed(f"anju up did not say that it started {name}")
        return int(found[-1])

    def _broker_ready(self) -> int:
        if self._broker.died():
            raise Failed(f"the broker ended: {self._broker.said}")
        return self._broker.said.count("ready") if (self.folder / "broker.log").exists() else 0

    def _write_config(self) -> None:
        # The embedded broker speaks 3.1.1 only; with "auto" every new link would try 5 first.
        self._config.write_text(
            f"""
[hub]
id = "{HUB}"
district = "{DISTRICT}"
data_dir = "{self.folder / "data"}"
runtime_dir = "{self.folder / "run"}"

[zigbee]
port = "{self._stick.port}"

[uplink]
host = "127.0.0.1"
port = {self._port}
tls = false
protocol = "3.1.1"
reconnect_max_s = 2.0
""",
            encoding="utf-8",
        )

    # --- devices ----------------------------------------------------------------------------------

    async def do(self, verb: str, device: str, **values: object) -> Reply:
        """Have a device do something."""
        assert self._voice is not None
        voice = self._voice
        return await asyncio.to_thread(lambda: voice.do(verb, device=device, **values))

    async def siren_after(self, since_ns: int, within_s: float) -> int | None:
        """Return when the siren was next told to sound after `since_ns`, None when it was not."""
        assert self._ears is not None
        ears, deadline = self._ears, time.monotonic() + within_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                event = await asyncio.to_thread(
                    lambda t=left_s: ears.event("siren", on=True, timeout_s=t)  # type: ignore[misc]
                )
            except RuntimeError:  # None came.
                return None
            read_ns = event["read_ns"]
            if isinstance(read_ns, int) and read_ns > since_ns:
                return read_ns
        return None

    async def address(self, device: str) -> str:
        """Return the id under which the hub knows a device."""
        assert self._voice is not None
        state = await asyncio.to_thread(self._voice.state, device)
        return "zb:" + str(state["ieee"]).replace(":", "")

    # --- the hub and the platform -----------------------------------------------------------------

    async def anju(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start the real command line; its stdout is a pipe."""
        return await asyncio.create_subprocess_exec(
            *(str(ANJU), *arguments, "--config", str(self._config)),
            env=surroundings(self.language),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    async def status(self) -> Status | None:
        """Return how the hub is, None while nobody answers."""
        return await self._ask("status", Nothing(), Status)

    async def open_alarms(self) -> list[AlarmInfo]:
        """Return the open alarms of devices that are not drills."""
        found = await self._ask("alarms.list", AlarmsQuery(), AlarmList)
        alarms = found.alarms if found else ()
        return [one for one in alarms if one.subject.startswith(ZIGBEE) and not one.drill]

    async def _ask(self, method: str, params: Shape, result: type[ResultT]) -> ResultT | None:
        client = None
        try:
            client = await ControlClient.connect(self.folder / "run" / "control.sock")
            return await client.ask(method, params, result)
        except HubError:
            return None
        finally:
            if client is not None:
                await client.close()

    async def status_where(
        self, fits: Callable[[Status], bool], within_s: float, what: str
    ) -> Status:
        """Wait until the hub's status fits and return it."""
        try:
            async with asyncio.timeout(within_s):
                while (status := await self.status()) is None or not fits(status):
                    if self._hub.died():
                        raise Failed(f"anju up ended: {self._hub.said[-2000:]}")
                    await asyncio.sleep(LOOK_EVERY_S)
                return status
        except TimeoutError:
            raise Failed(f"{what}: not within {within_s:.0f} s") from None

    def begin(self, after_seq: int) -> None:
        """From now on only what happens later counts: pairing has tried every button already."""
        self._after_seq = after_seq

    async def last_seq(self) -> int:
        """Return the number of the last row that the hub wrote."""
        status = await self.status()
        return status.journal.journals[0].last_seq if status else 0

    def events(self, kind: str, subject: str) -> list[dict[str, Any]]:
        """Return the platform's events of a kind since the beginning, without those of drills."""
        found = [
            event | {"data": json.loads(event["data"])}
            for event in read_tables(self._platform_db).get("event", [])
            if event["kind"] == kind
            and event["seq"] > self._after_seq
            and (event["subject"] or "").startswith(subject)
        ]
        return [event for event in found if not event["data"].get("drill")]

    def alarms(self, device: str = ZIGBEE) -> list[dict[str, Any]]:
        """Return every word "alarm" about a device that has reached the platform."""
        return self.events("alarm.raised", device) + self.events("alarm.repeated", device)

    def received(self) -> tuple[list[Key], int]:
        """Return the identities of what the platform keeps, and how many copies came in all."""
        found = read_tables(self._platform_db)
        rows = [(row["journal_id"], row["seq"]) for row in found.get("event", [])]
        return rows, found.get("counts", {}).get("received", 0)

    async def sent(self) -> set[Key]:
        """Return the identities of every row that the hub wrote. Errors: Failed without a hub."""
        status = await self.status()
        if status is None:
            raise Failed("the hub does not answer")
        keys: set[Key] = set()
        for journal in status.journal.journals:
            reader = JournalReader(Path(journal.path))
            rows = reader.rows(JournalId(journal.journal_id), after_seq=0, limit=100_000)
            keys.update((row.journal_id, row.seq) for row in rows)
            reader.close()
        return keys


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
