"""The Zigbee driver: a TI CC2652 stick and everything that is paired to it.

    zcl          bytes of one ZCL frame -> header and attributes      pure
    decode       frame -> statements about the home                   pure
    definitions  what a device is, by what it says of itself          pure
    enroll       make a joined device send us its alarms
    actuate      make a siren sound, a valve close
    faults       what is wrong with the stick, in words for a person
    radio        the stick, on zigpy-znp
    driver       the whole, as `drivers.base.PairingDriver`

The path of an alarm is short on purpose: bytes -> zigpy-znp -> `radio.packet_received` -> `decode`
-> inbox, in one call without waiting. Everything that waits for a device is a task beside it.
"""
