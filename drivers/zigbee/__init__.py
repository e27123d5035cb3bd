"""The Zigbee driver: a TI CC2652 stick and everything that is paired to it.

    zcl          bytes of one ZCL frame -> header and attributes        pure
    decode       frame -> statements about the home                     pure
    frames       frame -> its name, to know a retransmission            pure
    definitions  what a device is, by what it says of itself            pure
    faults       what is wrong with the stick, in words for a person
    ears         what the stick tells its driver
    coordinator  the library's application, with our taps in it
    radio        one connection: open, ask devices, close
    hearing      frame -> readings in the inbox; who may speak
    enroll       make a device send us its alarms
    arrivals     devices on their way in, and those that forgot
    actuate      make a siren sound, a valve close
    driver       the whole, as `drivers.base.PairingDriver`

The path of an alarm is short on purpose: bytes -> zigpy-znp -> `Coordinator.packet_received` ->
`Hearing.hear` -> inbox, in one call without waiting. Everything that waits for a device is a task
beside it. The library is loaded when the first stick is opened, not before.
"""
