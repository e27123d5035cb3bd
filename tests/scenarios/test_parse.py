"""The language of plays: what it says, what it refuses and how, and that nothing breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.alarm import Severity
from agent.core.reading import Quantity
from tests.scenarios import header, page, phrases, words
from tests.scenarios.parse import parse
from tests.scenarios.play import Change, Expect, Fact, Place, Play, PlayError, Quiet, Tell

HERE = Path(__file__).parent
HEAD = "play: t\nbegins: 2026-03-14 22:30\nalso: thermometer in bedroom\n"


def read(body: str, head: str = HEAD) -> Play:
    return parse("t.play", head + body)


def test_a_line_is_an_event_at_a_second() -> None:
    step = read("22:41 motion in bedroom").steps[0]
    assert step.at_s == 11 * 60
    assert step.what == Tell(Place("motion", "卧室"), (Fact(Quantity.MOTION, True),), 60)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("22:41 motion in bedroom", "22:41 卧室有人活动"),
        ("+3 min door opens", "+3 分钟后 开门"),
        ("next day 00:10 temperature -3.5 °C", "第二天 00:10 温度 -3.5 度"),
        ("2 days later 07:00 cord pulled", "2 天后 07:00 拉动拉绳"),
        ("every 20 min until 23:30 motion in kitchen", "每 20 分钟直到 23:30 厨房有人活动"),
        ("nothing until 23:00", "平静到 23:00"),
        ("wait 2 h", "等待 2 小时"),
        ("drill: smoke", "演练：冒烟"),
        ("clock jumps -2 h", "时钟跳变 -2 小时"),
        ("smoke alarm tampered with", "烟感被拆动"),
        ("motion sensor in kitchen falls silent", "厨房人体红外失联"),
        (
            'expect S2 bathroom dwell between 23:40 and 23:44 because "1 h"',
            "应报警 S2 卫生间滞留 23:40 到 23:44 因为“1 h”",
        ),
        ("expect S1 smoke in kitchen at once", "应报警 S1 厨房smoke 立即"),
        ("expect sos again by 07:30", "应再次报警 sos 07:30 前"),
        ("expect inactivity to end within 5 min", "应解除 inactivity 5 分钟内"),
        ("expect S3 inactivity to ask at 23:00", "应先询问 S3 inactivity 在 23:00"),
        ("expect sos acknowledged", "应 sos 已签收"),
        ("expect no smoke", "应无 smoke"),
        ("expect smoke blind", "应失明 smoke"),
        ("expect siren sounding", "应响警号"),
        ("expect presence away", "应判为外出"),
        ("expect refusal", "应被拒绝"),
    ],
)
def test_english_and_chinese_say_the_same(english: str, chinese: str) -> None:
    assert read(english).steps == read(chinese).steps


def test_a_window_over_midnight_ends_on_the_next_day() -> None:
    expect = read("23:50 door opens\nexpect S3 door_open between 23:58 and 00:02").steps[1].what
    assert isinstance(expect, Expect)
    assert (expect.from_s, expect.to_s) == (88 * 60, 92 * 60)
    assert (expect.change, expect.severity) == (Change.RAISED, Severity.S3)


def test_days_like_this_follow_each_other() -> None:
    body = "2 days like this\n  08:00 motion in kitchen\n  23:00 motion in bedroom\nend of day"
    assert [step.at_s / 3600 for step in read(body).steps] == [9.5, 24.5, 33.5, 48.5]


def test_nothing_is_a_claim_as_well_as_a_wait() -> None:
    steps = read("nothing for 2 h\nmotion in kitchen").steps
    assert steps[0].what == Quiet(7200)
    assert steps[-1].at_s == 7200


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        ("22:41 motion in kichen", 4, "Did you mean"),
        ("22:41 motion", 4, "which one"),
        ("22:41 motion in balcony", 4, "also: motion sensor in balcony"),
        ("22:41 door opens\n22:40 door closes", 5, "next day 22:40"),
        ("25:00 door opens", 4, "00:00 to 23:59"),
        ("expect S2 bathrom dwell at 23:00", 4, "Did you mean"),
        ("expect S2 bathroom dwell", 4, "wanted as"),
        ("expect S1 smoke at once because 'x'", 4, "wanted as"),
        ("3 days like this\n22:40 door opens", 4, "end of day"),
        ("801 days like this\nend of day", 4, "at most 800"),
        ("every 0 s until 23:00 door opens", 4, "a second or more"),
        ("daughter acknowledges the smoke", 4, "something that happens"),
        ("999 days later 08:00 door opens", 4, "at most 800"),
    ],
)
def test_a_line_that_is_not_clear_is_refused_with_the_next_step(
    body: str, line: int, says: str
) -> None:
    with pytest.raises(PlayError) as caught:
        read(body)
    assert str(caught.value).startswith(f"t.play:{line}: got ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("play: t\n", "begins: 2026"),
        ("begins: 2026-02-30 08:00\n", "Correct the date"),
        ("begins: 1970-01-01 08:00\n", "from 2025 on"),
        ("begins: 2026-03-14 08:00\nalso: sofa in bedroom\n", "one of motion sensor"),
        ("begins: 2026-03-14 08:00\nalso: light\n", "a thing and its room"),
        ("begins: 2026-03-14 08:00\nset: sos.nothing = 3\n", "is not a parameter"),
        ("begins: 2026-03-14 08:00\nset: fall.rearm_s = 3\n", "outside the safety limits"),
        ("begins: 2026-03-14 08:00\nset: everything\n", "RULE.PARAMETER"),
        ("begins: 2026-03-14 08:00\noff: smoke\n", "cannot be turned off"),
        ("begins: 2026-03-14 08:00\noff: smok\n", "the name of a rule"),
        ("begins: 2026-03-14 08:00\nclock: late\n", "known or unknown"),
        ("begins: 2026-03-14 08:00\ncity: Paris\n", "one of Shanghai"),
        ("begins: 2026-03-14 08:00\nprofile: young\n", "one of independent"),
        ("begins: 2026-03-14 08:00\nset: city.x = 3\n", "RULE.PARAMETER"),
        ("begins: 2026-03-14 08:00\nset: fall.rearm_s = 3 kg\n", "safety table allows"),
    ],
)
def test_a_head_that_is_not_clear_is_refused(head: str, says: str) -> None:
    with pytest.raises(PlayError) as caught:
        read("08:00 button pressed\n", head)
    assert says in str(caught.value)


WORDS = [
    *("expect", "应", "S2", "at", "by", "until", "every", "+", "-", "3", "min", "23:10", "99:99"),
    *("next day", "days like this", "end of day", "nothing", "because", '"', ":", "：", "{n}"),
    *(one.en for one in words.ROOMS),
    *(saying.words.zh for saying in words.SAYINGS),
    *(saying.words.en for saying in words.SAYINGS),
    *phrases.rules(),
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)), st.booleans())
def test_whatever_is_written_is_read_or_refused(text: str, with_head: bool) -> None:
    try:
        parse("t.play", HEAD + text if with_head else text)
    except PlayError as error:
        refusal = str(error)
    else:
        return
    assert refusal.startswith("t.play:")


def test_every_saying_is_read_in_both_languages() -> None:
    for saying in words.SAYINGS:
        for form in (saying.words.en, saying.words.zh):
            told = phrases.told(form.replace("{n}", "7").replace("{thing}", "烟感"))
            assert told is not None, form
            assert told.saying.quantities == saying.quantities, form
    for what, both in words.TURNS:
        for form in (both.en, both.zh):
            turned = phrases.turn(form.replace("{t}", "+2 h").replace("{thing}", "siren"))
            assert turned is not None, form
            assert turned[0].turn is what


def test_no_two_rules_go_by_one_name() -> None:
    assert len(phrases.rules()) >= 2 * len({*phrases.rules().values()})


def test_the_page_lists_the_words_that_the_parser_knows() -> None:
    text = (HERE / "README.md").read_text(encoding="utf-8")
    assert text.endswith(page.as_markdown()), "append the output of --words"


def test_the_page_tells_of_every_line_of_a_head() -> None:
    text = (HERE / "README.md").read_text(encoding="utf-8")
    for key in header.KEYS.values():
        assert f"| `{key.en}:" in text
        assert f"| `{key.zh}：" in text


def test_the_page_s_own_play_is_read() -> None:
    text = (HERE / "README.md").read_text(encoding="utf-8")
    body = text.partition("## A play\n\n")[2].partition("\n\nThe same")[0]
    assert len(parse("README.md", "\n".join(line[4:] for line in body.splitlines())).steps) > 5
