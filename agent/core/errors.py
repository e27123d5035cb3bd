"""One tree of errors, named by who must act.

A message says what and where, what was found, what was wanted, and for a person the next step.
Programmer faults are not in this tree: they are `assert` and `RuntimeError`, end the task, and the
supervisor starts it again.
"""

from __future__ import annotations


class HubError(Exception):
    """Something outside the program is not as it must be."""


class ConfigError(HubError):
    """The configuration file is wrong: the installer must change it."""


class DeviceError(HubError):
    """A device or its battery needs attention."""


class FrameError(DeviceError):
    """A device sent bytes that its protocol does not allow."""


class TransportError(HubError):
    """A cable, port or radio does not work: the technician must look at it."""


class JournalError(HubError):
    """The disk does not keep what it is told."""


class UplinkError(HubError):
    """The network or the platform does not answer."""


class CommandRefused(HubError):
    """The caller asked for something that is not allowed, not known or not possible now.

    `code` is a short stable word for programs ("unknown_alarm"), the message is for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
