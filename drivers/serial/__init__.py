"""Drivers of what hangs on a serial line. One package a device; each owns its own port."""
