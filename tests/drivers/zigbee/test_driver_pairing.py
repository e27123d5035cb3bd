"""Devices come in, are understood, and speak."""

from agent.core.device import DeviceKind, PowerClass
from drivers.base import PairStage
from tests.drivers.zigbee.bench import Bench

KINDS = {
    "sos-1": DeviceKind.CALL_BUTTON,
    "ace-1": DeviceKind.CALL_BUTTON,
    "contact-1": DeviceKind.CONTACT,
    "motion-1": DeviceKind.MOTION,
    "smoke-1": DeviceKind.SMOKE,
    "gas-1": DeviceKind.GAS,
    "co-1": DeviceKind.CO,
    "leak-1": DeviceKind.LEAK,
    "siren-1": DeviceKind.SIREN,
    "plug-1": DeviceKind.PLUG,
    "valve-1": DeviceKind.VALVE,
    "climate-1": DeviceKind.CLIMATE,
}


async def test_one_device_of_every_kind_comes_in_and_is_understood(bench: Bench) -> None:
    async with bench.running():
        ids = dict(zip(KINDS, await bench.pair(*KINDS), strict=True))
    assert {name: bench.inbox.found[ids[name]].kind for name in KINDS} == KINDS
    zoned = [PairStage.JOINED, PairStage.INTERVIEWED, PairStage.ENROLLED, PairStage.READY]
    assert bench.inbox.stages(ids["sos-1"]) == zoned
    assert bench.inbox.stages(ids["plug-1"]) == [s for s in zoned if s != PairStage.ENROLLED]
    assert bench.inbox.found[ids["sos-1"]].power == PowerClass.BATTERY
    assert bench.inbox.found[ids["siren-1"]].power == PowerClass.MAINS
