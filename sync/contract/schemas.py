"""One JSON Schema (draft 2020-12) for each message, from the pydantic models.

Published schemas are open: a field or a word that is not there yet may come with a later release,
and a consumer must not break on it. So objects may have more fields, and a list of words that can
grow is `x-extensible-enum`. `closed` gives the schema back as the hub of this release keeps to it.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from agent.core.alarm import Severity
from agent.core.clock import TimeQuality
from agent.core.row import Kind
from sync.codec import QUALIFIERS
from sync.commands import PARAMS
from sync.contract.answers import ANSWERS, Refusal
from sync.contract.bodies import BODIES, ROW_ID, UNREADABLE
from sync.limits import BATCH_ROWS
from sync.messages import TYPE_PREFIX, WIRE_VERSION, Ack, Event, Heartbeat, Request, Status

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
WORDS = "x-extensible-enum"
GROWING = ("ActuationKind", "DeviceKind", "Hazard", "Quantity")
"""Lists of words that a later release may add to."""


def schemas() -> dict[str, Schema]:
    """Return every schema by its file name; they refer to one another by these names."""
    found: dict[str, Schema] = {
        "status.online": _status("online", ("started", "reconnected")),
        "status.offline": _status("offline", ("lost", "stopped")),
        "heartbeat": _sent(Heartbeat),
        "event": _event(),
        "alarm": _of_lane("urgent"),
        "events": _events(),
        "ack": _received(Ack),
        "response.refusal": _sent(Refusal),
    }
    for name, params in PARAMS.items():
        found[f"request.{name}"] = _request(name, params)
        found[f"response.{name}"] = _response(name, ANSWERS[name])
    for body in dict.fromkeys(BODIES.values()):
        found[body_name(body)] = _sent(body)
    return {
        f"{name}.json": {"$schema": DIALECT, "title": name, **schema}
        for name, schema in sorted(found.items())
    }


def body_name(body: type[BaseModel]) -> str:
    """Return the name of the schema of a body: that of its kind, or of what its kinds share.

    >>> from sync.contract.bodies import Alarm, Gap
    >>> body_name(Alarm), body_name(Gap)
    ('data.alarm', 'data.gap')
    """
    kinds = [kind for kind, model in BODIES.items() if model is body]
    if len(kinds) == 1:
        return f"data.{kinds[0]}"
    return "data.alarm" if Kind.ALARM_RAISED in kinds else f"data.actuation.{body.__name__.lower()}"


def closed(schema: Any) -> Any:
    """Return a published schema without its openness: no more fields, no more words.

    >>> closed({"type": "object", "properties": {}})
    {'type': 'object', 'properties': {}, 'additionalProperties': False}
    """
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if made.get("type") == "object" and isinstance(made.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    if WORDS in made:
        made["enum"] = made[WORDS]
    return made


# --- the messages ---------------------------------------------------------------------------------


def _status(state: str, reasons: tuple[str, ...]) -> Schema:
    schema = _sent(Status)
    schema["properties"]["state"] = {"const": state, "type": "string"}
    schema["properties"]["reason"] = {"enum": [*reasons], "type": "string"}
    return schema


def _event() -> Schema:
    """Return the envelope, and for every kind of row what goes with it."""
    schema = _sent(Event)
    words = {
        "id": {"pattern": ROW_ID},
        "source": {"pattern": "^/anju/[^/]+/[^/]+$"},
        "type": {
            "pattern": f"^{TYPE_PREFIX.replace('.', '[.]')}",
            WORDS: _types([*Kind, UNREADABLE]),
        },
        "severity": {"enum": [severity.value for severity in Severity]},
        "timequality": {"enum": [quality.value for quality in TimeQuality]},
        "setaside": {"enum": ["oversize", "not_json"]},
    }
    for name, more in words.items():
        schema["properties"][name] |= more
    alarms = _types([kind for kind in Kind if kind.startswith("alarm.")])
    rules = [
        _when({"type": {"enum": alarms}}, {"required": ["severity", "subject"]}),
        _when({"type": {"enum": _types([UNREADABLE])}}, {"required": ["setaside"]}),
        _when({"setaside": {}}, {"properties": {"data": {"maxProperties": 0}}}),
    ]
    for word in ("E", "R"):
        meant = _types([kind for kind in Kind if QUALIFIERS.get(kind) == word])
        then = {"required": ["qualifier"], "properties": {"qualifier": {"const": word}}}
        rules.append(_when({"type": {"enum": meant}}, then))
    rules.append(
        _when({"qualifier": {}}, {"properties": {"type": {"enum": _types([*QUALIFIERS])}}})
    )
    for body in dict.fromkeys(BODIES.values()):
        meant = _types([kind for kind, model in BODIES.items() if model is body])
        rule = _when(
            {"type": {"enum": meant}},
            {"properties": {"data": {"$ref": f"{body_name(body)}.json"}}},
        )
        rule["if"]["not"] = {"required": ["setaside"]}
        rules.append(rule)
    return {**schema, "allOf": rules}


def _events() -> Schema:
    return {
        "description": "A CloudEvents batch, oldest first, all of one journal and of lane `bulk`.",
        "type": "array",
        "minItems": 1,
        "maxItems": BATCH_ROWS,
        "items": _of_lane("bulk"),
    }


def _of_lane(lane: str) -> Schema:
    return {"allOf": [{"$ref": "event.json"}, {"properties": {"lane": {"const": lane}}}]}


def _request(name: str, params: type[BaseModel]) -> Schema:
    schema = _received(Request)
    schema["properties"]["params"] = _received(params)
    assert "$defs" not in schema["properties"]["params"], "its references would lead nowhere"
    if "required" in schema["properties"]["params"]:
        schema["required"].append("params")
    return {**schema, "description": f"`{name}` on `request/{name}`."}


def _response(name: str, answer: type[BaseModel]) -> Schema:
    done = _sent(answer)
    done["properties"]["name"] = {"const": name, "type": "string"}
    refused = {
        "allOf": [{"$ref": "response.refusal.json"}],
        "properties": {"name": {"const": name}},
    }
    shared = {"$defs": done.pop("$defs")} if "$defs" in done else {}
    says = f"The answer to `{name}`: done, or refused."
    return {**shared, "description": says, "anyOf": [done, refused]}


def _types(kinds: list[str]) -> list[str]:
    return [f"{TYPE_PREFIX}{kind}" for kind in kinds]


def _when(properties: Schema, then: Schema) -> Schema:
    return {"if": {"required": [*properties], "properties": properties}, "then": then}


# --- from pydantic's form to ours -----------------------------------------------------------------


def _sent(model: type[BaseModel]) -> Schema:
    """Return the schema of what the hub sends: every field is there, but for those that may be
    left out, which are never null."""
    return _open(_by_reference(model.model_json_schema(mode="serialization")))


def _received(model: type[BaseModel]) -> Schema:
    """Return the schema of what the hub takes."""
    made: Schema = _untitled(_by_reference(model.model_json_schema(mode="validation")))
    return made


def _by_reference(schema: Schema) -> Schema:
    """Have an event inside another message be the published schema of events."""
    if "Event" not in schema.get("$defs", {}):
        return schema
    del schema["$defs"]["Event"]
    if not schema["$defs"]:
        del schema["$defs"]
    made: Schema = _replaced(schema, "#/$defs/Event", "event.json")
    return made


def _replaced(schema: Any, before: str, after: str) -> Any:
    if isinstance(schema, list):
        return [_replaced(one, before, after) for one in schema]
    if isinstance(schema, dict):
        return {key: _replaced(value, before, after) for key, value in schema.items()}
    return after if schema == before else schema


def _open(schema: Schema) -> Schema:
    """Let a later release add fields and words."""
    made: Schema = _untitled(schema)
    for name, part in made.get("$defs", {}).items():
        if name in GROWING:
            part[WORDS] = part.pop("enum")
    for part in (made, *made.get("$defs", {}).values()):
        if "properties" not in part:
            continue
        if part.get("additionalProperties") is False:
            del part["additionalProperties"]
        is_of_the_wire = "default" in part["properties"].get("version", ())
        for field, shape in part["properties"].items():
            may_be_missing = "default" in shape and field not in ALWAYS
            if not may_be_missing and field not in part.get("required", ()):
                part.setdefault("required", []).append(field)
            part["properties"][field] = _never_null(shape)
        if is_of_the_wire:
            part["properties"]["version"] = {"const": WIRE_VERSION, "type": "integer"}
    return made


ALWAYS = ("version", "specversion", "datacontenttype")
"""Fields with a default that are on the wire all the same."""


def _never_null(shape: Schema) -> Schema:
    """Return the shape of a field that is left out rather than null."""
    if "default" not in shape:
        return shape
    rest = {key: value for key, value in shape.items() if key not in ("default", "anyOf")}
    choices = [one for one in shape.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        return {**choices[0], **rest}
    return {**rest, "anyOf": choices} if choices else rest


def _untitled(schema: Any) -> Any:
    """Return the schema without the titles that only say the field's name again."""
    if isinstance(schema, list):
        return [_untitled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _untitled(part) for name, part in value.items()}
        if key in ("properties", "$defs")
        else _untitled(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }
