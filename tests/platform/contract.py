"""Holds what a hub publishes against the published contract, as strictly as it can be read.

Owns which schema is for which message. In a test every platform does this with every message; a
breach fails the test that looks at the platform next.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from sync.contract.schemas import closed

SCHEMAS = Path(__file__).resolve().parents[2] / "sync" / "contract" / "schemas"

MADE_UP = "zigbee-1"
"""The device of the small guard in tests/sync: the bodies of its rows are made up, and only the
envelope of its events is judged."""


def _is_time(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


FORMATS = FormatChecker(formats=[])
FORMATS.checks("date-time", raises=ValueError)(_is_time)


class Contract:
    """The schema files of a folder: as published, or closed against whatever they do not name."""

    def __init__(self, folder: Path = SCHEMAS, *, strict: bool = True) -> None:
        found: dict[str, Any] = {
            path.name: json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(folder.glob("*.json"))
        }
        schemas = {name: closed(schema) if strict else schema for name, schema in found.items()}
        registry: Registry[Any] = Registry().with_resources(
            (name, Resource.from_contents(schema, default_specification=DRAFT202012))
            for name, schema in schemas.items()
        )
        self._judges = {
            name.removesuffix(".json"): Draft202012Validator(
                {"$ref": name}, registry=registry, format_checker=FORMATS
            )
            for name in schemas
        }
        self.names = frozenset(self._judges)

    def fault(self, name: str, message: Any) -> str:
        """Return the first thing that is wrong with a message by a schema, "" when all is well."""
        error = next(iter(self._judges[name].iter_errors(message)), None)
        if error is None:
            return ""
        deepest = error
        while deepest.context:
            deepest = deepest.context[0]
        where = ".".join(str(part) for part in deepest.absolute_path) or "message"
        return f"{name}: {where}: {deepest.message}"[:1000]

    def breach(self, channel: str, plain: bytes) -> str:
        """Return what is wrong with an uncompressed payload that came on `channel`."""
        try:
            message = json.loads(plain)
        except ValueError as error:
            return f"{channel}: not JSON: {error}"
        if isinstance(message, dict) is (channel == "events"):
            return f"{channel}: wanted {'an array' if channel == 'events' else 'an object'}"
        match channel:
            case "status":
                online = message.get("state") == "online"
                return self.fault("status.online" if online else "status.offline", message)
            case "response":
                name = f"response.{message.get('name')}"
                if message.get("ok") is False or name not in self.names:
                    name = "response.refusal"
                events = [_judged(event) for event in message.get("events", ())]
                return self.fault(name, {**message, "events": events})
            case "alarm":
                return self.fault("alarm", _judged(message))
            case "events":
                return self.fault("events", [_judged(event) for event in message])
            case _:
                return self.fault(channel, message)


def _judged(event: Any) -> Any:
    """Return what of an event is judged: all of it, unless its body is made up."""
    if not isinstance(event, dict) or event.get("subject") != MADE_UP:
        return event
    return {**event, "data": {}, "setaside": "not_json"}
