"""MT APP_CNF and the start of the network: BDB commissioning.

Source: TI "Z-Stack Monitor and Test API", MT_APP_CONFIG; bdb.h status and mode numbers.
"""

from collections.abc import Mapping

from .network import Network
from .stick import STATE_STARTING, Handler, Stick
from .wire import Reader, u8

NOTIFICATION = 0x4F80

SUCCESS = 0x00
FORMATION_FAILURE = 0x08
NETWORK_RESTORED = 0x0D

MODE_FORMATION = 0x04  # Bit in BDB_START_COMMISSIONING and in "remaining modes".
STAGE_INITIALIZATION = 0
STAGE_STEERING = 1
STAGE_FORMATION = 2
MODE_STEERING = 0x02

FORMS_AFTER_S = 0.03
RESTORES_AFTER_S = 0.02
STEERING_PERMITS_S = 180


def _set_channel(stick: Stick, reader: Reader) -> bytes:
    primary, mask = reader.u8(), reader.u32()
    if primary:
        stick.channels = mask
    return u8(SUCCESS)


def _start_commissioning(stick: Stick, reader: Reader) -> bytes:
    modes = reader.u8()
    if modes & MODE_FORMATION:
        stick.later(0, lambda: start(stick))
    elif modes & MODE_STEERING:
        stick.later(0, lambda: _steer(stick))
    else:
        stick.later(0, lambda: _notify(stick, SUCCESS, STAGE_INITIALIZATION))
    return u8(SUCCESS)


def start(stick: Stick) -> None:
    """Form a network, or come back to the one that is in flash."""
    if stick.formation_failures > 0:
        stick.formation_failures -= 1
        stick.later(FORMS_AFTER_S, lambda: _notify(stick, FORMATION_FAILURE, STAGE_FORMATION))
        return
    stick.set_state(STATE_STARTING)
    network = stick.memory.network() if stick.memory.on_network else None
    if network is None:
        stick.later(FORMS_AFTER_S, lambda: _formed(stick))
    else:
        restored = network
        stick.later(RESTORES_AFTER_S, lambda: _restored(stick, restored))


def _formed(stick: Stick) -> None:
    chanlist = stick.memory.get(0x0084) or bytes(4)
    channels = stick.channels or int.from_bytes(chanlist, "little")
    stick.run(stick.memory.form(channels))
    _notify(stick, SUCCESS, STAGE_FORMATION)


def _restored(stick: Stick, network: Network) -> None:
    # A stick that has a network reports "restored", then fails to form another: both are normal.
    _notify(stick, NETWORK_RESTORED, STAGE_INITIALIZATION, MODE_FORMATION)
    stick.run(network)
    _notify(stick, FORMATION_FAILURE, STAGE_FORMATION)


def _steer(stick: Stick) -> None:
    stick.permit(STEERING_PERMITS_S)
    _notify(stick, SUCCESS, STAGE_STEERING)


def _notify(stick: Stick, status: int, stage: int, remaining: int = 0) -> None:
    stick.areq(NOTIFICATION, u8(status) + u8(stage) + u8(remaining))


def _accepted(stick: Stick, reader: Reader) -> bytes:
    del stick, reader
    return u8(SUCCESS)


HANDLERS: Mapping[int, Handler] = {
    0x2F01: _accepted,  # SET_DEFAULT_REMOTE_ENDDEVICE_TIMEOUT
    0x2F03: _accepted,  # SET_ALLOWREJOIN_TC_POLICY
    0x2F04: _accepted,  # BDB_ADD_INSTALLCODE: keys are not checked by this emulator.
    0x2F05: _start_commissioning,
    0x2F06: _accepted,  # BDB_SET_JOINUSESINSTALLCODEKEY
    0x2F08: _set_channel,
    0x2F09: _accepted,  # BDB_SET_TC_REQUIRE_KEY_EXCHANGE
    0x2FFF: _accepted,  # SET_NWK_FRAME_COUNTER
}
