"""`make demo`: one bad minute in a small home, played by real processes.

The radio is emulated, byte by byte; everything else is what runs in a home: guard and link under
`anju up`, the command line, an MQTT broker, the reference platform. Loopback only.
"""
