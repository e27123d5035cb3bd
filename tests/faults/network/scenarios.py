"""What happens to a home's uplink, one function each, and the table of them.

A scenario spoils something, lets it heal, waits until all is sent, and returns what the judge says
and what it measured. All random moments come from the generator that is passed in.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from sync import limits
from sync.messages import Topics
from tests.faults.network.home import JOURNAL, Home, home
from tests.faults.network.judge import Evidence, evidence_of, first_alarms_ms, judge
from tests.faults.network.outcome import Facts, Outcome, Play
from tests.faults.network.proxy import Cut
from tests.faults.network.real import never_had_an_uplink
from tests.sync.house import DISTRICT, HUB, Mosquitto, until

TOPICS = Topics(DISTRICT, HUB)
FIRST_ALARM_MS = 3000
"""The first alarm is at the platform so soon after a line came up: a bound for a loaded machine."""

HOLE_S = 15.0
GIVEN_UP_S = limits.PUBACK_S + limits.CONNECT_S + 5.0
"""A line that swallows everything is given up, and the next one carries, within this time."""

Scenario = Callable[[Play], Awaitable[Outcome]]


# --- the line -------------------------------------------------------------------------------------


async def random_cuts(play: Play) -> Outcome:
    """The line is cut at random moments, with resets and with ends, while rows are written."""
    async with home(play.folder) as found:
        cut = 0
        deadline = time.monotonic() + 20.0 + 3.0 * play.cuts
        while cut < play.cuts and time.monotonic() < deadline:
            await found.load(play.rng, play.rng.uniform(0.02, 0.4))
            cut += found.proxy.cut(play.rng.choice((Cut.RST, Cut.FIN)))
        await found.settled()
        faults = [] if cut >= play.cuts else [f"only {cut} of {play.cuts} cuts were made"]
        return finish("random_cuts", found, faults, cuts=cut)


async def truncation(play: Play) -> Outcome:
    """The line ends within a packet, on the way up and on the way down."""
    async with home(play.folder) as found:
        for _ in range(max(play.cuts // 3, 3)):
            way = play.rng.choice((found.proxy.up, found.proxy.down))
            before = found.proxy.accepted
            way.left = play.rng.randint(1, 3000 if way is found.proxy.up else 60)
            found.guard.commit("urgent", 2)
            found.guard.commit("bulk", 30)
            await found.load(play.rng, 0.1)
            await until(lambda b=before: found.proxy.accepted > b or _spared(found))  # type: ignore[misc]
            found.proxy.heal()
        await found.settled()
        return finish("truncation", found)


def _spared(found: Home) -> bool:
    """Whether everything fitted before the cut, so that there was none."""
    done = all(
        found.guard.cursor(lane) >= found.guard.last_seq(JOURNAL, lane)
        for lane in ("urgent", "bulk")
    )
    if done:
        found.guard.commit("urgent")
    return False


async def black_hole(play: Play) -> Outcome:
    """No byte passes for a quarter of a minute, and nobody is told; then all goes on."""
    async with home(play.folder) as found:
        found.guard.commit("urgent", 2)
        await found.settled()
        found.proxy.up.hold = found.proxy.down.hold = True
        began_s = time.monotonic()
        await found.load(play.rng, HOLE_S)
        found.proxy.heal()
        healed_s = time.monotonic()
        alarm = found.guard.commit("urgent")[0]
        await until(lambda: found.platform.events(seq=alarm), 30)
        alarm_s = time.monotonic() - healed_s
        await found.settled()
        faults = [] if alarm_s < 5.0 else [f"the alarm after the hole took {alarm_s:.1f} s"]
        held_s = round(healed_s - began_s, 1)
        return finish("black_hole", found, faults, held_s=held_s, alarm_s=round(alarm_s, 2))


async def half_open(play: Play) -> Outcome:
    """For a quarter of a minute the line takes everything and gives nothing, without an end."""
    async with home(play.folder) as found:
        found.guard.commit("urgent", 2)
        await found.settled()
        which = play.rng.choice(("up", "down", "both"))
        found.proxy.up.swallow = which in ("up", "both")
        found.proxy.down.swallow = which in ("down", "both")
        alarm = found.guard.commit("urgent")[0]
        await found.load(play.rng, HOLE_S)
        found.proxy.heal()
        await until(lambda: found.platform.events(seq=alarm), 60)
        came_ns = int(found.platform.events(seq=alarm)[0]["arrived_mono_ns"])
        alarm_s = (came_ns - found.guard.committed_ns[JOURNAL, alarm]) / 1e9
        await found.settled()
        directions = ("up", "down", "both").index(which)
        faults = (
            [] if alarm_s < GIVEN_UP_S else [f"swallowed {which}: the alarm took {alarm_s:.1f} s"]
        )
        return finish("half_open", found, faults, way=directions, alarm_s=round(alarm_s, 1))


async def throttle(play: Play) -> Outcome:
    """Two kilobytes a second, a backlog behind it, and an alarm that may not wait for its end."""
    return await _throttled("throttle", play, trace_bytes=40, alarm_within_s=10.0)


async def throttle_dense(play: Play) -> Outcome:
    """The same with rows that do not compress."""
    return await _throttled("throttle_dense", play, trace_bytes=2000, alarm_within_s=25.0)


async def _throttled(name: str, play: Play, *, trace_bytes: int, alarm_within_s: float) -> Outcome:
    async with home(play.folder, idle=True) as found:
        for _ in range(500):
            found.guard.commit("bulk", 4, body=_dense(play.rng, trace_bytes), tell=False)
        found.broker.start()
        found.platform.start()
        found.proxy.up.bytes_per_s = 2000
        found.link.start()
        await until(lambda: found.platform.events(lane="bulk"), 90, "the first bulk rows")
        alarms_ms: list[int] = []
        for _ in range(2):
            began_s = time.monotonic()
            alarm = found.guard.commit("urgent")[0]
            await until(lambda a=alarm: found.platform.events(seq=a), 120, "the alarm")  # type: ignore[misc]
            alarms_ms.append(round((time.monotonic() - began_s) * 1000))
            await asyncio.sleep(play.rng.uniform(0.0, 1.0))
        behind = found.guard.last_seq(JOURNAL, "bulk") - found.guard.cursor("bulk")
        reconnects = len(found.proxy.ups) - 1
        found.proxy.heal()
        await found.settled()
        faults = [] if behind > 1000 else [f"only {behind} rows were behind: it proves nothing"]
        if max(alarms_ms) > alarm_within_s * 1000:
            faults.append(f"an alarm took {max(alarms_ms)} ms behind a slow line")
        if reconnects:
            faults.append(f"a slow line was given up {reconnects} times")
        return finish(name, found, faults, alarms_ms=alarms_ms, behind=behind)


def _dense(rng: random.Random, size: int) -> str:
    """Return a body that hardly compresses."""
    return json.dumps({"value": rng.random(), "trace": b64encode(rng.randbytes(size)).decode()})


# --- the broker -----------------------------------------------------------------------------------


async def broker_restarts(play: Play) -> Outcome:
    """The broker goes and comes, without a memory and with one."""
    faults: list[str] = []
    first_ms: list[int] = []
    for number, lines in enumerate(((), _persistent(play.folder))):
        async with home(play.folder / str(number), broker_lines=lines) as found:
            for _ in range(3):
                await found.load(play.rng, 0.5)
                found.broker.stop()
                found.guard.commit("urgent", 2)
                await found.load(play.rng, play.rng.uniform(0.6, 1.5))
                found.broker.start()
                await until(lambda: found.guard.reports[-1].connected, 20)
            await found.settled()
            outcome = finish("broker_restarts", found)
            faults += outcome.faults
            first_ms += outcome.facts["first_alarms_ms"]  # type: ignore[arg-type]
    return Outcome("broker_restarts", faults, {"first_alarms_ms": first_ms})


def _persistent(folder: Path) -> tuple[str, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    return ("persistence true", f"persistence_location {folder}/", "autosave_interval 1")


# --- the platform ---------------------------------------------------------------------------------


async def odd_acks(play: Play) -> Outcome:
    """Acknowledgements twice, in the wrong order, beyond what was sent and for a stranger."""
    async with home(play.folder, options=("--mute",)) as found:
        urgent = found.guard.commit("urgent", 6)
        bulk = found.guard.commit("bulk", 50)
        await until(lambda: len(found.platform.events()) == 56)
        faults: list[str] = []

        async def say(lane: str, through: int, seqs: list[int], journal: str = JOURNAL) -> None:
            alarms = [{"id": f"{journal}-{seq}", "status": "accepted"} for seq in seqs]
            ack = {"journal_id": journal, "lane": lane, "through_seq": through, "alarms": alarms}
            await asyncio.to_thread(tell, found.broker, TOPICS.ack, json.dumps(ack).encode())

        async def stands(lane: str, seq: int, why: str, audit: str = "") -> None:
            # An answer that comes after the others proves that those were taken.
            if audit:
                await until(lambda: audit in {a.what for a in found.guard.audits}, 20, audit)
            else:
                await until(lambda: found.guard.cursor(lane) >= seq, 20, why)
            if found.guard.cursor(lane) != seq:
                faults.append(f"{why}: the {lane} cursor is at {found.guard.cursor(lane)}")

        await say("urgent", bulk[-1] + 5, [])
        await stands("urgent", 0, "an ack beyond what was sent", "ack.beyond")
        await say("urgent", 1, [], "ffffffff")
        await stands("urgent", 0, "an ack for another journal", "ack.unknown_journal")
        await say("urgent", 0, [urgent[4], urgent[3]])
        await say("urgent", urgent[0], [])
        await stands("urgent", urgent[0], "words on later events do not jump a hole")
        for _ in range(3):
            await say("urgent", urgent[2], [urgent[2]])
        await stands("urgent", urgent[4], "the hole was filled")
        await say("urgent", urgent[0], [urgent[0]])
        await say("urgent", urgent[5], [])
        await stands("urgent", urgent[5], "an old ack moves nothing back")
        for through in (bulk[10], bulk[30], bulk[20], bulk[20]):
            await say("bulk", through, [])
        await stands("bulk", bulk[30], "bulk acks in the wrong order")
        found.platform.stop()
        found.platform.start()
        await found.load(play.rng, 0.3)
        await found.settled()
        return finish("odd_acks", found, faults)


async def lost_database(play: Play) -> Outcome:
    """The platform loses its database; what it confirmed once it gets again by pulling."""
    async with home(play.folder) as found:
        await found.load(play.rng, 1.5)
        await found.settled()
        lost = found.rows()
        found.platform.stop()
        for path in play.folder.glob("platform.db*"):
            path.unlink()
        found.platform.start()
        await until(lambda: (play.folder / "platform.db").exists())
        fresh = found.guard.commit("urgent", 2) + found.guard.commit("bulk", 20)
        await found.settled()
        pulled: set[int] = set()
        after = 0
        for page in range(20):
            rows = await _pull(found, f"p-{page}", after)
            pulled |= set(rows)
            if not rows:
                break
            after = max(rows)
        missing = sorted((lost.keys() | set(fresh)) - pulled)
        faults = [f"a pull did not give row {seq}" for seq in missing[:10]]
        evidence = evidence_of(found)
        kept = {seq: row for seq, row in evidence.rows.items() if seq not in lost}
        evidence.rows = kept
        faults += judge(evidence)
        return Outcome("lost_database", faults, {"rows": len(lost), "pulled": len(pulled)})


async def _pull(found: Home, name: str, after: int) -> list[int]:
    """Ask for everything after a seq; return the seqs that came."""
    now = time.clock_gettime(time.CLOCK_REALTIME)
    stamps = [
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + ahead)) for ahead in (-1.0, 60.0)
    ]
    body = {"request_id": name, "issued_at": stamps[0], "expires_at": stamps[1]}
    payload = json.dumps({**body, "params": {"after_seq": after}}).encode()
    await asyncio.to_thread(tell, found.broker, TOPICS.request("pull"), payload)
    await until(
        lambda: any(not r["more"] for r in found.platform.responses(name)), 20, f"answer {name}"
    )
    pages = [json.loads(r["body"]) for r in found.platform.responses(name)]
    return [event["seq"] for page in pages for event in page["events"]]


# --- link -----------------------------------------------------------------------------------------


async def killed_in_a_drain(play: Play) -> Outcome:
    """Link is killed several times while it drains a backlog."""
    kills = max(play.cuts // 6, 4)
    async with home(play.folder, options=("--ack-delay-ms", "150")) as found:
        for number in range(kills):
            found.guard.commit("bulk", 600)
            found.guard.commit("urgent", 12)
            stored = len(found.platform.events())
            await until(lambda n=stored: len(found.platform.events()) > n, 30)  # type: ignore[misc]
            await asyncio.sleep(play.rng.uniform(0.0, 0.5))
            found.link.stop(signal.SIGKILL)
            if number % 2:
                found.proxy.cut()
            found.link.start()
        await found.settled()
        return finish("killed_in_a_drain", found, kills=kills)


async def whole_hub(play: Play) -> Outcome:
    """A hub that never had an uplink is killed, and killed again (`real`)."""
    return await asyncio.to_thread(never_had_an_uplink, play)


# --- how it ends ----------------------------------------------------------------------------------


def finish(
    name: str, found: Home, faults: list[str] | None = None, **facts: float | list[int]
) -> Outcome:
    """Judge a home that has settled."""
    evidence = evidence_of(found)
    first_ms = first_alarms_ms(evidence)
    told = [*(faults or []), *judge(evidence)]
    if first_ms and max(first_ms) > FIRST_ALARM_MS and not name.startswith("throttle"):
        told.append(f"a line was up for {max(first_ms)} ms before its first alarm arrived")
    return Outcome(name, told, {**_counts(evidence), "first_alarms_ms": first_ms, **facts})


def _counts(evidence: Evidence) -> Facts:
    copies = sum(event.copies for event in evidence.arrived)
    return {
        "rows": len(evidence.rows),
        "copies_over": copies - len(evidence.arrived),
        "ups": len(evidence.ups_ms),
    }


def tell(broker: Mosquitto, topic: str, payload: bytes) -> None:
    """Publish as a stranger would."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        client.publish(topic, payload, qos=1).wait_for_publish(5)
    finally:
        client.disconnect()
        client.loop_stop()


SCENARIOS: dict[str, Scenario] = {
    "random_cuts": random_cuts,
    "truncation": truncation,
    "black_hole": black_hole,
    "half_open": half_open,
    "throttle": throttle,
    "throttle_dense": throttle_dense,
    "broker_restarts": broker_restarts,
    "odd_acks": odd_acks,
    "lost_database": lost_database,
    "killed_in_a_drain": killed_in_a_drain,
    "never_had_an_uplink": whole_hub,
}
