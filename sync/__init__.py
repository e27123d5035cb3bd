"""The uplink: reads the journal, tells the platform, waits for the platform's own word.

`codec` and `session` decide and are pure; `mqtt`, `commands`, `rows` and `guard_line` touch the
world; `link` puts them together. What the platform's engineers need is in PROTOCOL.md.
"""
