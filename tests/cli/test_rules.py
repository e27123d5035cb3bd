"""`anju rules`: the real program over real files, with no hub running."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent.core.alarm import RuleId
from agent.core.device import DeviceId
from agent.core.reading import Quantity
from local_rules.catalog import book
from local_rules.engine import StateKey
from local_rules.snapshot import dump
from tests.agent.quick_journal import JOURNAL_ID, append, new_journal, put
from tests.cli.hub import Ended, anju
from tests.local_rules.kit import Home, says

HEAD = "time,device,quantity,value\n"
MAP = (
    '[devices.M1]\nkind = "motion"\nroom = "bedroom"\n[devices.D1]\nkind = "contact"\n'
    'room = "entry"\n[devices.T1]\nkind = "climate"\nroom = "living room"\n'
)


class Hub:
    """A hub's folder and configuration, with nothing running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "anju.toml"
        self.write()

    def write(self, more: str = "") -> None:
        """Write the configuration, with more to it."""
        hub = f'[hub]\nid = "hub-1"\ndata_dir = "{self.folder}"\nruntime_dir = "{self.folder}"\n'
        self.config.write_text(hub + more, encoding="utf-8")

    def file(self, name: str, text: str) -> str:
        """Write a file and return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def anju(self, *words: str, **environment: str) -> Ended:
        """Run one command."""
        return anju("rules", *words, "--config", str(self.config), **environment)

    def json(self, *words: str) -> Any:
        """Return what a command prints for programs."""
        ended = self.anju(*words, "--json")
        assert ended.code == 0, ended.err
        return json.loads(ended.out)


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path)


def without_a_hub(folder: Path, *words: str) -> Ended:
    """Run a command where there is no configuration at all."""
    return anju("rules", *words, ANJU_CONFIG=str(folder / "none.toml"))


# --- list and show --------------------------------------------------------------------------------


def test_without_a_hub_the_table_is_listed(tmp_path: Path) -> None:
    en = without_a_hub(tmp_path, "list", "--lang", "en")
    zh = without_a_hub(tmp_path, "list", "--lang", "zh")
    assert (en.code, zh.code) == (0, 0), en.err
    assert "the numbers of the safety table" in en.out
    assert "long" not in en.err
    assert "长时间未活动" in zh.out
    named = anju("rules", "list", "--config", str(tmp_path / "none.toml"))
    assert named.code == 2, "a file that was named must be there"


def test_what_holds_here_is_table_city_profiles_site_and_platform(hub: Hub) -> None:
    hub.write('[rules]\ncity = "anji"\nprofiles = ["fall_risk"]\noff = ["heat"]\n')
    path = new_journal(hub.folder)
    held = {"version": 4, "seen": 4, "body": '{"cold": {"hold_s": "2 h"}}'}
    empty = {"version": 0, "seen": 0, "body": "{}"}
    site = {"held": {"config": empty, "rules": held, "identity": empty}, "trial": None, "serial": 1}
    put(path, "setting", "site", json.dumps(site))
    found = hub.json("list")
    by_id = {rule["id"]: rule for rule in found["rules"]}
    assert (found["ground"], found["version"], found["city"]) == ("hub", 4, "anji")
    assert by_id["heat"]["off_by"] == "site"
    for rule, name, layer, value in (
        ("cold", "hold_s", "platform", 7200),
        ("bed_exit", "within_s", "profile", 600),
        ("no_water", "limit_s", "city", 86_400),
        ("smoke", "rearm_s", "table", 600),
    ):
        parameter = by_id[rule]["parameters"][name]
        assert (parameter["layer"], parameter["value"]) == (layer, value)
    shown = hub.anju("show", "cold", "--lang", "en")
    assert "hold_s = 7200 s (2 h)" in shown.out
    assert "chosen by platform, 10800 s (3 h) in the table" in shown.out
    assert hub.json("show", "cold")["number"] == 29
    listed = hub.anju("list", "--lang", "zh").out
    assert "hold_s 7200 s (2 小时) [平台]" in listed
    assert "[fall_risk]" in listed


@pytest.mark.parametrize("kept", ["{", "{}", '{"held": 5}'])
def test_wishes_that_cannot_be_read_are_left_out_as_guard_does(hub: Hub, kept: str) -> None:
    put(new_journal(hub.folder), "setting", "site", kept)
    assert hub.json("list")["version"] == 0


def test_a_wish_that_this_release_does_not_take_is_left_out_too(hub: Hub) -> None:
    held = {"version": 4, "seen": 4, "body": '{"tuned": {"smoke.gone_s": 5}}'}
    site = {
        "held": dict.fromkeys(("config", "rules", "identity"), held),
        "trial": None,
        "serial": 1,
    }
    put(new_journal(hub.folder), "setting", "site", json.dumps(site))
    assert hub.json("list")["version"] == 0


def test_a_rule_is_shown_whole_in_both_languages(hub: Hub) -> None:
    en, zh = hub.anju("show", "sos", "--lang", "en"), hub.anju("show", "sos", "--lang", "zh")
    for said in ("sos (no. 1)", "L1: At once", "A person resolves it.", "hard range"):
        assert said in en.out
    for said in ("第 1 号", "立即：警号", "由人员处置后关闭", "范围"):
        assert said in zh.out
    assert "whatever a device says" in hub.anju("show", "device_silent", "--lang", "en").out
    hub.write('[rules]\nprofiles = ["frail"]\n')
    assert "no (profile)" in hub.anju("show", "door_unused", "--lang", "en").out


def test_an_unknown_rule_is_answered_with_those_that_look_like_it(hub: Hub) -> None:
    ended = hub.anju("show", "smok", "--lang", "en")
    assert ended.code == 1
    assert "There is no rule smok: wanted one of smoke" in ended.err


# --- check ----------------------------------------------------------------------------------------


def test_a_right_file_says_what_it_would_change(hub: Hub) -> None:
    file = hub.file("r.toml", 'version = 2\ncity = "anji"\n[rules.heat]\nlimit = "29 °C"\n')
    en = hub.anju("check", file, "--lang", "en")
    assert "right. Version 2, city anji" in en.out
    assert "heat.limit = 29 °C, 30 °C in the table (site file)" in en.out
    assert "no_water.limit_s = 86400 s (24 h)" in en.out
    found = hub.json("check", file)
    assert found["values"] == {"no_water.limit_s": 86_400.0, "heat.limit": 29.0}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[rules.smok]\n", ":1: [rules] 'smok' is not a rule"),
        ("[rules.heat]\nlimit = 99\n", ":2: [rules.heat] limit = 99 is outside"),
        ("[rules.heat]\nlimit = 29\n[rules.heat]\nlimit = 29\n", "line 3"),
        ('[rules]\noff = ["gas"]\n', ":2: [rules] off = 'gas' is refused"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line_in_one_line(hub: Hub, text: str, says: str) -> None:
    file = hub.file("r.toml", text)
    en, zh = (hub.anju("check", file, "--lang", language) for language in ("en", "zh"))
    assert (en.code, zh.code, en.out) == (2, 2, "")
    assert says in en.err
    assert len(en.err.splitlines()) == 1
    assert file in zh.err


def test_a_change_that_would_forget_a_hold_of_this_hub_is_refused(hub: Hub) -> None:
    path = new_journal(hub.folder)
    home, smoke = Home(book()), DeviceId("zb:1")
    for value in (True, False):  # It stands, and the clear hold runs.
        home.take(says(Quantity.SMOKE, value, 5.0, device=smoke))
    held = dump(home.state, StateKey(RuleId("smoke"), smoke), home.book)
    put(path, "rule_state", "smoke/zb:1", held)
    put(path, "alarm", "x", "damaged")
    file = hub.file("r.toml", '[rules.smoke]\nclear_hold_s = "5 min"\n')
    ended = hub.anju("check", file, "--lang", "en")
    assert ended.code == 1
    assert "cannot hold now: rule smoke is in the middle of a hold for zb:1" in ended.err
    assert hub.anju("check", hub.file("o.toml", "[rules.heat]\nlimit = 29\n")).code == 0


# --- explain --------------------------------------------------------------------------------------


def alarm_body(number: int, **other: Any) -> dict[str, Any]:
    """Return the body of an alarm's row."""
    why = {
        "zh": "厨房漏水",
        "en": "water in the kitchen",
        "device": "zb:1",
        "limit": "true for 10 s",
    }
    body = {"id": f"{JOURNAL_ID}-{number}", "rule": "water_leak", "severity": "S2", "why": why}
    return {**body, "state": "ACTIVE", "subject": "zb:1", "drill": False, **other}


