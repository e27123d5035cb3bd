"""Says why: the evidence of an alarm with one sentence in Chinese and one in English.

Knows no names of devices, only their ids; whoever shows the alarm puts the name to it.
"""

from __future__ import annotations

from agent.core.alarm import Why
from agent.core.device import DeviceId
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.rule import AnyRule


def why(
    rule: AnyRule,
    *,
    device: DeviceId,
    quantity: Quantity,
    channel: str,
    drill: bool,
    since_s: float,
    last_s: float,
    detail: str = "",
) -> Why:
    """Return the evidence that `device` reported `quantity` as true, and long enough.

    `detail` is the device's own short text, if it gave one; it is quoted, not parsed.
    """
    says = rule.inputs[quantity]
    hold = rule.values["trigger_hold_s"]
    about_zh = f"（{detail}）" if detail else ""
    about_en = f" ({detail})" if detail else ""
    held_zh = f"，已持续 {hold:g} 秒" if hold else ""
    held_en = f" for {hold:g} s" if hold else ""
    where = f"{device}/{channel}" if channel else device
    return Why(
        sentence=Sentence(
            zh=f"{'演练：' if drill else ''}{where} 报告{says.zh}{about_zh}{held_zh}"
            f"（第 {rule.number} 号规则：{rule.name.zh}）。",
            en=f"{'Drill: ' if drill else ''}{where} reports {says.en}{about_en}{held_en} "
            f"(rule {rule.number}: {rule.name.en}).",
        ),
        device=device,
        quantity=quantity,
        value="true",
        channel=channel,
        limit=f"true for {hold:g} s" if hold else "true",
        since_s=since_s,
        last_s=last_s,
    )


def because(
    rule: AnyRule,
    *,
    device: DeviceId,
    quantity: Quantity,
    channel: str,
    value: str,
    limit: str,
    drill: bool,
    since_s: float,
    last_s: float,
    says: Sentence,
) -> Why:
    """Return the evidence that `device` last gave `value`, and that `says` holds of it.

    `limit` is for the record ("temp_c < 12 for 3600 s"), `says` goes on after the device's name.
    """
    where = f"{device}/{channel}" if channel else device
    return Why(
        sentence=Sentence(
            zh=f"{'演练：' if drill else ''}{where} {says.zh}"
            f"（第 {rule.number} 号规则：{rule.name.zh}）。",
            en=f"{'Drill: ' if drill else ''}{where} {says.en} "
            f"(rule {rule.number}: {rule.name.en}).",
        ),
        device=device,
        quantity=quantity,
        value=value,
        channel=channel,
        limit=limit,
        since_s=since_s,
        last_s=last_s,
    )


def span(seconds: float) -> Sentence:
    """Return a length of time in words, to the minute where it is more than one."""
    if seconds < 60:
        return Sentence(f"{seconds:.0f} 秒", f"{seconds:.0f} s")
    hours, minutes = divmod(int(seconds // 60), 60)
    parts_zh = (f"{hours} 小时" if hours else "", f"{minutes} 分" if minutes else "")
    parts_en = (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "")
    return Sentence(" ".join(filter(None, parts_zh)), " ".join(filter(None, parts_en)))
