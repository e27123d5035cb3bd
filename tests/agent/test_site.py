"""A signed change of a hub: who may, what it may, and the way back."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from agent.config import load
from agent.control.schema import ChangeResult, SignedParams, Text, UplinkReport
from agent.core.alarm import AlarmState, RuleId, Severity
from agent.core.clock import TimeQuality
from agent.core.errors import CommandRefused
from agent.core.reading import Quantity
from agent.core.row import Kind
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put
from agent.site import state
from agent.site.changes import Changes
from agent.site.overlay import CHANGEABLE
from agent.site.state import Part, Site
from local_rules.catalog import ROWS
from tests.agent.home import BUTTON, SMOKE
from tests.agent.remote_home import STRANGER, RemoteHome, remote_home
from tests.agent.test_asking import BATH, DWELL, enter, furnish, state_is
from tests.clocks import HandClock

SETTING = Table.SETTING
SMOKE_HOLD = {"tuned": {"smoke.clear_hold_s": 300}}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[RemoteHome]:
    async with remote_home(tmp_path) as made:
        yield made


def report(house: RemoteHome, **said: Any) -> UplinkReport:
    """Return what link says of its connection by the settings that hold."""
    serial = house.home.changes.site.serial
    well = {"connected": True, "platform_answers": True, "settings": serial, "answered": True}
    return UplinkReport.model_validate({"says": Text(zh="", en=""), **well, **said})


def stages(house: RemoteHome) -> list[tuple[str, str]]:
    return [(row["part"], row["stage"]) for row in house.rows(Kind.SITE_CHANGED)]


async def stages_are(house: RemoteHome, part: str, *wanted: str) -> None:
    await house.rows_are(Kind.SITE_CHANGED, len(wanted))
    assert stages(house) == [(part, stage) for stage in wanted]


def hold_s(house: RemoteHome) -> float:
    """Return what was tuned."""
    return house.home.changes.rules.by_id[RuleId("smoke")].values["clear_hold_s"]


# --- who may --------------------------------------------------------------------------------------

WRONG: list[tuple[str, dict[str, Any]]] = [
    ("wrong_hub", {"hub": "hub-2"}),
    ("wrong_hub", {"district": "d2"}),
    ("wrong_document", {"request": "config.apply"}),
    ("wrong_document", {"request_id": "another"}),
    ("expired", {"issued_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T00:01:00Z"}),
    ("not_yet", {"issued_at": "2036-01-01T00:00:00Z", "expires_at": "2036-01-01T00:01:00Z"}),
    ("malformed", {"issued_at": "2026-01-01T00:00:00Z", "expires_at": "2036-01-01T00:01:00Z"}),
    ("malformed", {"version": 0}),
    ("malformed", {"version": "7"}),
    ("malformed", {"content": []}),
    ("malformed", {"trial_s": 1}),
    ("malformed", {"also": "this"}),
]


@pytest.mark.parametrize(("code", "said"), WRONG)
async def test_what_is_not_signed_for_this_request_is_refused_and_recorded(
    house: RemoteHome, code: str, said: dict[str, Any]
) -> None:
    params = house.signed_as("rules.apply", {"version": 1, "content": SMOKE_HOLD, **said})
    assert await house.refused("change", params) == code
    (row,) = await house.rows_are(Kind.COMMAND, 1)
    assert (row["command"], row["by"], row["refused"]) == ("rules.apply", "platform:ops", code)
    assert house.home.changes.site == Site()


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("unknown_key", {"kid": "nobody"}),
        ("bad_signature", {"signature": "AA=="}),
        ("bad_signature", {"signature": "not base64!"}),
        ("bad_signature", {"document": "{}"}),
    ],
)
async def test_a_signature_fits_its_key_and_its_bytes(
    house: RemoteHome, code: str, change: dict[str, str]
) -> None:
    right = house.signed("rules.apply", 1, SMOKE_HOLD)
    assert await house.refused("change", right.model_copy(update=change)) == code


async def test_a_stranger_with_the_name_of_our_key_is_a_stranger(house: RemoteHome) -> None:
    params = house.signed("rules.apply", 1, SMOKE_HOLD, signer=STRANGER)
    assert await house.refused("change", params) == "bad_signature"


async def test_another_order_of_the_same_json_is_not_what_was_signed(house: RemoteHome) -> None:
    right = house.signed("rules.apply", 1, SMOKE_HOLD)
    again = json.dumps(json.loads(right.document), sort_keys=True, ensure_ascii=False)
    changed = right.model_copy(update={"document": again})
    assert await house.refused("change", changed) == "bad_signature"


async def test_a_clock_that_was_never_set_leaves_the_version_to_judge(house: RemoteHome) -> None:
    house.clock.quality = TimeQuality.UNKNOWN
    old = {"issued_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T00:01:00Z"}
    said = {"version": 5, "content": SMOKE_HOLD, "trial_s": 5, **old}
    await house.ask("change", house.signed_as("rules.apply", said), ChangeResult)
    house.pass_time(6)
    stale = house.signed_as("rules.apply", said)
    assert await house.refused("change", stale) == "stale_version"


@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=60))
def test_no_document_makes_the_opening_stumble(text: str, kid: str, signature: str) -> None:
    from agent.site.signed import Envelope, open_document
    from tests.agent.remote_home import SIGNER
    from tests.clocks import HandClock

    envelope = Envelope(request="r", request_id="i", hub="h", district="d")
    keys = {"ops": SIGNER.public}
    for chosen in (kid, "ops"):
        with pytest.raises(CommandRefused):
            open_document(text, chosen, signature, keys, envelope, HandClock().now())
    signed = SIGNER.params(text)["signature"] if text.isascii() else ""
    with pytest.raises(CommandRefused):
        open_document(text, "ops", signed, keys, envelope, HandClock().now())


# --- rules ----------------------------------------------------------------------------------------


async def test_limits_of_rules_are_tried_then_hold_and_survive_a_restart(house: RemoteHome) -> None:
    assert hold_s(house) == 180
    done = await house.change("rules.apply", 1, SMOKE_HOLD, trial_s=30)
    assert (done.state, done.until_at_s) == ("trial", house.clock.wall_s + 30)
    assert hold_s(house) == 300
    house.pass_time(31)
    await stages_are(house, "rules", "trial", "confirmed")
    house.again()
    assert hold_s(house) == 300
    assert house.home.changes.info().rules_version == 1
    await house.change("rules.apply", 2, {}, trial_s=5)
    house.pass_time(6)
    assert hold_s(house) == 180


async def test_a_restart_in_the_trial_takes_the_change_back(house: RemoteHome) -> None:
    await house.change("rules.apply", 1, SMOKE_HOLD)
    house.again()
    assert hold_s(house) == 180
    await stages_are(house, "rules", "trial", "rolled_back")
    assert house.rows(Kind.SITE_CHANGED)[1]["why"] == "guard started again during the trial"
    again = house.signed("rules.apply", 1, SMOKE_HOLD)
    assert await house.refused("change", again) == "stale_version"
    house.again()
    assert len(stages(house)) == 2, "it is taken back once"


@pytest.mark.parametrize(
    "content",
    [
        {"tuned": {"smoke.clear_hold_s": 59}},
        {"tuned": {"smoke.clear_hold_s": 1801}},
        {"tuned": {"smoke.clear_hold_s": True}},
        {"tuned": {"smoke.clear_hold_s": "300"}},
        {"tuned": {"smoke.nonsense_s": 1}},
        {"tuned": {"nonsense.clear_hold_s": 1}},
        {"tuned": {"smoke.clear_hold_s": 300, "gas.clear_hold_s": 1e9}},
        {"off": ["smoke"]},
        {"off": ["nonsense"]},
        {"of": []},
        {"smoke": {"clear_hold_s": "5 parsec"}},
        {"smoke": 300},
        {"city": "atlantis"},
        {"profiles": ["immortal"]},
        {"profiles": ["dementia"], "off": ["night_exit"]},
    ],
)
async def test_a_wish_that_is_wrong_anywhere_is_refused_whole(
    house: RemoteHome, content: dict[str, Any]
) -> None:
    params = house.signed("rules.apply", 1, content)
    assert await house.refused("change", params) == "bad_content"
    assert hold_s(house) == 180
    assert house.home.changes.site == Site()


@pytest.mark.parametrize("row", [row for row in ROWS if row.severity is Severity.S1])
async def test_no_signature_turns_a_rule_off_that_saves_a_life(house: RemoteHome, row: Any) -> None:
    assert await house.refused("change", house.signed("rules.apply", 1, {"off": [row.id]})) == (
        "bad_content"
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_every_parameter_of_the_catalogue_can_be_tuned_to_its_bounds(
    house: RemoteHome, row: Any
) -> None:
    highest = {name: parameter.high for name, parameter in row.parameters.items()}
    wish = {"tuned": {f"{row.id}.{name}": high for name, high in highest.items()}}
    await house.change("rules.apply", 1, wish, trial_s=5)
    assert house.home.changes.rules.by_id[row.id].values == highest


async def test_a_rule_that_is_turned_off_keeps_its_state_for_the_day_it_comes_back(
    house: RemoteHome,
) -> None:
    house.home.hear(BUTTON, Quantity.TAMPER, True)
    await house.home.until(lambda: bool(house.home.pipeline.visible.open))
    await house.change("rules.apply", 1, {"off": ["tamper"]}, trial_s=5)
    house.pass_time(6)
    house.again()
    assert RuleId("tamper") not in house.home.changes.rules.by_id
    assert house.rows(Kind.GAP) == []
    await house.change("rules.apply", 2, {}, trial_s=5)
    house.home.hear(BUTTON, Quantity.TAMPER, False)
    house.pass_time(3600)

    def over() -> bool:
        return not any(a.condition_active for a in house.home.pipeline.visible.open.values())

    await house.home.until(over)


async def test_the_platform_may_write_what_a_rule_file_has(house: RemoteHome) -> None:
    wish = {"smoke": {"clear_hold_s": "5 min"}, "profiles": ["fall_risk"], "city": "ningbo"}
    await house.change("rules.apply", 1, wish, trial_s=5)
    by_id = house.home.changes.rules.by_id
    assert hold_s(house) == 300
    assert by_id[RuleId("bed_exit")].values["within_s"] == 600
    assert by_id[RuleId("no_water")].values["limit_s"] == 86_400


def test_the_installers_own_table_reaches_the_rules_of_guard(tmp_path: Path) -> None:
    file = tmp_path / "anju.toml"
    folders = f'data_dir = "{tmp_path}"\nruntime_dir = "{tmp_path}"\n'
    own = '[rules]\noff = ["heat"]\n[rules.smoke]\nclear_hold_s = "4 min"\n'
    file.write_text(f'[hub]\nid = "hub-1"\n{folders}{own}')
    clock = HandClock()
    store = JournalStore(tmp_path / "journal.db", tmp_path / "fallback.db", clock)
    rules = Changes(clock, store, load(file)).rules  # As guard makes them when it starts.
    assert rules.by_id[RuleId("smoke")].values["clear_hold_s"] == 240
    assert RuleId("heat") not in rules.by_id


async def test_a_hold_of_a_rule_that_saves_a_life_is_not_forgotten_by_a_change(
    house: RemoteHome,
) -> None:
    house.home.hear(SMOKE, Quantity.SMOKE, True)
    house.home.hear(SMOKE, Quantity.SMOKE, False)  # It stands, and the clear hold runs.
    refused = house.signed("rules.apply", 1, SMOKE_HOLD)
    assert await house.refused("change", refused) == "not_allowed"
    assert hold_s(house) == 180
    await house.change("rules.apply", 1, {"tuned": {"cold.hold_s": 3600}}, trial_s=5)
    house.pass_time(181)  # Another rule may be changed; this one once it is at rest.
    await house.change("rules.apply", 2, SMOKE_HOLD, trial_s=5)
    assert hold_s(house) == 300


FORGETFUL: list[dict[str, Any]] = [
    {"off": [DWELL]},
    {"tuned": {f"{DWELL}.pre_alarm_s": 1800}},
    {"tuned": {f"{DWELL}.pre_alarm_s": 240}},
]


@pytest.mark.parametrize("content", FORGETFUL)
async def test_a_change_that_would_forget_who_is_being_asked_is_refused_until_that_is_over(
    house: RemoteHome, content: dict[str, Any]
) -> None:
    enter(house.home)
    await state_is(house.home, AlarmState.PRE_ALARM)
    refused = house.signed("rules.apply", 1, content, trial_s=5)
    with pytest.raises(CommandRefused, match=f"{DWELL}.*pre-alarm.*wanted.*ask again") as caught:
        await house.ask("change", refused, ChangeResult)
    assert caught.value.code == "not_allowed"
    assert house.home.changes.site == Site(), "the rules in force stay so"
    await house.change("rules.apply", 1, SMOKE_HOLD, trial_s=5)
    house.pass_time(120)
    await state_is(house.home, AlarmState.ACTIVE)
    await house.change("rules.apply", 2, content, trial_s=5)


async def test_a_trial_that_is_taken_back_calls_for_help_at_the_deadline_all_the_same(
    house: RemoteHome,
) -> None:
    await house.change("rules.apply", 1, {"off": [DWELL]}, trial_s=5)
    house.pass_time(6)
    await house.change("rules.apply", 2, {}, trial_s=600)
    within_s = {"tuned": {f"{DWELL}.within_s": 1800}}
    assert await house.refused("change", house.signed("rules.apply", 3, within_s)) == (
        "trial_running"
    )
    furnish(house.home)
    house.home.hear(BATH, Quantity.MOTION, True, channel="")
    house.home.pass_time(3600)  # Guard is not asked to look at the trial yet.
    await state_is(house.home, AlarmState.PRE_ALARM)
    house.again()  # In the trial: the rule is off again.
    assert DWELL not in house.home.changes.rules.by_id
    house.pass_time(120)
    await state_is(house.home, AlarmState.ACTIVE)


async def test_nothing_is_changed_while_the_disk_is_away(house: RemoteHome) -> None:
    house.home.store.leave_disk()
    params = house.signed("rules.apply", 1, SMOKE_HOLD)
    assert await house.refused("change", params) == "unavailable"
    assert hold_s(house) == 180


async def test_one_change_is_tried_at_a_time_and_versions_only_rise(house: RemoteHome) -> None:
    first = house.signed("rules.apply", 5, SMOKE_HOLD, trial_s=5)
    done = await house.ask("change", first, ChangeResult)
    other = house.signed("config.apply", 1, {"siren": {"sos_s": 90}})
    assert await house.refused("change", other) == "trial_running"
    assert await house.ask("change", first, ChangeResult) == done, "the same request, once more"
    house.pass_time(6)
    for version in (4, 5):
        stale = house.signed("rules.apply", version, {})
        assert await house.refused("change", stale) == "stale_version"
    await house.ask("change", house.signed("config.apply", 1, {}), ChangeResult)


# --- settings -------------------------------------------------------------------------------------


async def test_settings_of_the_home_hold_without_the_uplink(house: RemoteHome) -> None:
    await house.change("config.apply", 1, {"siren": {"sos_s": 90}, "journal": {"max_mb": 128}})
    changes = house.home.changes
    assert (changes.config.siren.sos_s, changes.config.journal.max_mb) == (90, 128)
    siren = changes.rules.by_id[RuleId("sos")].actions[0].actuation
    assert siren.duration_s == 90
    house.pass_time(121)
    await stages_are(house, "config", "trial", "confirmed")


@pytest.mark.parametrize(
    "content",
    [
        {"hub": {"id": "x"}},
        {"hub": {"data_dir": "/tmp"}},
        {"uplink": {"command_keys": {}}},
        {"uplink": {"tls": False}},
        {"uplink": {"ca_file": "/tmp/x"}},
        {"uplink": {"key_file": "/tmp/x"}},
        {"uplink": {"password_file": "/tmp/x"}},
        {"zigbee": {"port": "/dev/null"}},
        {"nonsense": {}},
        {"siren": 7},
        {"siren": {"sos_s": 90, "nonsense": 1}},
    ],
)
async def test_what_is_the_installers_stays_his(house: RemoteHome, content: dict[str, Any]) -> None:
    params = house.signed("config.apply", 1, content)
    assert await house.refused("change", params) == "forbidden_key"


@pytest.mark.parametrize(
    "content",
    [
        {"siren": {"sos_s": 9}},
        {"siren": {"sos_s": "90"}},
        {"journal": {"max_mb": 1}},
        {"uplink": {"port": 0}},
        {"uplink": {"host": ""}},
        {"uplink": {"protocol": "4"}},
    ],
)
async def test_settings_are_judged_as_the_file_is(
    house: RemoteHome, content: dict[str, Any]
) -> None:
    params = house.signed("config.apply", 1, content)
    assert await house.refused("change", params) == "bad_content"


def test_every_changeable_key_is_one_of_the_file() -> None:
    from agent.config import Config

    for section, names in CHANGEABLE.items():
        annotation = Config.model_fields[section].annotation
        models = [annotation, *getattr(annotation, "__args__", ())]
        fields = next(m.model_fields for m in models if hasattr(m, "model_fields"))
        assert set(names) <= fields.keys()


async def test_another_broker_holds_when_the_platform_answers_over_it(house: RemoteHome) -> None:
    before = house.home.changes.uplink()
    await house.change("config.apply", 1, {"uplink": {"host": "new.example"}})
    wanted = house.home.changes.uplink()
    assert before is not None
    assert wanted is not None
    assert (wanted.host, wanted.serial) == ("new.example", before.serial + 1)
    house.home.changes.heard(report(house, settings=before.serial))
    house.home.changes.heard(report(house, connected=False))
    house.home.changes.heard(report(house, answered=False))
    house.home.changes.heard(report(house, answered=False))
    await stages_are(house, "config", "trial", "reached")
    house.home.changes.heard(report(house))
    await stages_are(house, "config", "trial", "reached", "confirmed")
    house.pass_time(600)
    house.again()
    found = house.home.changes.uplink()
    assert found is not None
    assert found.host == "new.example"


@pytest.mark.parametrize("reached", [False, True])
async def test_a_broker_that_is_not_there_is_left_again(house: RemoteHome, reached: bool) -> None:
    await house.change("config.apply", 1, {"uplink": {"host": "new.example"}}, trial_s=30)
    if reached:
        house.home.changes.heard(report(house, answered=False))
    house.pass_time(29)
    assert house.home.changes.info().trial == "config"
    house.pass_time(2)
    found = house.home.changes.uplink()
    assert found is not None
    assert found.host == "old.example"
    last = "no acknowledgement" if reached else "no connection"
    await house.home.until(lambda: stages(house)[-1:] == [("config", "rolled_back")])
    assert house.rows(Kind.SITE_CHANGED)[-1]["why"].startswith(last)


async def test_a_new_release_that_takes_less_falls_back_to_the_file(house: RemoteHome) -> None:
    await house.change("rules.apply", 1, SMOKE_HOLD, trial_s=5)
    house.pass_time(6)
    kept = house.home.store.state
    site = state.decode(next(iter(v for k, v in kept[SETTING].items() if k == "site")))
    body = json.dumps({"tuned": {"smoke.gone_s": 1}})
    held = {**site.held, Part.RULES: state.Held(1, 1, body)}
    text = state.encode(Site(held, None, site.serial))
    house.home.store.append((), [Put(SETTING, "site", text)], urgent=True)
    house.again()
    assert hold_s(house) == 180
    assert "[rules.smoke] 'gone_s' is not a parameter" in house.home.changes.trouble


async def test_the_copy_beside_the_journal_saves_the_changes_of_a_lost_one(
    house: RemoteHome,
) -> None:
    await house.change("rules.apply", 3, SMOKE_HOLD, trial_s=5)
    house.home.changes.write_copy()
    assert not (house.folder / "data" / "site.json").exists(), "what is on trial is not kept"
    house.pass_time(6)
    house.home.changes.write_copy()
    house.home.close()
    for file in (house.folder / "data").glob("journal.db*"):
        file.unlink()
    house.home = house._made()
    assert hold_s(house) == 300
    old = house.signed("rules.apply", 2, {})
    assert await house.refused("change", old) == "stale_version"


# --- the state itself -----------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(st.sampled_from(Part), st.integers(1, 6), st.sampled_from(["keep", "back"])),
    max_size=12,
)


@given(STEPS)
def test_what_holds_is_the_last_change_that_was_kept(steps: list[tuple[Part, int, str]]) -> None:
    site, model, seen = Site(), dict.fromkeys(Part, 0), dict.fromkeys(Part, 0)
    for part, version, outcome in steps:
        before, body = site, json.dumps({"n": version})
        if version <= seen[part]:
            with pytest.raises(CommandRefused, match="want above"):
                state.begin(site, part, version, body, until_s=1, over_link=True)
            continue
        site = state.begin(site, part, version, body, until_s=1, over_link=True)
        seen[part] = version
        with pytest.raises(CommandRefused):
            state.begin(site, part, 9, "{}", until_s=1, over_link=False)
        assert state.decode(state.encode(site)) == site
        site = state.confirm(site) if outcome == "keep" else state.roll_back(site)
        model[part] = version if outcome == "keep" else model[part]
        assert site.serial > before.serial
    assert {part: held.version for part, held in site.held.items()} == model
    assert {part: held.seen for part, held in site.held.items()} == seen
    assert all(json.loads(site.held[p].body) == ({"n": n} if n else {}) for p, n in model.items())


# --- the identity ---------------------------------------------------------------------------------


class Authority:
    """Signs certificates of hubs."""

    def __init__(self, name: str = "d1 authority") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(subject, subject, self.key.public_key(), 0, 3650)

    def _sign(
        self, subject: x509.Name, issuer: x509.Name, key: Any, from_days: float, to_days: float
    ) -> x509.Certificate:
        now = datetime.fromtimestamp(1_795_000_000, UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=from_days - 1))
            .not_valid_after(now + timedelta(days=to_days))
            .sign(self.key, hashes.SHA256())
        )

    def pem(self) -> bytes:
        """Return its own certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def certify(self, csr: str, from_days: float = 0, to_days: float = 365) -> str:
        """Return a certificate for what a hub asks for."""
        asked = x509.load_pem_x509_csr(csr.encode())
        assert asked.is_signature_valid
        made = self._sign(
            asked.subject, self.certificate.subject, asked.public_key(), from_days, to_days
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def authority(house: RemoteHome) -> Authority:
    found = Authority()
    (house.folder / "ca.pem").write_bytes(found.pem())
    return found


async def asked_csr(house: RemoteHome, version: int = 1) -> str:
    return (await house.change("identity.renew", version, {"step": "csr"})).csr


def installing(house: RemoteHome, version: int, certificate: str, **said: Any) -> SignedParams:
    content = {"step": "install", "certificate": certificate}
    return house.signed("identity.renew", version, content, **said)


def read(file: str) -> tuple[int, str]:
    """Return the rights and the text of a file."""
    path = Path(file)
    return stat.S_IMODE(path.stat().st_mode), path.read_text()


def files(house: RemoteHome) -> set[str]:
    return {path.name for path in (house.folder / "data" / "identity").iterdir()}


async def test_a_new_identity_is_made_certified_tried_and_kept(
    house: RemoteHome, authority: Authority
) -> None:
    csr = await asked_csr(house)
    subject = x509.load_pem_x509_csr(csr.encode()).subject.rfc4514_string()
    assert subject == "CN=hub-1,OU=d1"
    certificate = authority.certify(csr)
    done = await house.ask("change", installing(house, 1, certificate), ChangeResult)
    assert done.state == "trial"
    wanted = house.home.changes.uplink()
    assert wanted is not None
    mode, text = read(wanted.identity_file)
    assert mode == 0o600
    assert certificate in text
    assert "PRIVATE KEY" in text
    house.home.changes.heard(report(house))
    house.home.changes.heard(report(house))
    await stages_are(house, "identity", "trial", "reached", "confirmed")
    house.home.changes.write_copy()
    assert files(house) == {"1.pem", "1.key"}
    house.again()
    assert house.home.changes.info().identity_version == 1


async def test_the_private_key_is_in_no_answer_and_no_record(
    house: RemoteHome, authority: Authority
) -> None:
    csr = await asked_csr(house)
    await house.ask("change", installing(house, 1, authority.certify(csr)), ChangeResult)
    key = (house.folder / "data" / "identity" / "1.key").read_text().splitlines()[1]
    assert key not in csr
    database = (house.folder / "data" / "journal.db").read_bytes()
    assert key.encode() not in database
    assert b"PRIVATE" not in database


async def test_the_same_step_again_is_the_same_key(house: RemoteHome) -> None:
    first = x509.load_pem_x509_csr((await asked_csr(house)).encode()).public_key()
    again = x509.load_pem_x509_csr((await asked_csr(house)).encode()).public_key()
    assert first == again
    await asked_csr(house, 4)
    assert files(house) == {"4.key"}, "one key waits at a time"


async def test_a_broker_that_refuses_the_new_identity_gets_the_old_one_again(
    house: RemoteHome, authority: Authority
) -> None:
    certificate = authority.certify(await asked_csr(house))
    await house.ask("change", installing(house, 1, certificate, trial_s=5), ChangeResult)
    house.home.changes.heard(report(house, connected=False))
    house.pass_time(6)
    wanted = house.home.changes.uplink()
    assert wanted is not None
    assert wanted.identity_file == ""
    house.home.changes.write_copy()
    assert files(house) == set()


@pytest.mark.parametrize("what", ["rubbish", "other key", "stranger", "late", "early", "no key"])
async def test_a_certificate_that_does_not_fit_is_refused(
    house: RemoteHome, authority: Authority, what: str
) -> None:
    csr = await asked_csr(house)
    other = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    foreign = builder.sign(other, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    certificate = {
        "rubbish": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "other key": authority.certify(foreign.decode()),
        "stranger": Authority().certify(csr),
        "late": authority.certify(csr, -20, -10),
        "early": authority.certify(csr, 10, 20),
        "no key": authority.certify(csr),
    }[what]
    params = installing(house, 2 if what == "no key" else 1, certificate)
    code = "no_pending_key" if what == "no key" else "bad_certificate"
    assert await house.refused("change", params) == code
    assert house.home.changes.site == Site()


@pytest.mark.parametrize("content", [{}, {"step": "x"}, {"step": "install"}, {"step": ["csr"]}])
async def test_a_step_that_is_none_is_refused(house: RemoteHome, content: dict[str, Any]) -> None:
    assert await house.refused("change", house.signed("identity.renew", 1, content)) == "malformed"