def test_an_alarm_is_explained_from_the_journal(hub: Hub) -> None:
    path = new_journal(hub.folder)
    append(path, "reading", {"quantity": "temp_c", "value": 20}, device="zb:1")
    append(path, "reading", {"quantity": "water_leak", "value": True}, device="zb:2")
    append(path, "reading", {"quantity": "water_leak", "value": True}, device="zb:1")
    alarm = f"{JOURNAL_ID}-4"
    append(path, "alarm.raised", alarm_body(4), lane="urgent")
    asked = {"key": f"{alarm}/1/siren_on/zb:9", "alarm": alarm, "actuation": "siren_on"}
    append(path, "actuation.asked", asked, device="zb:9")
    append(path, "actuation.done", {"key": asked["key"], "actuation": "siren_on"}, device="zb:9")
    append(path, "command", {"command": "alarm.ack", "alarm": alarm, "by": "cli:son"})
    append(path, "alarm.closed", alarm_body(4, state="CLOSED", cause="mopped"), lane="urgent")
    append(path, "alarm.raised", alarm_body(9, rule="gone_rule"), lane="urgent")
    en, zh = (hub.anju("explain", "4", "--lang", language) for language in ("en", "zh"))
    assert (en.code, zh.code) == (0, 0), en.err
    for said in ("water in the kitchen", "true for 10 s", "L2: Push", "mopped", "cli:son", "siren"):
        assert said in en.out
    for said in ("厨房漏水", "第 7 号", "证据（前后 30 分钟）", "已结束"):
        assert said in zh.out
    found = hub.json("explain", "4")
    assert [one["row"] for one in found["evidence"]] == [f"{JOURNAL_ID}-3"]
    assert [one["kind"] for one in found["timeline"]] == [
        "alarm.raised",
        "actuation.asked",
        "actuation.done",
        "command",
        "alarm.closed",
    ]
    assert found["rule"]["number"] == 7
    latest = hub.anju("explain", "last", "--lang", "en")
    assert "gone_rule (not a rule of this release)" in latest.out
    assert hub.json("explain", "last")["rule"] is None


