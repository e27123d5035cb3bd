"""The published contract: whole, true to the program, and sharp enough to refuse what is wrong."""

from __future__ import annotations

import ast
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.core.alarm import CONTACT_ID
from agent.core.row import Kind, Lane
from sync import codec
from sync.codec import QUALIFIERS, Origin, Outgoing
from sync.commands import PARAMS
from sync.contract.__main__ import SYNC, drifted, main, write
from sync.contract.answers import ANSWERS, REFUSALS
from sync.contract.bodies import BODIES
from sync.contract.document import RECEIVED, SENT, address, asyncapi
from sync.contract.schemas import body_name, schemas
from sync.messages import Response, Topics
from tests.platform.contract import Contract
from tests.sync.contract_samples import EVENTS, MESSAGES
from tests.sync.world import row

Document = dict[str, Any]

SITE = SYNC.parent / "agent" / "site"
OPEN, STRICT = Contract(strict=False), Contract()
GENERATED = ["contract/asyncapi.json", "contract/schemas/event.json", "PROTOCOL.md"]


# --- generated, and not drifted -------------------------------------------------------------------


def copy_of_the_contract(folder: Path) -> Path:
    """Return a folder with the generated files as they are in the repository."""
    shutil.copytree(SYNC / "contract" / "schemas", folder / "contract" / "schemas")
    shutil.copyfile(SYNC / "contract" / "asyncapi.json", folder / "contract" / "asyncapi.json")
    shutil.copyfile(SYNC / "PROTOCOL.md", folder / "PROTOCOL.md")
    return folder


def test_the_committed_files_are_what_the_program_says() -> None:
    assert drifted() == [], "run: make docs"


@pytest.mark.parametrize("name", GENERATED)
def test_a_file_that_was_changed_by_hand_is_named(tmp_path: Path, name: str) -> None:
    folder = copy_of_the_contract(tmp_path)
    file = folder / name
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace("162", "163").replace('"S1"', '"S0"').replace("ack", "akc"))
    assert drifted(folder) == [name]
    write(folder)
    assert drifted(folder) == []


def test_a_missing_file_and_one_too_many_are_named(tmp_path: Path) -> None:
    folder = copy_of_the_contract(tmp_path)
    (folder / "contract" / "schemas" / "ack.json").unlink()
    (folder / "contract" / "schemas" / "old.json").write_text("{}")
    assert drifted(folder) == ["contract/schemas/ack.json", "contract/schemas/old.json"]
    write(folder)
    assert drifted(folder) == []


def test_the_check_says_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert "up to date" in capsys.readouterr().out


# --- complete -------------------------------------------------------------------------------------


def test_every_kind_of_row_has_a_body() -> None:
    assert BODIES.keys() == set(Kind)
    assert {f"{body_name(body)}.json" for body in BODIES.values()} <= schemas().keys()


def test_every_request_has_its_answer_and_the_answers_are_the_response() -> None:
    assert ANSWERS.keys() == PARAMS.keys()
    fields = {field for answer in ANSWERS.values() for field in answer.model_fields}
    assert fields == Response.model_fields.keys()


