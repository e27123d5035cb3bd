"""The ladders: whom an alarm is taken to, by which way, and after how long.

Owns them as data, for the auditor's page and for whoever climbs them. Source: the ladders L1-L4 at
the head of the catalogue of 48 rules; "operator" is that of rule 39.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.core.alarm import Severity
from agent.core.text import Sentence
from local_rules.row import Row

LADDERS: Mapping[str, Sentence] = {
    "L1": Sentence(
        "立即：警号与语音、推送、短信通知所有人；"
        "电话呼叫第一联系人（家属），振铃 40 秒，按 1 签收；"
        "60 秒后第二联系人；120 秒后第三联系人或社区；循环三轮；平台值守并行。",
        "At once: siren and voice, push and SMS to all; voice call to contact 1 (family), 40 s of "
        "ringing, key 1 acknowledges; contact 2 at +60 s; contact 3 or community at +120 s; three "
        "rounds; the platform's operator in parallel.",
    ),
    "L2": Sentence(
        "家属推送与短信；5 分钟后电话；15 分钟后社区。",
        "Push and SMS to the family, a call at +5 min, the community at +15 min.",
    ),
    "L3": Sentence(
        "推送、家中语音提示；30 分钟后家属；2 小时后（夜间则次日 07:00）上门工单。",
        "Push, a voice prompt in the home, the family at +30 min, a visit ticket at +2 h (by day) "
        "or at 07:00.",
    ),
    "L4": Sentence(
        "推送给值守人员；家属每周摘要。", "Push to the operator; a weekly digest to the family."
    ),
    "operator": Sentence("推送给值守人员。", "Push to the operator."),
}

BY_SEVERITY: Mapping[Severity, str] = {
    Severity.S1: "L1",
    Severity.S2: "L2",
    Severity.S3: "L3",
    Severity.S4: "L4",
    Severity.S5: "L4",
}


def ladder_of(row: Row) -> str:
    """Return the name of the ladder of a row: its own, or the one of its severity."""
    return row.ladder or BY_SEVERITY[row.severity]
