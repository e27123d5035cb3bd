"""Opens a signed document of the platform, or says why it is not one.

Owns what is signed and what it must say of itself. The signature is Ed25519 over the document's own
bytes as they came, behind a line that says what kind of thing is signed: a signature made for
something else fits nothing here, and nothing is ever written out anew to be checked.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from agent.core.clock import Stamp, TimeQuality
from agent.core.errors import CommandRefused

SIGNED_PREFIX = b"anju-hub signed request v1\n"
LIFETIME_S = 86_400.0
SKEW_S = 300.0
TRIAL_S = 120
TRIAL_MIN_S, TRIAL_MAX_S = 5, 600
"""How long a change is on trial: long enough for a slow line to come back, short enough for people
to wait for it."""


class Document(BaseModel):
    """What a signed document says. `content` is that of its request, judged by the part it changes.

    Unknown fields are refused: what was signed and is not understood must not be done.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    request: str = Field(max_length=64)
    request_id: str = Field(max_length=64)
    hub: str = Field(max_length=64)
    district: str = Field(max_length=64)
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    version: int = Field(ge=1, le=2**53, strict=True)
    trial_s: int = Field(default=TRIAL_S, ge=TRIAL_MIN_S, le=TRIAL_MAX_S, strict=True)
    content: dict[str, Any]


class Envelope(BaseModel):
    """The request around a document: what it must agree with."""

    model_config = ConfigDict(frozen=True)

    request: str
    request_id: str
    hub: str
    district: str


ModelT = TypeVar("ModelT", bound=BaseModel)


def open_document(
    text: str, kid: str, signature: str, keys: Mapping[str, str], envelope: Envelope, now: Stamp
) -> Document:
    """Return what the document says.

    `keys`: base64 of the raw public keys by kid. Errors: CommandRefused "unknown_key",
    "bad_signature", "malformed", "wrong_hub", "wrong_document", "expired", "not_yet".
    """
    _check_signature(text.encode(errors="surrogatepass"), kid, signature, keys)
    document = parsed(Document, text)
    if (document.hub, document.district) != (envelope.hub, envelope.district):
        raise CommandRefused("wrong_hub", "the document is signed for another hub")
    if (document.request, document.request_id) != (envelope.request, envelope.request_id):
        raise CommandRefused("wrong_document", "the document is signed for another request")
    _check_time(document, now)
    return document


def parsed(model: type[ModelT], text: str) -> ModelT:
    """Return the model of a JSON text. Errors: CommandRefused "malformed"."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part)[:64] for part in fault["loc"]) or "document"
        raise CommandRefused("malformed", f"document: {where}: {fault['msg']}"[:300]) from error
    except ValueError as error:  # Half a surrogate pair, which JSON can say and UTF-8 cannot.
        raise CommandRefused("malformed", f"document: {error}"[:300]) from error


def _check_signature(signed: bytes, kid: str, signature: str, keys: Mapping[str, str]) -> None:
    # Loaded here: a home that never gets a signed request need not pay for it at the start.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = keys.get(kid)
    if key is None:
        raise CommandRefused("unknown_key", "no key of this kid in [uplink] command_keys")
    try:
        raw = base64.b64decode(signature, validate=True)
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        public.verify(raw, SIGNED_PREFIX + signed)
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise CommandRefused("bad_signature", "the signature does not fit the document") from error


def _check_time(document: Document, now: Stamp) -> None:
    """Refuse what is out of its time, as far as our clock can tell; the version tells the rest."""
    life_s = (document.expires_at - document.issued_at).total_seconds()
    if not 0 < life_s <= LIFETIME_S:
        raise CommandRefused("malformed", "document: expires_at: want it after issued_at by a day")
    if now.quality is TimeQuality.UNKNOWN:
        return
    if document.expires_at.timestamp() < now.wall_s:
        raise CommandRefused("expired", "the document's expires_at has passed")
    if now.quality is TimeQuality.SYNCED and document.issued_at.timestamp() > now.wall_s + SKEW_S:
        raise CommandRefused("not_yet", "the document's issued_at is in the future")