def test_every_code_of_a_refusal_is_explained() -> None:
    said: set[str] = set()
    files = ["sync/commands.py", "sync/link.py", "agent/response/lifecycle.py"]
    files += [f"agent/{name}.py" for name in ("requests", "once", "remote", "drills")]
    files += [f"agent/site/{path.name}" for path in SITE.glob("*.py")]
    for name in files:
        tree = ast.parse((SYNC.parent / name).read_text(encoding="utf-8"))
        said |= {
            str(node.args[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "CommandRefused"
            and isinstance(node.args[0], ast.Constant)
        }
    assert said
    assert said <= REFUSALS.keys()
    assert REFUSALS.keys() - said == {"internal"}, "explained, but never said"


def test_every_event_number_stands_in_the_protocol() -> None:
    text = (SYNC / "PROTOCOL.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", text, re.MULTILINE)
    assert {hazard: int(code) for hazard, code in table} == CONTACT_ID


@pytest.mark.parametrize("kind", Kind)
def test_an_event_of_the_codec_is_as_in_the_contract(kind: Kind) -> None:
    sample = next(event for event in EVENTS if event["type"].endswith(f"hub.{kind}"))
    stored = row(7, Lane.BULK, kind=kind, body=json.dumps(sample["data"]))
    stored = replace(stored, severity=sample.get("severity"))
    out = Outgoing(stored, 6, 0, True, 3)
    event = json.loads(codec.encode_event(out, Origin("d1", "hub-1")))
    assert STRICT.fault("event", event) == ""
    assert event.get("qualifier") == QUALIFIERS.get(kind)


# --- AsyncAPI -------------------------------------------------------------------------------------


def references(part: Any) -> list[str]:
    """Return every $ref in a document."""
    if isinstance(part, list):
        return [found for one in part for found in references(one)]
    if not isinstance(part, dict):
        return []
    here = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return here + [found for value in part.values() for found in references(value)]


def resolve(reference: str, document: Document, folder: Path) -> Any:
    """Return what a reference leads to. Errors: KeyError, FileNotFoundError."""
    file, _, pointer = reference.partition("#")
    found: Any = document
    if file:
        found = json.loads((folder / file).read_text(encoding="utf-8"))
    for part in pointer.split("/")[1:]:
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def test_every_reference_of_the_document_and_of_the_schemas_leads_somewhere() -> None:
    folder = SYNC / "contract"
    for document, place in [
        (asyncapi(), folder),
        *((s, folder / "schemas") for s in schemas().values()),
    ]:
        for reference in references(document):
            assert resolve(reference, document, place) is not None


def test_every_topic_is_a_channel_and_every_message_has_a_schema() -> None:
    document = asyncapi()
    topics = Topics("{district}", "{hub}")
    wanted = {value for name, value in vars(topics).items() if name not in ("root", "requests")}
    wanted |= {topics.request(name) for name in PARAMS}
    assert {channel["address"] for channel in document["channels"].values()} == wanted
    assert document["components"]["messages"].keys() == SENT.keys() | RECEIVED.keys()
    for name, message in document["components"]["messages"].items():
        assert message["payload"]["schema"] == {"$ref": f"schemas/{name}.json"}
    carried = [name for channel in document["channels"].values() for name in channel["messages"]]
    assert sorted(carried) == sorted(document["components"]["messages"])


def test_what_the_hub_subscribes_it_receives_and_the_rest_it_sends() -> None:
    document = asyncapi()
    acts = {(op["action"], op["channel"]["$ref"]) for op in document["operations"].values()}
    assert len(acts) == len(document["channels"])
    for name in document["channels"]:
        received = address(name).endswith("/ack") or "/request/" in address(name)
        assert ("receive" if received else "send", f"#/channels/{name}") in acts


# --- sharp ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(OPEN.names))
def test_a_schema_takes_what_is_right(name: str) -> None:
    assert MESSAGES[name], f"no sample of {name}"
    for message in MESSAGES[name]:
        assert STRICT.fault(name, message) == ""
        assert OPEN.fault(name, message) == ""


@pytest.mark.parametrize("name", sorted(OPEN.names))
def test_a_schema_refuses_what_is_wrong(name: str) -> None:
    assert OPEN.fault(name, None)
    assert OPEN.fault(name, 7)
    for message in MESSAGES[name]:
        assert OPEN.fault(name, {} if isinstance(message, list) else [])
        wrong = [message] if isinstance(message, dict) else message
        for part in wrong:
            for key in part:
                bad = {**part, key: {"what": ["nobody", "sends"]}}
                told = OPEN.fault(name, bad if isinstance(message, dict) else [bad])
                free = (key, part[key]) == ("data", {}) or (name, key) == ("request.pull", "params")
                assert told or free, f"{key} may be anything"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("alarm.raised", {"qualifier": "R"}),
        ("alarm.closed", {"qualifier": "E"}),
        ("alarm.acked", {"qualifier": "E"}),
        ("reading", {"qualifier": "E"}),
        ("alarm.raised", {"severity": None}),
        ("reading", {"setaside": "oversize"}),
        ("reading", {"time": "yesterday"}),
        ("reading", {"id": "5d99e7b6"}),
        ("reading", {"queuedms": 2**31}),
    ],
)
def test_an_event_that_contradicts_itself_is_refused(kind: str, change: Document) -> None:
    sample = next(event for event in EVENTS if event["type"].endswith(f"hub.{kind}"))
    assert OPEN.fault("event", sample) == ""
    wrong = {key: value for key, value in {**sample, **change}.items() if value is not None}
    assert OPEN.fault("event", wrong)


@pytest.mark.parametrize("name", sorted(OPEN.names))
def test_a_later_release_may_add_a_field_and_this_one_does_not(name: str) -> None:
    if name in ("alarm", "events"):
        return  # Both are events, which are tried by themselves.
    later = {**MESSAGES[name][0], "later": 1}
    assert OPEN.fault(name, later) == ""
    assert STRICT.fault(name, later)
