"""Signed changes on a real hub: tried, kept or taken back, whatever is killed meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.hub import DISTRICT, HUB, wait_a_little, wait_for
from tests.platform.client import PlatformProcess
from tests.sync.district import TOPICS, District, district
from tests.sync.house import Mosquitto, free_port

CUTS = 10
LOUD = {"siren": {"sos_s": 90}}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[District]:
    with district(tmp_path / "town") as made:
        yield made


def confirmed(town: District, part: str, version: int) -> None:
    wait_for(lambda: (version, "confirmed") in town.stages(part), 30.0, f"{town.stages(part)}")


def rolled_back(town: District, part: str, version: int) -> None:
    wait_for(lambda: (version, "rolled_back") in town.stages(part), 30.0, f"{town.stages(part)}")


def test_limits_of_rules_hold_after_their_trial_and_a_restart(town: District) -> None:
    done = town.change("rules.apply", 1, {"tuned": {"smoke.clear_hold_s": 300}}, trial_s=5)
    assert (done["result"]["part"], done["result"]["state"]) == ("rules", "trial")
    confirmed(town, "rules", 1)
    assert town.hub.stop("guard") == 0
    town.start("guard")
    assert town.site()["rules_version"] == 1
    assert "settings 0, rules 1, identity 0" in town.hub.anju("status").stdout
    assert town.change("rules.apply", 2, {"off": ["smoke"]})["code"] == "bad_content"
    assert town.change("rules.apply", 1, {})["code"] == "stale_version"


def test_a_wrong_signature_is_refused_and_the_line_stands(town: District) -> None:
    right = town.signed("config.apply", 1, LOUD)
    wrong = right.replace(b"sos_s", b"sos_t")
    (answer,) = town.answers("config.apply", wrong)
    assert answer["code"] == "bad_signature"
    (answer,) = town.answers("config.apply", right)
    assert answer["ok"]
    assert town.platform.hub(HUB)["state"] == "online"


def test_a_broker_that_is_not_there_is_left_again(town: District) -> None:
    done = town.change("config.apply", 1, {"uplink": {"port": free_port()}}, trial_s=6)
    assert done["result"]["state"] == "trial"
    wait_for(lambda: town.platform.hub(HUB)["state"] == "offline", 20.0, "the old broker is left")
    asked = {"request_id": "d-1", "life_s": 60, "kind": "sos", "by": "test"}
    assert town.ask_guard("drill", **asked)["severity"] == "S1", "an alarm goes its way meanwhile"
    rolled_back(town, "config", 1)
    town.online()
    assert town.site() == {**town.site(), "config_version": 0, "trial": ""}
    assert town.change("config.apply", 2, LOUD)["ok"], "and the next one is taken"


def test_a_move_to_another_broker_holds_when_the_platform_answers_there(
    town: District, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        folder = tmp_path / "new"
        folder.mkdir()
        broker = Mosquitto(folder)
        platform = PlatformProcess(folder / "platform.db", broker.address, DISTRICT)
        stack.callback(broker.stop)
        stack.callback(platform.stop)
        broker.start()
        platform.start()
        assert town.change("config.apply", 1, {"uplink": {"port": broker.port}}, trial_s=30)["ok"]
        wait_for(lambda: platform.hub(HUB).get("state") == "online", 20.0, "it moved")
        wait_for(lambda: town.site()["trial"] == "", 30.0, "confirmed")
        assert town.site()["config_version"] == 1
        town.hub.kill("link")
        town.start("link")
        wait_for(lambda: platform.hub(HUB).get("reason") == "started", 20.0, "and stays there")
        assert town.platform.hub(HUB)["state"] == "offline"


def test_a_mute_platform_does_not_confirm_a_move(town: District, tmp_path: Path) -> None:
    with ExitStack() as stack:
        folder = tmp_path / "mute"
        folder.mkdir()
        broker = Mosquitto(folder)
        stack.callback(broker.stop)
        broker.start()
        assert town.change("config.apply", 1, {"uplink": {"port": broker.port}}, trial_s=6)["ok"]
        rolled_back(town, "config", 1)
        assert (1, "reached") in town.stages("config")
        assert town.site()["config_version"] == 0


def test_a_power_cut_at_any_moment_leaves_the_state_before_or_after(town: District) -> None:
    rng = random.Random(7)
    for version in range(1, CUTS + 1):
        payload = town.signed("config.apply", version, LOUD, trial_s=5)
        town.publish(TOPICS.request("config.apply"), payload)
        wait_a_little(rng.uniform(0.0, 0.05))
        restart(town)
        # It had begun before the cut and was taken back, or it begins only now.
        assert town.insist("config.apply", payload)["result"]["version"] == version
        if town.site()["trial"] and version < CUTS:
            restart(town)
    begun = [seen for seen, stage in town.stages("config") if stage == "trial"]
    assert begun == sorted(set(begun)), "none was begun twice"
    if town.site()["trial"]:
        confirmed(town, "config", CUTS)


def restart(town: District) -> None:
    """Cut guard's power and demand that what was on trial does not hold."""
    town.hub.kill("guard")
    town.start("guard")
    assert town.site() == {**town.site(), "config_version": 0, "trial": ""}


