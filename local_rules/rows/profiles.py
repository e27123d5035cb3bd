"""What the state of a person, or of a household, changes in the safety table, as rows."""

from __future__ import annotations

from agent.core.alarm import RuleId, Severity
from agent.core.text import Sentence
from local_rules.preset import Choice, Preset, by_id

_MIN, _H = 60.0, 3600.0
_ALONE = "general rule (e): two residents"
TWO_RESIDENTS = "two_residents"

PROFILES = by_id(
    (
        Preset(
            "independent",
            Sentence("自理", "independent"),
            Sentence("使用安全表的默认值。", "The numbers of the table hold."),
        ),
        Preset(
            "frail",
            Sentence("体弱、失能", "frail"),
            Sentence(
                "多在家中、活动少：更早核实，少出门不算异常。每半年重新评估。",
                "Mostly at home and slow: asked after sooner, and staying in is nothing unusual. "
                "Assessed anew each half year.",
            ),
            values={
                "inactivity.limit_s": Choice(10 * _H, "rule 17: 10 h also by day (Design)"),
                "bathroom_dwell.pre_alarm_s": Choice(
                    15 * _MIN, "rule 15: asked at 30, told at 45 min"
                ),
            },
            off={
                RuleId("door_unused"): "rule 24: bedridden profile off",
                RuleId("bedroom_dwell"): "rule 16: who is in bed all day is not overdue (Design)",
            },
        ),
        Preset(
            "dementia",
            Sentence("认知症", "dementia"),
            Sentence(
                "夜间开门立即报警；外出时限缩短；灶具更早提醒。",
                "A door at night is an alarm at once; outings and the stove are given less time.",
            ),
            values={
                "night_exit.within_s": Choice(0, "rule 22: dementia profile 0 min"),
                "outing.cold_s": Choice(6.3 * _H, "rule 23: p99 6.3 h [replay]; Design"),
                "outing.least_s": Choice(6.3 * _H, "rule 23: p99 6.3 h [replay]; Design"),
                "stove_unattended.limit_s": Choice(15 * _MIN, "rule 26: warn at 15 min"),
            },
            urgent={RuleId("night_exit"): (Severity.S1, "rule 22: dementia S1")},
        ),
        Preset(
            "fall_risk",
            Sentence("跌倒风险", "fall risk"),
            Sentence(
                "夜间离床和卫生间的时限缩短。",
                "Out of bed at night and in the bathroom there is less time.",
            ),
            values={
                "bed_exit.within_s": Choice(10 * _MIN, "rule 19: fall risk 10 min"),
                "bathroom_dwell.within_s": Choice(30 * _MIN, "rule 15: >= 30 min [replay]"),
                "fall_no_recovery.within_s": Choice(15 * _MIN, "rule 14: half of it (Design)"),
            },
        ),
        Preset(
            "heart_failure",
            Sentence("心力衰竭", "heart failure"),
            Sentence(
                "按心衰随访试验的界限；请每天同一时间称体重。",
                "The bounds of a heart-failure trial; weigh each day at the same hour.",
            ),
            values={
                "bp_systolic_high.limit": Choice(170, "2.4: BEAT-HF SBP > 170 [40a]"),
                "bp_systolic_high.clear_limit": Choice(160, "2.4: BEAT-HF 160 [40a]"),
                "pulse_high.limit": Choice(120, "2.4: BEAT-HF HR > 110 [40a], end of the range"),
                "pulse_high.clear_limit": Choice(110, "2.4: BEAT-HF HR 110 [40a]"),
            },
        ),
        Preset(
            "copd",
            Sentence("慢阻肺", "COPD"),
            Sentence(
                "血氧按高碳酸血症量表（量表二），须由医生确认。",
                "Oxygen by the scale for hypercapnia (scale 2), to be confirmed by a doctor.",
            ),
            values={
                "spo2_low.limit": Choice(87, "2.4: NEWS2 scale 2, 88-92 = 0 [39]"),
                "spo2_low.clear_limit": Choice(89, "rule 32: or baseline"),
                "spo2_critical.limit": Choice(83, "rule 32: COPD scale 2, 83-85"),
            },
        ),
        Preset(
            TWO_RESIDENTS,
            Sentence("两人同住", "two residents"),
            Sentence(
                "只看一个人的规则停用；长时间未活动要求全屋无动静，继续有效。",
                "Rules about one person are off; inactivity asks for silence in all rooms and "
                "stays on.",
            ),
            values={"presence.residents": Choice(2, _ALONE)},
            off={
                RuleId(rule): _ALONE
                for rule in (
                    "no_water",
                    "bathroom_dwell",
                    "bathroom_dwell_hard",
                    "bedroom_stay",
                    "bedroom_dwell",
                    "morning",
                    "no_morning",
                    "bedtime",
                    "not_in_bed",
                    "outing",
                    "not_returned",
                    "not_returned_long",
                )
            },
        ),
        Preset(
            "pet",
            Sentence("有宠物", "pet"),
            Sentence(
                "红外探测器装在 1.2 米以上或用防宠物型，否则宠物会被当作人的活动；雷达同样。",
                "Mount motion sensors above 1.2 m or take those that are immune to pets (mem), "
                "else a pet passes for the person; so for radar. No number changes.",
            ),
        ),
    )
)
"""Care profile -> what it changes. A home may have several; the later in its list wins."""
