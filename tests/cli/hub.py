"""A hub to talk to: the real control server on a real Unix socket, with answers written by hand."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.control import schema
from agent.control.schema import METHODS, Nothing, Shape
from agent.control.server import ControlServer, Peer
from agent.core.errors import CommandRefused

ANJU = Path(sys.executable).with_name("anju")
ROOT = Path(__file__).resolve().parents[2]
ENDS_WITHIN_S = 30.0

Answer = Callable[[Shape, Peer], Awaitable[Shape]]

FINE = schema.Text(zh="一切正常", en="all is well")
JOURNAL_ID = "0badcafe"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended and what it said."""

    code: int
    out: str
    err: str


@dataclass
class Hub:
    """The hub of one test. `asked` is every request that came, with its parameters."""

    folder: Path
    answers: dict[str, Answer]
    asked: list[tuple[str, Shape]] = field(default_factory=list)
    server: ControlServer = field(init=False)

    def __post_init__(self) -> None:
        handlers = {name: self._handler(name) for name in METHODS}
        self.server = ControlServer(self.folder / "control.sock", handlers)

    @property
    def config(self) -> Path:
        """Return the configuration file that leads to this hub."""
        path = self.folder / "anju.toml"
        path.write_text(
            f'[hub]\nid = "hub-1"\nruntime_dir = "{self.folder}"\ndata_dir = "{self.folder}"\n',
            encoding="utf-8",
        )
        return path

    def _handler(self, name: str) -> Answer:
        async def handle(params: Shape, peer: Peer) -> Shape:
            self.asked.append((name, params))
            if name not in self.answers:
                raise CommandRefused("unknown_alarm", f"nothing is known of {params!r}")
            return await self.answers[name](params, peer)

        return handle

    async def start(self, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        """Start the real program against this hub."""
        return await asyncio.create_subprocess_exec(
            str(ANJU),
            *arguments,
            env=surroundings(ANJU_CONFIG=str(self.config), **environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def anju(self, *arguments: str, **environment: str) -> Ended:
        """Run the real program against this hub to its end."""
        return await ended(await self.start(*arguments, **environment))


def surroundings(**environment: str) -> dict[str, str]:
    """Return an environment with no language but the given one. PYTHONPATH is how a checkout beside
    the installed one is tested."""
    names = ("PATH", "HOME", "PYTHONPATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "COVERAGE_CORE": "sysmon", **environment}


async def ended(process: asyncio.subprocess.Process) -> Ended:
    """Wait for the end; a program that does not end is killed and fails the test."""
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


def anju(*arguments: str, **environment: str) -> Ended:
    """Run the real program without any hub."""
    done = subprocess.run(
        [str(ANJU), *arguments],
        env=surroundings(**environment),
        capture_output=True,
        timeout=ENDS_WITHIN_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


@asynccontextmanager
async def hub(folder: Path, **answers: Shape | Answer) -> AsyncIterator[Hub]:
    """Serve a hub; `alarms_list=...` answers the method `alarms.list`."""
    ready = {name.replace("_", ".", 1): _answer(value) for name, value in answers.items()}
    made = Hub(folder, ready)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(made.server.serve())
        async with asyncio.timeout(ENDS_WITHIN_S):
            while not (folder / "control.sock").exists():  # noqa: ASYNC110 - another's file
                await asyncio.sleep(0.01)
        yield made
        task.cancel()


@asynccontextmanager
async def vanishing_hub(folder: Path, *answers: Shape) -> AsyncIterator[Hub]:
    """Serve a hub that answers as often as it was told to and then closes every connection."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            request = json.loads(await reader.readline())
            reply = {"id": request["id"], "result": answer.model_dump(mode="json")}
            writer.write(json.dumps(reply).encode() + b"\n")
        if not answers:
            await reader.readline()
        writer.close()

    server = await asyncio.start_unix_server(connected, str(folder / "control.sock"))
    async with server:
        yield Hub(folder, {})


def _answer(value: Shape | Answer) -> Answer:
    if not isinstance(value, Shape):
        return value

    async def answer(params: Shape, peer: Peer) -> Shape:
        return value

    return answer


def interrupt(process: asyncio.subprocess.Process) -> None:
    """Press Ctrl-C."""
    process.send_signal(signal.SIGINT)


# --- answers --------------------------------------------------------------------------------------


def alarm(number: int, **changes: object) -> schema.AlarmInfo:
    """Return an SOS alarm that row `number` raised."""
    return schema.AlarmInfo.model_validate(
        {
            "id": f"{JOURNAL_ID}-{number}",
            "rule": "sos",
            "hazard": "sos",
            "severity": "S1",
            "state": "ACTIVE",
            "subject": "zb:00124b0001020304",
            "device_name": "床头[1]",
            "count": 1,
            "drill": False,
            "code": 101,
            "latched": True,
            "condition_active": False,
            "why": {"zh": "床头按钮被按下", "en": "the bedside button was pressed"},
            "detected_at_s": 1_790_000_000.0,
            "raised_at_s": 1_790_000_000.0,
            "acked_at_s": None,
            "acked_by": "",
            "restored_at_s": None,
            "closed_at_s": None,
            "cause": "",
        }
        | changes
    )


def alarms(*numbers: int) -> schema.AlarmList:
    """Return these alarms, as given."""
    return schema.AlarmList(alarms=tuple(alarm(number) for number in numbers))


def device(**changes: object) -> schema.DeviceInfo:
    """Return a door contact in the hall."""
    return schema.DeviceInfo.model_validate(
        {
            "id": "zb:00124b0001020304",
            "kind": "contact",
            "name": "大门",
            "room": "玄关",
            "manufacturer": "HEIMAN",
            "model": "DoorSensor-EM",
            "paired": True,
            "last_seen_s_ago": 75.0,
            "readings": {"contact_open/alarm1": True, "battery_pct": 87.5},
        }
        | changes
    )


def row(seq: int, kind: str = "reading", **body: object) -> schema.RowInfo:
    """Return one row of the journal."""
    return schema.RowInfo(
        journal_id=JOURNAL_ID,
        seq=seq,
        lane="bulk",
        kind=kind,
        severity=None,
        device="zb:00124b0001020304",
        received_at_s=1_790_000_000.0,
        recorded_at_s=1_790_000_000.1,
        time_quality="synced",
        body=body,
    )


def status(**changes: object) -> schema.Status:
    """Return a hub that is well."""
    found: Mapping[str, object] = {
        "hub": "hub-1",
        "district": "jing-an",
        "release": "0.1.0",
        "up_s": 3725.0,
        "sos_ready": True,
        "time_quality": "synced",
        "drivers": [
            {
                "driver": "zigbee",
                "ok": True,
                "says": FINE,
                "port": "/dev/ttyUSB0",
                "restarts": 0,
                "frames_in": 12,
                "frames_refused": 1,
            }
        ],
        "journal": {
            "ok": True,
            "says": FINE,
            "journals": [],
            "commits": 5,
            "rows": 321,
            "fsync_p50_ms": 1.234,
            "fsync_p99_ms": 9.87,
            "unjournaled": 0,
            "dropped": 0,
        },
        "uplink": {"connected": True, "platform_answers": True, "says": FINE, "sent": 17},
        "devices": 5,
        "alarms_open": 0,
        "troubles": [],
        "counters": {"frames.repeated": 3},
    }
    return schema.Status.model_validate(dict(found) | changes)


def nothing() -> Nothing:
    """Return the empty answer."""
    return Nothing()


def as_json(text: str) -> object:
    """Parse what a command printed for programs."""
    return json.loads(text)
