"""What can be wrong with the hub's own parts, in words for the person who has to mend it.

Owns the sentences, each with a next step, in both languages. Knows nothing of retries.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.text import Sentence


@dataclass(frozen=True, slots=True)
class Ill:
    """Something is wrong with a part. `channel` is a short stable word, `says` is for people."""

    channel: str
    says: Sentence


# --- sound ----------------------------------------------------------------------------------------


def no_player() -> Ill:
    """Return the fault of a hub without a program that plays sound."""
    return Ill(
        "card",
        Sentence(
            "找不到 aplay，主机不能发声。请安装软件包 alsa-utils。",
            "aplay is not there, so the hub makes no sound. Install the package alsa-utils.",
        ),
    )


def no_card(device: str, why: str) -> Ill:
    """Return the fault of a card that does not play."""
    return Ill(
        "card",
        Sentence(
            f"声卡 {device} 不能播放（{why}）。请检查喇叭；用 aplay -l 查看声卡，"
            "并修改配置 [sound] device。",
            f"sound card {device} does not play ({why}). Check the speaker; see the cards with "
            "aplay -l and set [sound] device.",
        ),
    )


def hangs(device: str, limit_s: float) -> Ill:
    """Return the fault of a card that takes samples and never ends."""
    return no_card(device, f"no end after {limit_s:.0f} s")


def no_voice() -> Ill:
    """Return the fault of a hub that has tones but no words."""
    return Ill(
        "voice",
        Sentence(
            "找不到 espeak-ng，主机只能发提示音，不能说话。请安装软件包 espeak-ng，"
            "或在 [sound] recordings 提供录音。",
            "espeak-ng is not there, so the hub has tones but no words. Install the package "
            "espeak-ng, or give recordings in [sound] recordings.",
        ),
    )


def old_voice(version: str) -> Ill:
    """Return the fault of a voice that reads Chinese as English letters."""
    return Ill(
        "voice",
        Sentence(
            f"espeak-ng {version} 读不出汉字（需要 1.52）。请升级，"
            "或在 [sound] recordings 提供录音。",
            f"espeak-ng {version} cannot read Chinese (wanted 1.52). Upgrade it, or give "
            "recordings in [sound] recordings.",
        ),
    )


def mute_voice(why: str) -> Ill:
    """Return the fault of a voice that gave no speech."""
    return Ill(
        "voice",
        Sentence(
            f"espeak-ng 没有说出话（{why}）。请重新安装软件包 espeak-ng。",
            f"espeak-ng gave no speech ({why}). Install the package espeak-ng again.",
        ),
    )


def bad_recording(name: str, why: str) -> Ill:
    """Return the fault of a recording that cannot be played."""
    return Ill(
        "recording",
        Sentence(
            f"录音 {name} 不能使用（{why}）。请换成 16 位单声道 WAV。",
            f"recording {name} cannot be used ({why}). Replace it by a WAV of 16 bits, one "
            "channel.",
        ),
    )


# --- power and board ------------------------------------------------------------------------------


def unreadable(part: str, why: str) -> Ill:
    """Return the fault of a part that is there and does not say how it is."""
    return Ill(
        "unreadable",
        Sentence(
            f"{part} 读取失败（{why}）。请重新插拔或更换该部件。",
            f"{part} cannot be read ({why}). Unplug it and plug it in again, or replace it.",
        ),
    )


def gone(part: str) -> Ill:
    """Return the fault of a part that was there before."""
    return Ill(
        "gone",
        Sentence(
            f"{part} 不见了。请检查接线；若已拆除，请重启主机。",
            f"{part} is gone. Check its cable; if it was taken out, restart the hub.",
        ),
    )


def hot(temp_c: float) -> Ill:
    """Return the fault of a board that is too warm."""
    return Ill(
        "hot",
        Sentence(
            f"主板温度 {temp_c:.0f} 摄氏度，过热。请把主机移到通风处，远离暖气和阳光。",
            f"the board is at {temp_c:.0f} degrees Celsius, too hot. Move the hub to an airy "
            "place, away from heating and sun.",
        ),
    )


def clock_lost(year: int) -> Ill:
    """Return the fault of a clock chip that does not keep the time."""
    return Ill(
        "clock",
        Sentence(
            f"时钟芯片的时间不可信（{year} 年）。请更换时钟电池。",
            f"the clock chip has lost its time (year {year}). Replace its battery.",
        ),
    )


def worn(used_pct: int) -> Ill:
    """Return the fault of a storage that is near its end."""
    return Ill(
        "worn",
        Sentence(
            f"存储芯片寿命已用 {used_pct}%。请尽快更换主机或存储卡。",
            f"the storage has used {used_pct} % of its life. Replace the hub or its card soon.",
        ),
    )


def read_only(place: str) -> Ill:
    """Return the fault of a disk that takes nothing any more."""
    return Ill(
        "read_only",
        Sentence(
            f"磁盘 {place} 变为只读，记录无法保存。请更换存储卡。",
            f"the disk at {place} has become read-only and keeps no record. Replace the card.",
        ),
    )


# --- button and lamp ------------------------------------------------------------------------------


def no_lines(chip: str, why: str) -> Ill:
    """Return the fault of GPIO lines that cannot be had."""
    return Ill(
        "lines",
        Sentence(
            f"GPIO {chip} 无法使用（{why}）。请检查 [host] gpio 的设置，并把网关用户加入 gpio 组。",
            f"GPIO {chip} cannot be used ({why}). Check the gpio keys of [host], and add the "
            "hub's user to the group gpio.",
        ),
    )


def stuck(held_s: float) -> Ill:
    """Return the fault of a button that stays pressed."""
    return Ill(
        "stuck",
        Sentence(
            f"主机呼叫按钮已被按住 {held_s:.0f} 秒。请松开或检查按钮。",
            f"the hub's call button has been held for {held_s:.0f} s. Free it or check it.",
        ),
    )
