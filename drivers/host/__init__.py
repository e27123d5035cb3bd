"""The hub's own parts: its power, its board, its button and lamp, its speaker.

    decode   what sysfs says -> power, board, storage                   pure
    files    looks at sysfs: absent, broken or a value
    faults   what is wrong with a part of the hub, in words for a person
    uevents  the kernel's word that something has changed
    power    mains and battery, as a driver
    board    clock chip, temperature and storage, as a driver
    gpio     lines of a GPIO chip, by the kernel's own calls
    panel    call button and lamp, as a driver
    wav      a recording -> samples                                     pure
    turns    which sound is next, and which one it breaks into          pure
    play     the programs that make a sound and speak
    speaker  the speaker, as a driver

Each is a driver of its own: a hub without a battery still has its speaker, and a sound card that
hangs does not keep the button from being heard.
"""
