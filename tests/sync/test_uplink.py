"""The way of a row from its commit to the platform, through real processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.sync.brokers import chosen
from tests.sync.house import HUB, House, house, until


async def test_a_live_alarm_reaches_the_platform_within_milliseconds(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        for number in range(1, 31):
            home.guard.commit("urgent")
            await until(lambda n=number: home.stored() == n)  # type: ignore[misc]
        await home.settled()
        events = home.platform.events()
        sent = home.guard.committed_ns
        took_ms = sorted(
            (e["arrived_mono_ns"] - sent[e["journal_id"], e["seq"]]) / 1e6 for e in events
        )
        assert took_ms[15] < 50.0, took_ms
        assert [e["historical"] for e in events] == [0] * 30
        assert [e["copies"] for e in events] == [1] * 30


async def test_a_backlog_arrives_historical_and_urgent_before_bulk(tmp_path: Path) -> None:
    async def start(home: House) -> None:
        await home.guard.start()
        home.link.start()
        for _ in range(10):
            home.guard.commit("bulk", 40)
            home.guard.commit("urgent", 2)
        await until(lambda: home.guard.reports and home.guard.reports[-1].urgent_waiting == 20)
        assert "refuses the connection" in home.guard.reports[-1].says.en
        home.broker.start()
        home.platform.start()

    async with house(tmp_path, start=start) as home:
        await home.settled()
        events = home.platform.events()
        assert len(events) == 420
        assert all(e["historical"] and e["queued_ms"] > 0 for e in events)
        first = {e["seq"] for e in events if e["lane"] == "urgent"}
        resent = {e["seq"] for e in events[:20] if e["lane"] == "urgent"}
        assert resent == first, "urgent rows were not the first"
        assert [e["seq"] for e in events[20:]] == sorted(e["seq"] for e in events[20:])


async def test_a_broker_restart_loses_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.guard.commit("urgent", 3)
        await home.settled()
        home.broker.stop()
        home.guard.commit("urgent", 3)
        home.guard.commit("bulk", 30)
        await until(lambda: not home.guard.reports[-1].connected)
        home.broker.start()
        await home.settled()
        events = home.platform.events()
        assert sorted(e["seq"] for e in events) == list(range(1, 37))
        assert all(e["historical"] for e in events if e["seq"] > 3)
        assert home.platform.hub(HUB)["reason"] == "reconnected"


async def test_a_mute_platform_gets_the_alarm_again_and_then_confirms_it(tmp_path: Path) -> None:
    async with house(tmp_path, options=("--mute",)) as home:
        home.guard.commit("urgent")
        await until(lambda: home.stored() == 1)
        assert home.guard.cursor("urgent") == 0
        home.platform.stop()
        home.platform.start()
        await until(lambda: home.guard.cursor("urgent") == 1, 15)  # Due again after 8 s.
        assert home.platform.events(seq=1)[0]["copies"] >= 2


async def test_a_platform_that_restarts_gets_the_alarm_within_seconds(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.platform.stop()
        home.guard.commit("urgent")
        await until(lambda: home.guard.reports and home.guard.reports[-1].sent)
        home.platform.start()
        # Where the broker does not say that nobody listens, the event is due again after 8 s.
        await until(lambda: home.guard.cursor("urgent") == 1, 6 if chosen().says_unheard else 12)


async def test_a_killed_link_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, options=("--ack-delay-ms", "200")) as home:
        for _ in range(6):
            home.guard.commit("urgent", 2)
            home.guard.commit("bulk", 300)
            await until(lambda: home.stored() > 0)
            home.link.stop(signal.SIGKILL)
            home.link.start()
        await home.settled()
        events = home.platform.events()
        assert sorted(e["seq"] for e in events) == list(range(1, 6 * 302 + 1))


async def test_the_will_says_that_a_killed_hub_is_gone(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.link.stop(signal.SIGKILL)
        await until(lambda: home.platform.hub(HUB)["state"] == "offline")
        assert home.platform.hub(HUB)["reason"] == "lost"


async def test_a_hub_that_hangs_is_found_silent(tmp_path: Path) -> None:
    async with house(tmp_path, options=("--silent-s", "2")) as home:
        os.kill(home.link.pid, signal.SIGSTOP)
        try:
            await until(lambda: home.platform.hub(HUB)["silent"])
            assert home.platform.hub(HUB)["state"] == "online"
        finally:
            os.kill(home.link.pid, signal.SIGCONT)


async def test_link_stays_small(tmp_path: Path) -> None:
    async with house(tmp_path, extra="tls = false\nbulk_rows_per_s = 100000.0") as home:
        home.guard.commit("bulk", 5_000)
        await home.settled()
        assert home.link.resident_kb() <= 45 * 1024


async def test_sigterm_ends_in_good_order(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        assert home.link.stop() == 0
        await until(lambda: home.platform.hub(HUB)["state"] == "offline")
        assert home.platform.hub(HUB)["reason"] == "stopped"


async def test_guard_may_go_and_come_back(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.guard.stop()
        home.guard.commit("urgent", 2, tell=False)
        await home.guard.start()
        await home.settled()
        assert home.stored() == 2


async def test_a_second_journal_file_is_followed_and_the_first_one_drained(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.guard.commit("urgent", 2)
        await home.settled()
        home.guard.commit("bulk", 2, tell=False)
        home.guard.add_journal("0000bbbb")
        home.guard.commit("urgent", 2)
        await home.settled("0000bbbb")
        await home.settled("0000aaaa")
        assert home.stored(journal_id="0000bbbb") == 2
        assert home.stored(journal_id="0000aaaa") == 4


async def test_rows_that_cannot_be_sent_are_set_aside_and_block_nobody(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.guard.commit("urgent", body='{"text": "' + "x" * 300_000 + '"}')
        home.guard.commit("urgent", body="not json")
        home.guard.commit("urgent", body=b"\x00\x01")
        home.guard.run_sql(
            "0000aaaa", "UPDATE journal SET body = CAST(x'ff' AS TEXT) WHERE seq = 3"
        )
        home.guard.commit("bulk", body="[1]")
        home.guard.commit("urgent")
        await until(lambda: home.guard.cursor("urgent") == 5)
        await until(lambda: home.guard.cursor("bulk") == 4)
        found = {e["seq"]: e["set_aside"] for e in home.platform.events()}
        assert found == {1: "oversize", 2: "not_json", 3: "not_json", 4: "not_json", 5: None}
        audits = [a for a in home.guard.audits if a.what == "row.set_aside"]
        assert audits


async def test_busy_events_come_again_and_rejected_ones_are_audited(tmp_path: Path) -> None:
    async with house(tmp_path, options=("--busy", "1", "--reject", "alarm.closed")) as home:
        home.guard.commit("urgent")
        home.guard.commit("urgent", kind="alarm.closed")
        await until(lambda: home.stored() == 2)
        assert home.guard.cursor("urgent") == 0
        await until(lambda: home.guard.cursor("urgent") == 2, 15)
        await until(lambda: any(a.what == "row.rejected" for a in home.guard.audits))