# --- the identity ---------------------------------------------------------------------------------


class Papers:
    """Two authorities that the hub knows, of which the broker knows one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.ours, self.other = trustme.CA(), trustme.CA()
        self.ours.cert_pem.write_to_path(str(folder / "ca.pem"))
        both = self.ours.cert_pem.bytes() + self.other.cert_pem.bytes()
        (folder / "both.pem").write_bytes(both)
        for name, host in (("server", "127.0.0.1"), ("hub", "hub-1.example")):
            leaf = self.ours.issue_cert(host)
            leaf.private_key_pem.write_to_path(str(folder / f"{name}.key"))
            leaf.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))

    def lines(self, plain: int) -> list[str]:
        """Return what the broker's configuration says."""
        where = self.folder
        lines = [f"cafile {where}/ca.pem", f"certfile {where}/server.pem"]
        lines += [f"keyfile {where}/server.key", "require_certificate true"]
        return [*lines, "allow_anonymous true", f"listener {plain} 127.0.0.1"]

    def section(self) -> str:
        """Return what the hub's configuration says."""
        where = self.folder
        return (
            f'ca_file = "{where}/both.pem"\ncert_file = "{where}/hub.pem"\n'
            f'key_file = "{where}/hub.key"'
        )


def certify(csr: str, authority: trustme.CA) -> str:
    """Return the certificate for a hub's request."""
    asked = x509.load_pem_x509_csr(csr.encode())
    assert asked.is_signature_valid
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), password=None)
    builder = x509.CertificateBuilder(
        issuer_name=issuer.subject,
        subject_name=asked.subject,
        public_key=asked.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=issuer.not_valid_before_utc,
        not_valid_after=issuer.not_valid_after_utc,
    )
    made = builder.sign(key, hashes.SHA256())  # type: ignore[arg-type] # An authority's key signs.
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def tls_town(tmp_path: Path) -> Iterator[tuple[District, Papers]]:
    papers, plain = Papers(tmp_path / "papers"), free_port()
    lines = papers.lines(plain)
    with district(tmp_path / "town", lines=lines, uplink=papers.section(), plain=plain) as made:
        yield made, papers


def install(town: District, version: int, authority: trustme.CA) -> None:
    csr = town.change("identity.renew", version, {"step": "csr"})["result"]["csr"]
    content = {"step": "install", "certificate": certify(csr, authority)}
    done = town.change("identity.renew", version, content, trial_s=8)
    assert done["result"]["state"] == "trial", done


def test_a_hub_changes_its_key_and_is_let_in_with_the_new_one(
    tls_town: tuple[District, Papers],
) -> None:
    town, papers = tls_town
    install(town, 1, papers.ours)
    confirmed(town, "identity", 1)
    for old in ("hub.pem", "hub.key"):
        (papers.folder / old).unlink()
    town.hub.kill("link")
    town.start("link")
    wait_for(lambda: town.platform.hub(HUB)["reason"] == "started", 20.0, "in with the new key")
    town.online()
    assert town.site()["identity_version"] == 1


def test_a_certificate_that_the_broker_refuses_is_given_up_for_the_old_one(
    tls_town: tuple[District, Papers],
) -> None:
    town, papers = tls_town
    install(town, 1, papers.other)
    rolled_back(town, "identity", 1)
    town.online()
    assert town.site()["identity_version"] == 0
    stranger = town.change("identity.renew", 2, {"step": "csr"})["result"]["csr"]
    content = {"step": "install", "certificate": certify(stranger, trustme.CA())}
    assert town.change("identity.renew", 2, content)["code"] == "bad_certificate"
