"""What devices say arrives, whatever the library would have dropped."""

from agent.core.device import hub_part
from agent.core.reading import Quantity
from tests.drivers.zigbee.bench import Bench

ALARM = ("alarm1", True)


async def test_every_bit_of_a_zone_arrives(bench: Bench) -> None:
    async with bench.running():
        (smoke,) = await bench.pair("smoke-1")
        await bench.do("trip", device="smoke-1", status=0x0000)
        for bit, quantity in enumerate(
            [
                Quantity.SMOKE,
                Quantity.SMOKE,
                Quantity.TAMPER,
                Quantity.BATTERY_LOW,
                Quantity.SUPERVISION_REPORTS,
                Quantity.RESTORE_REPORTS,
                Quantity.DEVICE_FAULT,
                Quantity.MAINS_LOST,
                Quantity.TEST,
                Quantity.BATTERY_DEFECT,
            ]
        ):
            channel = ("ep35.alarm1", "ep35.alarm2", "ep35")[min(bit, 2)]
            await bench.do("trip", device="smoke-1", status=1 << bit)
            await bench.hears(smoke, quantity, (channel, True))


async def test_a_call_is_heard_as_first_alarm_second_alarm_and_key_pad_command(
    bench: Bench,
) -> None:
    async with bench.running():
        button, pad = await bench.pair("sos-1", "ace-1")
        await bench.do("press", device="sos-1")
        await bench.hears(button, Quantity.SOS, ("alarm1", True))
        await bench.do("trip", device="sos-1", alarm2=True)
        await bench.hears(button, Quantity.SOS, ("alarm2", True))
        for command in ("emergency", "fire", "panic"):
            await bench.do("press", device="ace-1", command=command)
            await bench.hears(pad, Quantity.SOS, (command, True))


async def test_measurements_arrive(bench: Bench) -> None:
    async with bench.running():
        climate, plug = await bench.pair("climate-1", "plug-1")
        await bench.do("report", device="climate-1", temperature=3.5, humidity=61.0)
        await bench.hears(climate, Quantity.TEMP_C, ("", 3.5))
        await bench.hears(climate, Quantity.HUMIDITY_PCT, ("", 61.0))
        await bench.do("battery", device="climate-1", percent=55)
        await bench.hears(climate, Quantity.BATTERY_PCT, ("", 55.0))
        await bench.do("report", device="plug-1", power=1200)
        await bench.hears(plug, Quantity.POWER_W, ("ep2", 1200.0))


async def test_a_retransmission_is_delivered_with_the_same_name(bench: Bench) -> None:
    async with bench.running():
        (button,) = await bench.pair("sos-1")
        await bench.do("trip", device="sos-1", tsn=7, repeat=3)
        await bench.hears(button, Quantity.SOS, ALARM, times=3)
        names = {r.frame for r in bench.inbox.readings if r.quantity == Quantity.SOS and r.value}
        assert len(names) == 1


async def test_an_alarm_a_restore_and_an_alarm_with_one_number_are_three_frames(
    bench: Bench,
) -> None:
    async with bench.running():
        (leak,) = await bench.pair("leak-1")
        await bench.do("trip", device="leak-1", tsn=0)
        await bench.do("restore", device="leak-1", tsn=0)
        await bench.do("trip", device="leak-1", tsn=0)
        await bench.hears(leak, Quantity.WATER_LEAK, ALARM, times=2)
        frames = [r.frame for r in bench.inbox.readings if r.channel == "alarm1" and r.frame]
        assert len(frames) == len(set(frames)) == 3


async def test_the_first_frame_of_a_renumbered_device_is_not_lost(bench: Bench) -> None:
    async with bench.running():
        (button,) = await bench.pair("sos-1")
        await bench.do("renumber", device="sos-1")
        await bench.do("press", device="sos-1")
        await bench.hears(button, Quantity.SOS, ALARM)


async def test_an_unknown_device_is_refused_and_told_of_once(bench: Bench) -> None:
    async with bench.running() as driver:
        (contact, button) = await bench.pair("contact-1", "sos-1")
    del bench.ledger[contact]
    bench.inbox.readings.clear()
    async with bench.running() as driver:
        await bench.do("trip", device="contact-1")
        await bench.do("restore", device="contact-1")
        await bench.do("press", device="sos-1")
        await bench.hears(button, Quantity.SOS, ALARM)
        told = bench.inbox.of(hub_part("zigbee"), Quantity.FAULT)
        assert told.count(("unknown_device", True)) == 1
        assert bench.inbox.of(contact, Quantity.CONTACT_OPEN) == []
        assert driver.health().frames_refused >= 2
        details = [r.detail for r in bench.inbox.readings if r.channel == "unknown_device"]
        assert str(contact) in details[0]


async def test_noise_on_the_line_does_not_cost_the_next_alarm(bench: Bench) -> None:
    async with bench.running():
        (button,) = await bench.pair("sos-1")
        heads = ("00ff1234", "fe", "fefe", "fe03", "fe034480", "fefa4481", "fe9644", "fefafefafefa")
        for times, noise in enumerate(heads, 1):
            await bench.do("noise", hex=noise)
            await bench.do("press", device="sos-1")
            await bench.hears(button, Quantity.SOS, ALARM, times=times)


async def test_a_device_that_leaves_is_told_of(bench: Bench) -> None:
    async with bench.running():
        (contact,) = await bench.pair("contact-1")
        await bench.do("leave", device="contact-1")
        await bench.until(lambda: contact in bench.inbox.left, "the device left")


async def test_devices_are_heard_after_a_restart_of_the_hub(bench: Bench) -> None:
    async with bench.running():
        (button,) = await bench.pair("sos-1")
    async with bench.running():
        await bench.do("press", device="sos-1")
        await bench.hears(button, Quantity.SOS, ALARM)


async def test_a_device_struck_out_of_the_ledger_is_heard_no_more(bench: Bench) -> None:
    async with bench.running():
        contact, button = await bench.pair("contact-1", "sos-1")
        await bench.do("trip", device="contact-1")
        await bench.hears(contact, Quantity.CONTACT_OPEN, ALARM)
        del bench.ledger[contact]
        await bench.do("trip", device="contact-1")
        await bench.do("press", device="sos-1")
        await bench.hears(button, Quantity.SOS, ALARM)
        assert bench.inbox.of(contact, Quantity.CONTACT_OPEN).count(ALARM) == 1


async def test_a_flood_of_frames_is_heard_to_the_last(bench: Bench) -> None:
    async with bench.running() as driver:
        await bench.pair("motion-1")
        before = driver.health().frames_in
        await bench.do("flood", device="motion-1", count=300)
        await bench.until(lambda: driver.health().frames_in >= before + 300, "all are heard")
        assert driver.health().frames_refused == 0
