"""The hub's own key and certificate: made here, and the key never leaves.

Owns the files `identity/N.key` (a key that waits for its certificate) and `identity/N.pem` (key and
certificate in one file, so that they can never be of two kinds). A file is written once, durably,
and never changed; which of them holds is the matter of `state`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import kept_copy
from agent.core.clock import Stamp, TimeQuality
from agent.core.errors import CommandRefused

if TYPE_CHECKING:
    from cryptography import x509

CERTIFICATE_CHARS = 24_000
_CHAIN_MAX = 5


def folder_of(data_dir: Path) -> Path:
    """Return where the identities are."""
    return data_dir / "identity"


def pem_of(data_dir: Path, version: int) -> Path:
    """Return the file with key and certificate of a version."""
    return folder_of(data_dir) / f"{version}.pem"


def request_certificate(data_dir: Path, version: int, hub: str, district: str) -> str:
    """Make the key of `version`, unless it is there, and return a request (PEM) to have it
    certified.

    The same version gives the same key again. Errors: OSError.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    path = folder_of(data_dir) / f"{version}.key"
    if not path.exists():
        # P-256: every broker's TLS library takes it, which is not so for Ed25519.
        made = ec.generate_private_key(ec.SECP256R1())
        text = made.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _write(path, text)
    names = [
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, district),
        x509.NameAttribute(NameOID.COMMON_NAME, hub),
    ]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    signed = builder.sign(_key(path), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def install(
    data_dir: Path, version: int, certificate: str, ca_file: Path | None, now: Stamp
) -> Path:
    """Write the certificate with the key of `version` that waits for it; return the file.

    Errors: CommandRefused "no_pending_key" without such a key, "bad_certificate" when it is none,
    is not of our key, is not valid now, or is of no authority in `ca_file`. OSError.
    """
    from cryptography import x509

    pending = folder_of(data_dir) / f"{version}.key"
    if not pending.exists():
        raise CommandRefused("no_pending_key", f"no key of version {version} waits; ask for a csr")
    try:
        chain = x509.load_pem_x509_certificates(certificate.encode())
        authorities = [] if ca_file is None else _authorities(ca_file)
    except ValueError as error:
        raise _bad(f"cannot be read: {error}") from error
    if len(chain) > _CHAIN_MAX:
        raise _bad(f"{len(chain)} certificates, want at most {_CHAIN_MAX}")
    if chain[0].public_key() != _key(pending).public_key():
        raise _bad(f"it is not of the key of version {version}")
    if now.quality is not TimeQuality.UNKNOWN:
        at = datetime.fromtimestamp(now.wall_s, UTC)
        if not chain[0].not_valid_before_utc <= at <= chain[0].not_valid_after_utc:
            raise _bad("it is not valid now")
    if ca_file is not None and not _is_issued(chain, authorities):
        raise _bad("no authority of [uplink] ca_file issued it")
    path = pem_of(data_dir, version)
    _write(path, pending.read_bytes() + certificate.encode())
    return path


def keep_only(data_dir: Path, wanted: Callable[[int], bool]) -> None:
    """Remove what is of no wanted version. What cannot be removed stays."""
    with suppress(OSError):
        for path in folder_of(data_dir).iterdir():
            version = path.name.partition(".")[0]
            if not (version.isdecimal() and wanted(int(version))):
                path.unlink(missing_ok=True)


def _write(path: Path, text: bytes) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    kept_copy.sync_folder(path.parent)


def _key(path: Path) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(path.read_bytes(), password=None)


def _authorities(ca_file: Path) -> list[x509.Certificate]:
    from cryptography import x509

    return x509.load_pem_x509_certificates(ca_file.read_bytes())


def _is_issued(chain: list[x509.Certificate], authorities: list[x509.Certificate]) -> bool:
    """Return whether each certificate issued the one before it, and an authority the last one."""
    links = all(_issued(lower, upper) for lower, upper in pairwise(chain))
    return links and any(_issued(chain[-1], authority) for authority in authorities)


def _issued(lower: x509.Certificate, upper: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        lower.verify_directly_issued_by(upper)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _bad(why: str) -> CommandRefused:
    return CommandRefused("bad_certificate", f"the certificate: {why}"[:300])
