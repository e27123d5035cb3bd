"""Tests of the emulators: bytes, the real host library, and a second judge."""
