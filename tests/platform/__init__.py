"""The reference platform: a small, correct consumer of sync/PROTOCOL.md, as a process of its own.

It shows the platform's engineers how to write theirs, and it is the other end in tests and in the
demo. `store` keeps, `consumer` decides, `__main__` runs, `client` starts it from a test.
"""
