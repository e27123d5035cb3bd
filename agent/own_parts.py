"""The hub's own parts, made as the configuration wants them.

Owns which drivers a hub has for itself, and what the person hears and sees over them.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.annunciator import Annunciator, Order
from agent.config import Config
from agent.core.clock import Clock
from agent.core.device import Device, DeviceId, DeviceKind, PowerClass, hub_part
from agent.core.text import Sentence
from agent.registry import Registry
from agent.response.tones import silence
from drivers.base import Driver, Inbox
from drivers.host.board import board_driver
from drivers.host.panel import PanelDriver
from drivers.host.power import power_driver
from drivers.host.speaker import SpeakerDriver

PROBE_S = 0.05

_NAMES = {
    "speaker": Sentence("主机喇叭", "hub speaker"),
    "button": Sentence("主机按钮", "hub button"),
}


class OwnParts:
    """Drivers of the hub's own parts, and who announces the alarms over them."""

    def __init__(
        self, config: Config, clock: Clock, inbox: Inbox, registry: Registry, order: Order
    ) -> None:
        host, sound = config.host, config.sound
        language = config.hub.language
        self._drivers: list[Driver] = []
        speaker: SpeakerDriver | None = None
        panel: PanelDriver | None = None
        if sound is not None:
            speaker = SpeakerDriver(
                device=sound.device,
                language=language,
                recordings=sound.recordings,
                probe=silence(PROBE_S),
                clock=clock,
                inbox=inbox,
            )
            self._drivers.append(speaker)
            registry.put_part(_part("speaker", DeviceKind.SPEAKER, language))
        if host is not None:
            if host.button_line is not None or host.lamp_line is not None:
                panel = PanelDriver(
                    chip=host.gpio_chip,
                    button_line=host.button_line,
                    lamp_line=host.lamp_line,
                    clock=clock,
                    inbox=inbox,
                )
                self._drivers.append(panel)
            if host.button_line is not None:
                registry.put_part(_part("button", DeviceKind.CALL_BUTTON, language))
            self._drivers.append(power_driver(host.sysfs, clock, inbox))
            self._drivers.append(board_driver(host.sysfs, config.hub.data_dir, clock, inbox))
        wanted = () if sound is None else sound.shows
        self.annunciator = Annunciator(
            language=language,
            volume_pct=100 if sound is None else sound.volume_pct,
            voice=speaker,
            lamp=None if panel is None else panel.show,
            shows=lambda: _known(registry, wanted),
            order=order,
        )

    @property
    def drivers(self) -> tuple[Driver, ...]:
        """Return them, the one that is heard first before the others."""
        return tuple(self._drivers)


def _known(registry: Registry, wanted: Sequence[str]) -> list[Device]:
    """Return the devices of the home among those that are wanted."""
    found = (registry.get(DeviceId(device)) for device in wanted)
    return [device for device in found if device is not None]


def _part(name: str, kind: DeviceKind, language: str) -> Device:
    called = _NAMES[name].in_language(language)
    return Device(hub_part(name), kind, called, power=PowerClass.MAINS)
