"""What can be wrong with the modem, in words for the person who has to mend it.

Owns the sentences, each with a next step, in both languages. Knows nothing of retries.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum

from serial.tools import list_ports

from agent.core.text import Sentence
from drivers.serial.modem.decode.state import Registration, Sim


class Part(StrEnum):
    """What is at fault; also the channel of the fault in the record."""

    MODEM = "modem"
    SIM = "sim"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Outage:
    """Why nobody can be called now. `code` is a short stable word, `says` is for people."""

    part: Part
    code: str
    says: Sentence


class Down(Exception):
    """Ends a connection; carries the outage that a person is told."""

    def __init__(self, outage: Outage) -> None:
        super().__init__(outage.says.en)
        self.outage = outage


def unopened(error: OSError, port: str) -> Outage:
    """Return what `error`, raised while opening `port`, means to a technician."""
    if not os.path.exists(port):
        return _missing(port)
    if not os.access(port, os.R_OK | os.W_OK):
        return _modem(
            "forbidden",
            f"没有权限打开 {port}。请把网关用户加入 dialout 组。",
            f"no permission to open {port}. Add the hub's user to the group dialout.",
        )
    if "lock" in str(error) or isinstance(error, BlockingIOError):
        return _modem(
            "taken",
            f"{port} 正被另一个程序占用。请停止该程序（例如 ModemManager）。",
            f"{port} is in use by another program. Stop it (ModemManager, another hub).",
        )
    return _modem(
        "failed",
        f"通信模块端口 {port} 打不开（{error}）。请拔下 10 秒后重新插上。",
        f"the modem's port {port} does not open ({error}). Unplug it for 10 s and plug it in "
        "again.",
    )


def silent(port: str) -> Outage:
    """Return the outage of a modem that does not answer."""
    return _modem(
        "silent",
        f"{port} 上的通信模块没有应答，正在复位。若持续无应答，请断电 10 秒，"
        "并确认 [modem] port 是 AT 端口。",
        f"the modem on {port} does not answer and is being reset. If it stays silent, take its "
        "power away for 10 s, and see that [modem] port is its AT port.",
    )


def gone(port: str, why: str) -> Outage:
    """Return the outage of a modem that was lost in the middle of work."""
    return _modem(
        "unplugged",
        f"{port} 上的通信模块已断开（{why}）。请检查连接和供电。",
        f"the modem on {port} is gone ({why}). Check its plug and its power.",
    )


def restarted(port: str) -> Outage:
    """Return the outage of a module that restarted by itself."""
    return _modem(
        "reset",
        f"{port} 上的通信模块自行重启，正在重新准备。反复出现请检查供电（发射时需 2 A）。",
        f"the modem on {port} restarted by itself and is being set up again. If this repeats, "
        "check its power supply: it draws 2 A when it sends.",
    )


def stranger(port: str, model: str) -> Outage:
    """Return the outage of a module that we have no dialect for."""
    return _modem(
        "unknown_model",
        f"{port} 上的通信模块型号为 {model!r}，仅支持 SIM7600 和 EC20 系列。请更换模块。",
        f"the modem on {port} says it is {model!r}; the hub knows the SIM7600 and EC20 families. "
        "Use one of these.",
    )


def refused(port: str, why: str) -> Outage:
    """Return the outage of a module that refuses a command it must know."""
    return _modem(
        "refused",
        f"{port} 上的通信模块拒绝了必需的命令（{why}）。请断电 10 秒；反复出现请更换模块。",
        f"the modem on {port} refuses a command it must know ({why}). Take its power away for "
        "10 s; if this repeats, replace it.",
    )


def no_sim(sim: Sim) -> Outage:
    """Return the outage of a SIM that is not there or will not work."""
    if sim is Sim.ABSENT:
        return _sim(
            "absent",
            "通信模块中没有 SIM 卡。请断电后插入 SIM 卡（芯片朝下），再通电。",
            "there is no SIM in the modem. Switch it off, put a SIM in, switch it on.",
        )
    if sim is Sim.WANTS_PUK:
        return _sim(
            "puk",
            "SIM 卡已被锁定，需要 PUK 码。请把卡放入手机，用运营商提供的 PUK 码解锁。",
            "the SIM is blocked and wants its PUK. Put it into a telephone and unblock it with the "
            "PUK from its operator.",
        )
    if sim is Sim.BUSY:
        return _sim(
            "busy",
            "SIM 卡一直没有准备好。请取出后擦净触点再插入；仍不行请更换。",
            "the SIM does not get ready. Take it out, clean its contacts and put it back; if that "
            "does not help, replace it.",
        )
    return _sim(
        "broken",
        "SIM 卡读不出来，或被锁定在另一台设备上。请取出后重新插入；仍不行请更换。",
        "the SIM cannot be read, or is locked to another device. Take it out and put it back; if "
        "that does not help, replace it.",
    )


def no_pin() -> Outage:
    """Return the outage of a SIM that wants a PIN when none is configured."""
    return _sim(
        "wants_pin",
        "SIM 卡需要 PIN 码。请在 [modem] pin_file 指定的文件中写入 PIN，或在手机上关闭 PIN。",
        "the SIM wants a PIN. Write it into a file and name that in [modem] pin_file, or switch "
        "the PIN off in a telephone.",
    )


def bad_pin_file(why: str) -> Outage:
    """Return the outage of a PIN file that holds no PIN."""
    return _sim(
        "pin_file",
        f"PIN 文件不可用：{why}。",
        f"the PIN file is of no use: {why}.",
    )


def wrong_pin(tries_left: int | None) -> Outage:
    """Return the outage of a PIN that was refused: the hub does not try again."""
    left = "?" if tries_left is None else str(tries_left)
    return _sim(
        "wrong_pin",
        f"SIM 卡拒绝了 PIN 码，剩余次数 {left}，网关不会再试，以免锁卡。"
        "请把卡放入手机输入正确的 PIN，并更正 [modem] pin_file 的内容。",
        f"the SIM has refused its PIN; tries left: {left}. The hub tries only while all 3 are "
        "left, so that it never blocks a SIM. Enter the right PIN in a telephone, then correct the "
        "file that [modem] pin_file names.",
    )


def no_network(states: tuple[Registration, ...], since_s: float) -> Outage:
    """Return the outage of a modem that no network takes in."""
    if Registration.DENIED in states:
        return Outage(
            Part.NETWORK,
            "denied",
            Sentence(
                zh="移动网络拒绝了这张 SIM 卡。请确认卡已激活、未欠费，且允许在此设备上使用。",
                en="the mobile network refuses this SIM. See that it is activated and paid for, "
                "and allowed in this kind of device.",
            ),
        )
    return Outage(
        Part.NETWORK,
        "searching",
        Sentence(
            zh=f"通信模块已 {since_s:.0f} 秒找不到移动网络。"
            "请检查天线是否拧紧，把主机移到窗边，确认 SIM 卡已激活。",
            en=f"the modem has found no mobile network for {since_s:.0f} s. Check that the aerial "
            "is screwed on, move the hub to a window, see that the SIM is activated.",
        ),
    )


def _missing(port: str) -> Outage:
    seen = ", ".join(sorted(found.device for found in list_ports.comports())) or "none"
    return _modem(
        "missing",
        f"找不到通信模块端口 {port}。现有端口：{seen}。请插上模块或修改配置 [modem] port。",
        f"no such port {port}; ports seen: {seen}. Plug the modem in, or set [modem] port to one "
        "of these.",
    )


def _modem(code: str, zh: str, en: str) -> Outage:
    return Outage(Part.MODEM, code, Sentence(zh=zh, en=en))


def _sim(code: str, zh: str, en: str) -> Outage:
    return Outage(Part.SIM, code, Sentence(zh=zh, en=en))
