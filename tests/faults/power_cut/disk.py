"""Devices and mounts: a disk whose writes are recorded, and one to look at what a cut left.

Owns what must be given back: mounts, loop devices, the daemon. Each is a context that gives it back
however it ends. All mounts are made in a mount namespace of our own (`own_mounts`), so that even a
killed run leaves none behind.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

IMAGE_BYTES = 40 << 20

PROGRAMS = ("qemu-storage-daemon", "mkfs.ext4", "e2fsck", "debugfs", "losetup", "setpriv")

_SBIN = "/usr/sbin:/sbin"
_MS_NOATIME, _MS_REC, _MS_PRIVATE = 1024, 16384, 1 << 18
_MNT_DETACH = 2
_CLONE_NEWNS = 0x00020000
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_READY_WITHIN_S = 10.0


class DiskError(RuntimeError):
    """A device of the rig cannot be set up."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A mounted disk and the record of its writes."""

    mount: Path
    record: Path


def what_is_missing() -> str:
    """Return in one sentence why disks cannot be made here, "" when they can."""
    if os.geteuid() != 0:
        return "mounting a disk needs root"
    for device in ("/dev/fuse", "/dev/loop-control"):
        try:
            os.close(os.open(device, os.O_RDWR))
        except OSError as error:
            return f"{device} cannot be used: {error.strerror}"
    absent = [name for name in PROGRAMS if _program(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def own_mounts() -> None:
    """Take a mount namespace of our own, which ends with the last of our processes.

    Errors: OSError where that is not allowed, as in most containers.
    """
    _call(_LIBC.unshare(_CLONE_NEWNS))
    _call(_LIBC.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None))


def be_a_worker() -> None:
    """Be ended by an interrupt only, and be interrupted when the parent ends, however it ends.

    A pool that breaks sends SIGTERM to all its workers: that must not end one that tidies up.
    """
    signal.signal(signal.SIGTERM, lambda *_: None)
    _call(_LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0))


def make_image(path: Path) -> None:
    """Make an empty ext4 file system in a file."""
    with path.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    # Everything is written now: a lazy initialisation would go on in the record for minutes.
    lazy = "lazy_itable_init=0,lazy_journal_init=0"
    run("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", lazy, str(path))


@contextmanager
def recorded(folder: Path, image: Path, options: str) -> Iterator[Recorded]:
    """Mount a copy of `image` with a record of every request that reaches the disk below it."""
    disk, record, export, mount = (folder / name for name in ("disk", "record", "export", "mnt"))
    shutil.copyfile(image, disk)
    record.touch()
    export.touch()
    mount.mkdir()
    with _daemon(disk, record, export), loop(export) as device, mounted(device, mount, options):
        yield Recorded(mount, record)


@contextmanager
def _daemon(disk: Path, record: Path, export: Path) -> Iterator[None]:
    log_writes = (
        "driver=blklogwrites,node-name=logged,file=disk,log=record,"
        "log-sector-size=512,log-super-update-interval=1"
    )
    command = [
        *("setpriv", "--pdeathsig", "TERM", "qemu-storage-daemon"),
        *("--blockdev", f"driver=file,node-name=disk,filename={disk}"),
        *("--blockdev", f"driver=file,node-name=record,filename={record}"),
        *("--blockdev", log_writes),
        *("--export", f"type=fuse,id=fuse,node-name=logged,mountpoint={export},writable=on"),
    ]
    # A session of its own: Ctrl-C must not take the disk away before it is unmounted.
    daemon = subprocess.Popen(command, start_new_session=True, env=_environment())
    try:
        deadline_s = time.monotonic() + _READY_WITHIN_S
        while export.stat().st_size != IMAGE_BYTES:
            if daemon.poll() is not None or time.monotonic() > deadline_s:
                raise DiskError(f"qemu-storage-daemon does not serve (code {daemon.poll()})")
            _wait(0.01)
        yield
    finally:
        daemon.terminate()
        try:
            daemon.wait(_READY_WITHIN_S)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


@contextmanager
def loop(file: Path) -> Iterator[Path]:
    """Make a block device of a file."""
    device = run("losetup", "--find", "--show", str(file)).strip()
    try:
        yield Path(device)
    finally:
        run("losetup", "--detach", device)
        # It goes when the last reader has closed it; until then the file below is in use.
        deadline_s = time.monotonic() + _READY_WITHIN_S
        while _is_attached(Path(device)) and time.monotonic() < deadline_s:
            _wait(0.01)


@contextmanager
def mounted(device: Path, mount: Path, options: str = "") -> Iterator[None]:
    """Mount a device. Errors: OSError when the file system is beyond what its journal mends."""
    _call(
        _LIBC.mount(os.fsencode(device), os.fsencode(mount), b"ext4", _MS_NOATIME, options.encode())
    )
    try:
        yield
    finally:
        _unmount(mount)


def run(*command: str, codes: tuple[int, ...] = (0,)) -> str:
    """Run a program and return what it said. Errors: DiskError on another exit code."""
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", env=_environment(), check=False
    )
    if done.returncode not in codes:
        said = (done.stderr or done.stdout).strip()
        raise DiskError(f"{command[0]} ended with {done.returncode}: {said[-300:]}")
    return done.stdout


def _unmount(mount: Path) -> None:
    for _ in range(100):
        with suppress(OSError):
            _call(_LIBC.umount2(os.fsencode(mount), 0))
            return
        _wait(0.02)
    _call(_LIBC.umount2(os.fsencode(mount), _MNT_DETACH))


def _is_attached(device: Path) -> bool:
    return Path(f"/sys/block/{device.name}/loop").exists()


def _call(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _program(name: str) -> str | None:
    return shutil.which(name, path=_environment()["PATH"])


def _environment() -> dict[str, str]:
    """Debian keeps these programs in /usr/sbin, which is not on everybody's PATH."""
    return {
        **os.environ,
        "PATH": f"{os.environ.get('PATH', '/usr/bin:/bin')}:{_SBIN}",
        "LC_ALL": "C",
    }


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
