"""What can be wrong with the stick, in words for the person who has to mend it.

Owns the translation of whatever the library raises into one sentence with a next step, in both
languages. Knows nothing of retries.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from serial.tools import list_ports

from agent.core.text import Sentence


@dataclass(frozen=True, slots=True)
class Outage:
    """Why there is no Zigbee now. `code` is a short stable word, `says` is for people."""

    code: str
    says: Sentence


def explain(error: BaseException, port: str) -> Outage:
    """Return what `error`, raised while opening the stick on `port`, means to a technician."""
    name = type(error).__name__
    match error:
        case FileNotFoundError():
            return _missing(port)
        case PermissionError():
            return _refused(port)
        case TimeoutError():
            return silent(port)
        case ConnectionError():
            return gone(port, str(error))
    if name == "NetworkSettingsInconsistent":
        return _foreign(port)
    if name == "FormationFailure":
        return _jammed(port)
    if name == "NetworkNotFormed":
        return _forgotten(port)
    if name == "DamagedRecords":
        return _damaged(str(error))
    if isinstance(error, OSError) and not os.path.exists(port):
        return _missing(port)
    return Outage(
        "failed",
        Sentence(
            zh=f"Zigbee 适配器 {port} 启动失败（{name}: {error}）。请拔下 10 秒后重新插上。",
            en=f"Zigbee stick on {port} failed to start ({name}: {error}). "
            "Unplug it for 10 s and plug it in again.",
        ),
    )


def silent(port: str) -> Outage:
    """Return the outage of a stick that does not answer."""
    return Outage(
        "silent",
        Sentence(
            zh=f"Zigbee 适配器 {port} 没有应答。请拔下 10 秒后重新插上；若仍无应答，请更换适配器。",
            en=f"Zigbee stick on {port} does not answer. Unplug it for 10 s and plug it in again; "
            "if it stays silent, replace it.",
        ),
    )


def gone(port: str, why: str) -> Outage:
    """Return the outage of a stick that was lost in the middle of work."""
    if "reset itself" in why:
        return Outage(
            "reset",
            Sentence(
                zh=f"Zigbee 适配器 {port} 自行复位，正在重新启动网络。"
                "反复出现请检查供电或更换适配器。",
                en=f"Zigbee stick on {port} reset itself; the network is being started again. "
                "If this repeats, check its power supply or replace it.",
            ),
        )
    return Outage(
        "unplugged",
        Sentence(
            zh=f"Zigbee 适配器 {port} 已断开（{why}）。请重新插上。",
            en=f"Zigbee stick on {port} is gone ({why}). Plug it in again.",
        ),
    )


def _missing(port: str) -> Outage:
    seen = ", ".join(sorted(found.device for found in list_ports.comports())) or "none"
    return Outage(
        "missing",
        Sentence(
            zh=f"找不到 Zigbee 适配器端口 {port}。现有端口：{seen}。"
            "请插上适配器或修改配置 [zigbee] port。",
            en=f"no such port {port}; ports seen: {seen}. "
            "Plug the Zigbee stick in, or set [zigbee] port to one of these.",
        ),
    )


def _refused(port: str) -> Outage:
    if os.path.exists(port) and not os.access(port, os.R_OK | os.W_OK):
        return Outage(
            "forbidden",
            Sentence(
                zh=f"没有权限打开 {port}。请把网关用户加入 dialout 组。",
                en=f"no permission to open {port}. Add the hub's user to the group dialout.",
            ),
        )
    return Outage(
        "taken",
        Sentence(
            zh=f"{port} 正被另一个程序占用。请停止该程序（例如 zigbee2mqtt）。",
            en=f"{port} is in use by another program. Stop it (zigbee2mqtt, another hub).",
        ),
    )


def _foreign(port: str) -> Outage:
    return Outage(
        "foreign",
        Sentence(
            zh=f"{port} 上的适配器属于另一个 Zigbee 网络，本家设备无法听到。"
            "请插回原适配器，或插入空白适配器以恢复网络。",
            en=f"the stick on {port} carries another Zigbee network; this home's devices cannot "
            "hear it. Put the home's own stick back, or a blank one to restore the network to.",
        ),
    )


def _jammed(port: str) -> Outage:
    return Outage(
        "jammed",
        Sentence(
            zh=f"Zigbee 适配器 {port} 无法启动网络：无线干扰过强。"
            "请用 USB 延长线，让适配器远离 USB 3 设备、硬盘和路由器。",
            en=f"the Zigbee stick on {port} cannot start its network: too much radio interference. "
            "Put it on a USB extension cable, away from USB 3 ports, disks and routers.",
        ),
    )


def _forgotten(port: str) -> Outage:
    return Outage(
        "forgotten",
        Sentence(
            zh=f"{port} 上的适配器是空白的，而本机没有网络备份，已配对的设备无法恢复。"
            "请插回原适配器，或重新配对所有设备。",
            en=f"the stick on {port} is blank and there is no backup of the home's network. "
            "Put the home's own stick back, or remove the Zigbee database and pair again.",
        ),
    )


def _damaged(aside: str) -> Outage:
    return Outage(
        "damaged",
        Sentence(
            zh=f"Zigbee 数据库已损坏，已移至 {aside}。设备仍可报警；请检查存储卡。",
            en=f"the Zigbee database was damaged and is now {aside}. Devices are heard as before; "
            "check the memory card.",
        ),
    )
