"""The modem driver: text messages and telephone calls, when the broadband is gone and beside it.

    decode/       what the modem says and what a text is made of      pure
    faults        what is wrong with the modem, in words for a person
    line          the serial port, in threads of its own
    talk          one question at a time, and news between
    start         from a port that opened to a module that is ready; the PIN
    texts         text messages out and in
    calls         one telephone call
    driver        the whole, as `drivers.base.Driver`, with `send_sms` and `call`

Nothing of it is in the way of an alarm: a port that hangs holds up its own thread, every question
has a bound, and what the modem says is taken in small pieces between other events.
"""
