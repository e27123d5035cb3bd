"""Signs requests that change a hub, as the district's tool for its operators would.

Owns the form of a signed document from the platform's side; what the hub makes of it is in
`agent/site/signed.py`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX = b"anju-hub signed request v1\n"


@dataclass(frozen=True, slots=True)
class Signer:
    """One key of the district. `kid` is its name in the hubs' configuration."""

    kid: str
    key: Ed25519PrivateKey

    @classmethod
    def load(cls, kid: str, path: Path) -> Signer:
        """Return the signer of a PEM file. Errors: OSError, ValueError."""
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path}: not an Ed25519 key")
        return cls(kid, key)

    @property
    def public(self) -> str:
        """Return what stands in `[uplink] command_keys`."""
        raw = self.key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return base64.b64encode(raw).decode()

    def params(self, document: str) -> dict[str, str]:
        """Return the params of a request that carries the document."""
        signature = self.key.sign(PREFIX + document.encode())
        return {
            "kid": self.kid,
            "document": document,
            "signature": base64.b64encode(signature).decode(),
        }


def document(
    request: str, request_id: str, hub: str, district: str, at_s: float, said: Mapping[str, Any]
) -> str:
    """Return the text of a document; `said` holds `version` and `content`, and may replace what is
    said of itself."""
    issued = datetime.fromtimestamp(at_s, UTC)
    head = {
        "request": request,
        "request_id": request_id,
        "hub": hub,
        "district": district,
        "issued_at": issued.isoformat(),
        "expires_at": (issued + timedelta(seconds=60)).isoformat(),
    }
    return json.dumps({**head, **said}, ensure_ascii=False)
