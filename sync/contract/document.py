"""The AsyncAPI 3.0 document of the uplink: every topic, its messages, who sends and who receives.

Owns which message goes over which topic. The shapes are the schemas beside it.
"""

from __future__ import annotations

from typing import Any

from agent.core.limits import HEARTBEAT_S
from sync.commands import PARAMS
from sync.messages import WIRE_VERSION, Topics

Part = dict[str, Any]

# Schema -> (channel, what it is). The channel is the attribute of Topics, or a request's name.
SENT: dict[str, tuple[str, str]] = {
    "status.online": ("status", "The birth: the hub is connected. Retained."),
    "status.offline": ("status", "The will of a lost hub, or an orderly end. Retained."),
    "heartbeat": ("heartbeat", f"The hub lives. On connecting and every {HEARTBEAT_S:.0f} s."),
    "alarm": ("alarm", "One event of the urgent lane, at once."),
    "events": ("events", "Events of the bulk lane, oldest first."),
    **{f"response.{n}": ("response", f"A page of the answer to `{n}`.") for n in PARAMS},
    "response.refusal": ("response", "The answer to a request that is not known or not read."),
}
RECEIVED: dict[str, tuple[str, str]] = {
    "ack": ("ack", "The platform has on disk what it names. Only this moves the hub's cursors."),
    **{f"request.{n}": (f"request.{n}", f"Asks the hub to `{n}`.") for n in PARAMS},
}
RETAINED = ("status",)
_CONTENT = {
    "alarm": "application/cloudevents+json",
    "events": "application/cloudevents-batch+json",
}


def asyncapi() -> Part:
    """Return the document. Its payloads refer to `schemas/` beside it."""
    messages = {**SENT, **RECEIVED}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Anju Hub uplink",
            "version": f"{WIRE_VERSION}.0.0",
            "description": "What a hub and the district platform say to each other over MQTT, from "
            "the hub's side. The rules (acknowledging, ordering, identity) are in PROTOCOL.md. "
            "A payload from the hub that begins with the bytes 1f 8b is compressed with gzip.",
            "license": {"name": "GPL-3.0-or-later"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(name, messages) for name in _channels(messages)},
        "operations": _operations(),
        "components": {
            "messages": {name: _message(name, says) for name, (_, says) in messages.items()},
            "parameters": {
                "district": {"description": "Name of the district, as in the hub's configuration."},
                "hub": {"description": "Name of the hub, unique in its district."},
            },
        },
    }


def address(channel: str) -> str:
    """Return the topic of a channel, with the names of its parameters.

    >>> address("request.pull")
    'anju/v1/{district}/{hub}/request/pull'
    """
    topics = Topics("{district}", "{hub}")
    if channel.startswith("request."):
        return topics.request(channel.removeprefix("request."))
    found: str = getattr(topics, channel)
    return found


def _channels(messages: dict[str, tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(channel for channel, _ in messages.values()))


def _channel(name: str, messages: dict[str, tuple[str, str]]) -> Part:
    return {
        "address": address(name),
        "parameters": {
            part: {"$ref": f"#/components/parameters/{part}"} for part in ("district", "hub")
        },
        "messages": {
            message: {"$ref": f"#/components/messages/{message}"}
            for message, (channel, _) in messages.items()
            if channel == name
        },
    }


def _message(name: str, says: str) -> Part:
    made: Part = {
        "name": name,
        "summary": says,
        "contentType": _CONTENT.get(name, "application/json"),
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"schemas/{name}.json"},
        },
    }
    if name.startswith(("request.", "response.")):
        made["correlationId"] = {"location": "$message.payload#/request_id"}
    return made


def _operations() -> Part:
    made: Part = {}
    for channel in _channels(SENT):
        made[f"send.{channel}"] = _operation("send", channel)
    for channel in _channels(RECEIVED):
        made[f"receive.{channel}"] = _operation("receive", channel)
    for name in PARAMS:
        made[f"receive.request.{name}"]["reply"] = {
            "channel": {"$ref": "#/channels/response"},
            "messages": [
                {"$ref": f"#/channels/response/messages/{message}"}
                for message in (f"response.{name}", "response.refusal")
            ],
        }
    return made


def _operation(action: str, channel: str) -> Part:
    mqtt: Part = {"qos": 1, "bindingVersion": "0.2.0"}
    if action == "send":
        mqtt["retain"] = channel in RETAINED
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"mqtt": mqtt},
    }