def test_an_alarm_that_is_not_there_is_said_to_be_none(hub: Hub) -> None:
    assert hub.anju("explain", "last").code == 1  # No journal at all.
    path = new_journal(hub.folder)
    append(path, "reading", {"quantity": "temp_c", "value": 20})
    assert "tells of no alarm" in hub.anju("explain", "last", "--lang", "en").err
    append(path, "alarm.raised", alarm_body(2), lane="urgent")
    assert hub.anju("explain", "77").code == 1
    assert hub.anju("explain", "last", "--file", str(path)).code == 0


# --- replay ---------------------------------------------------------------------------------------


def month(days: int = 3) -> str:
    """Return a table of some days: motion by day, a warm afternoon each day."""
    lines = []
    for day in range(days):
        for hour in range(7, 22):
            at_s = 1_793_491_200 - 8 * 3600 + day * 86_400 + hour * 3600
            lines.append(f"{at_s},M1,motion,on\n{at_s + 30},D1,contact_open,{hour % 2}\n")
            lines.append(f"{at_s + 60},T1,temp_c,{31 if 12 <= hour < 17 else 22}\n")
    return HEAD + "".join(lines)


def test_a_table_is_replayed_and_the_json_says_what_is_promised(hub: Hub) -> None:
    csv, mapped = hub.file("h.csv", month()), hub.file("m.toml", MAP)
    ended = hub.anju("replay", "--csv", csv, "--map", mapped, "--json")
    again = hub.anju("replay", "--csv", csv, "--map", mapped, "--json")
    assert ended.out == again.out, "the same trace, the same text"
    found = json.loads(ended.out)
    assert found["days"] == pytest.approx(2.584, abs=0.001)
    heat = [alarm for alarm in found["alarms"] if alarm["rule"] == "heat"]
    assert [alarm["at"] for alarm in heat] == [f"2026-11-0{n}T15:01:00+08:00" for n in (1, 2, 3)]
    assert heat[0]["severity"] == "S3"
    assert heat[0]["why"]["zh"]
    assert found["per_30_days"]["rule"]["heat"] == pytest.approx(3 * 30 / 2.584, abs=0.1)
    assert found["rooms"]["entry"] == "entry"
    assert found["unmapped"] == {}
    people = hub.anju("replay", "--csv", csv, "--map", mapped, "--lang", "zh")
    assert "家庭日" in people.out
    assert "heat" in people.out


def test_silence_goes_on_as_long_as_was_asked(hub: Hub) -> None:
    shut = month(1).replace("contact_open,1", "contact_open,0")  # Nobody leaves.
    csv, mapped = hub.file("h.csv", shut), hub.file("m.toml", MAP)
    until = hub.json("replay", "--csv", csv, "--map", mapped, "--until", "2026-11-02 12:00")
    last = [alarm for alarm in until["alarms"] if alarm["rule"] == "inactivity"]
    assert len(last) == 1
    assert until["days"] == pytest.approx(29 / 24, abs=0.01)
    quiet = hub.json("replay", "--csv", csv, "--map", mapped)
    assert not [alarm for alarm in quiet["alarms"] if alarm["rule"] == "inactivity"]
    first = hub.json("replay", "--csv", csv, "--map", mapped, "--to", "2026-11-01T09:30:00")
    assert first["readings"] == 9
    later = hub.json("replay", "--csv", csv, "--map", mapped, "--from", "2026-11-01T20:30:00")
    assert later["readings"] == 3


def test_a_bad_line_is_refused_with_its_number_or_counted(hub: Hub) -> None:
    csv = hub.file("h.csv", month(1) + "nonsense\n")
    ended = hub.anju("replay", "--csv", csv, "--lang", "en")
    assert ended.code == 2
    assert f"{csv}:47: 'nonsense': wanted time,device,quantity,value" in ended.err
    found = hub.json("replay", "--csv", csv, "--lenient")
    assert (found["bad_lines"], found["bad"][0]["line"]) == (1, 47)
    assert found["unmapped"] == {"D1": 15, "M1": 15, "T1": 15}
    told = hub.anju("replay", "--csv", csv, "--lenient", "--lang", "en").out
    assert "1 bad lines are left out: 47" in told
    assert "Nothing says where these devices are: D1, M1, T1." in told


