"""The words in which an alarm says why, to the letter."""

from __future__ import annotations

from dataclasses import replace

from agent.core.device import DeviceId
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.catalog import book
from local_rules.explain import because, why

BOOK = book()


def test_the_sentence_of_a_measurement_names_the_channel_and_a_drill() -> None:
    rule = BOOK.by_quantity[Quantity.CO_PPM][0]
    wanted = {
        ("", False): ("zb:1 说（第 6 号规则：", "zb:1 says (rule 6: "),
        ("b", False): ("zb:1/b 说（第 6 号规则：", "zb:1/b says (rule 6: "),
        ("", True): ("演练：zb:1 说（第 6 号规则：", "Drill: zb:1 says (rule 6: "),
        ("b", True): ("演练：zb:1/b 说（第 6 号规则：", "Drill: zb:1/b says (rule 6: "),
    }
    for (channel, drill), (zh, en) in wanted.items():
        told = because(
            rule,
            device=DeviceId("zb:1"),
            quantity=Quantity.CO_PPM,
            channel=channel,
            value="60",
            limit="any",
            drill=drill,
            since_s=5.0,
            last_s=7.0,
            says=Sentence("说", "says"),
        )
        assert told.sentence == Sentence(f"{zh}{rule.name.zh}）。", f"{en}{rule.name.en}).")
        assert (told.channel, told.value, told.limit) == (channel, "60", "any")
        assert (told.since_s, told.last_s) == (5.0, 7.0)


def test_a_hold_is_told_without_needless_digits_and_not_at_all_when_there_is_none() -> None:
    for hold_s, zh, en, limit in (
        (10.0, "，已持续 10 秒", " for 10 s", "true for 10 s"),
        (0, "", "", "true"),
    ):
        rule = BOOK.by_quantity[Quantity.WATER_LEAK][0]
        rule = replace(rule, values={**rule.values, "trigger_hold_s": hold_s})
        told = why(
            rule,
            device=DeviceId("zb:1"),
            quantity=Quantity.WATER_LEAK,
            channel="p",
            drill=False,
            since_s=5.0,
            last_s=7.0,
        )
        assert told.sentence == Sentence(
            f"zb:1/p 报告探头浸水{zh}（第 7 号规则：漏水报警）。",
            f"zb:1/p reports water at its probe{en} (rule 7: water leak).",
        )
        assert (told.limit, told.channel) == (limit, "p")
        assert (told.since_s, told.last_s) == (5.0, 7.0)


def test_what_a_device_says_of_itself_is_quoted() -> None:
    told = why(
        BOOK.by_quantity[Quantity.WATER_LEAK][0],
        device=DeviceId("zb:1"),
        quantity=Quantity.WATER_LEAK,
        channel="",
        drill=False,
        since_s=5.0,
        last_s=7.0,
        detail="left probe",
    )
    assert "报告探头浸水（left probe）" in told.sentence.zh
    assert "reports water at its probe (left probe)" in told.sentence.en