def test_two_versions_of_the_rules_are_compared(hub: Hub) -> None:
    csv, mapped = hub.file("h.csv", month()), hub.file("m.toml", MAP)
    hotter = hub.file("hot.toml", '[rules.heat]\nlimit = "32 °C"\n')
    sooner = hub.file("soon.toml", '[rules.heat]\nhold_s = "1 h"\n')
    found = hub.json("replay", "--csv", csv, "--map", mapped, "--against", hotter)["against"]
    assert [alarm["rule"] for alarm in found["only_here"]] == ["heat"] * 3
    assert found["only_there"] == found["moved"] == []
    found = hub.json(
        "replay", "--csv", csv, "--map", mapped, "--rules", sooner, "--against", hotter
    )
    assert len(found["against"]["only_here"]) == 3
    earlier = hub.file(
        "earlier.json", hub.anju("replay", "--csv", csv, "--map", mapped, "--json").out
    )
    found = hub.json(
        "replay", "--csv", csv, "--map", mapped, "--rules", sooner, "--against", earlier
    )["against"]
    assert len(found["moved"]) == 3
    people = hub.anju("replay", "--csv", csv, "--map", mapped, "--against", hotter, "--lang", "en")
    assert "3 only here (+)" in people.out
    assert "+ 2026-11-01T15:01:00+08:00 S3 heat" in people.out


def test_two_residents_are_told_by_the_map(hub: Hub) -> None:
    csv = hub.file("h.csv", month(1))
    found = hub.json("replay", "--csv", csv, "--map", hub.file("m.toml", "residents = 2\n" + MAP))
    assert found["profiles"] == ["two_residents"]
    assert "bathroom_dwell" in found["off"]


def test_the_hubs_own_journal_is_replayed_by_what_holds_here(hub: Hub) -> None:
    hub.write("[rules.heat]\nlimit = 28\nhold_s = 3600\n")
    path = new_journal(hub.folder)
    for _ in range(3):
        append(path, "reading", {"quantity": "temp_c", "value": 28.5}, device="zb:1")
    until = "2026-11-25"
    by_rule = {alarm["rule"] for alarm in hub.json("replay", "--until", until)["alarms"]}
    assert "heat" in by_rule
    other = hub.json("replay", "--journal", str(path), "--until", until)
    assert "heat" not in {alarm["rule"] for alarm in other["alarms"]}, "another's: by the table"
    export = hub.file("e.ndjson", anju("journal", "export", "--config", str(hub.config)).out)
    assert hub.json("replay", "--export", export, "--until", until) == other


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--csv", "a", "--export", "b"), "wanted one of them"),
        (("--csv", "{folder}/none.csv"), "cannot be read"),
        (("--csv", "{folder}/h.csv", "--map", "{folder}/none.toml"), "cannot be read"),
        (("--csv", "{folder}/h.csv", "--rules", "{folder}/none.toml"), "cannot be read"),
        (("--csv", "{folder}/h.csv", "--against", "{folder}/none.toml"), "cannot be read"),
        (("--csv", "{folder}/h.csv", "--against", "{folder}/bad.json"), "not JSON"),
        (("--csv", "{folder}/h.csv", "--against", "{folder}/odd.json"), "not the JSON of a replay"),
        (("--csv", "{folder}/h.csv", "--from", "noon"), "not a time"),
        (("--journal", "{folder}/none.db"), "no such file"),
        (("--journal", "{folder}/h.csv"), "not a database"),
        (("--export", "{folder}/h.csv"), "not an export"),
    ],
)
def test_what_cannot_be_replayed_is_said_in_one_line(
    hub: Hub, words: tuple[str, ...], says: str
) -> None:
    hub.file("h.csv", month(1))
    hub.file("bad.json", "{")
    hub.file("odd.json", "{}")
    ended = hub.anju("replay", *(word.format(folder=hub.folder) for word in words), "--lang", "en")
    assert ended.code == 2
    assert says in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_long_table_is_streamed(hub: Hub) -> None:
    """A year of readings does not lie in memory: a pipe that cannot be read twice is enough."""
    pipe = hub.folder / "pipe.csv"
    os.mkfifo(pipe)
    pid = os.fork()
    if pid == 0:
        with pipe.open("w") as stream:
            stream.write(month(20))
        os._exit(0)
    found = hub.json("replay", "--csv", str(pipe))
    os.waitpid(pid, 0)
    assert found["readings"] == 20 * 45
