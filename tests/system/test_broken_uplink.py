"""The broker does not trust us, or we do not trust it: the home says so and works on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.hub import wait_for
from tests.sync.house import Mosquitto
from tests.system.conftest import MakeHome
from tests.system.home import Home

UPLINK = "hub:uplink/platform"


class Papers:
    """Certificates of ours and of a stranger in one folder, and a broker that demands ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ours, foreign = trustme.CA(), trustme.CA()
        ours.cert_pem.write_to_path(str(folder / "right-ca.pem"))
        foreign.cert_pem.write_to_path(str(folder / "wrong-ca.pem"))
        for name, issuer in (("server", ours), ("right", ours), ("wrong", foreign)):
            leaf = issuer.issue_cert("127.0.0.1")
            leaf.private_key_pem.write_to_path(str(folder / f"{name}.key"))
            leaf.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
        lines = [f"cafile {folder}/right-ca.pem", f"certfile {folder}/server.pem"]
        lines += [f"keyfile {folder}/server.key"]
        lines += ["require_certificate true", "allow_anonymous true"]
        self.broker = Mosquitto(folder, lines)

    def hand_out(self, *, ca: str, cert: str) -> None:
        """Put these where the hub looks for its own."""
        for source, target in ((f"{ca}-ca.pem", "ca.pem"), (f"{cert}.pem", "hub.pem")):
            shutil.copyfile(self.folder / source, self.folder / target)
        shutil.copyfile(self.folder / f"{cert}.key", self.folder / "hub.key")

    def section(self) -> str:
        """Return the [uplink] section."""
        return (
            f'[uplink]\nhost = "127.0.0.1"\nport = {self.broker.port}\nreconnect_max_s = 2.0\n'
            f'ca_file = "{self.folder}/ca.pem"\ncert_file = "{self.folder}/hub.pem"\n'
            f'key_file = "{self.folder}/hub.key"\n'
        )


@pytest.fixture
def papers(tmp_path: Path) -> Iterator[Papers]:
    """Return papers with a broker that runs."""
    folder = tmp_path / "papers"
    folder.mkdir()
    found = Papers(folder)
    found.broker.start()
    yield found
    found.broker.stop()


def says(home: Home) -> str:
    """Return what the hub says of its uplink."""
    said: str = home.status()["uplink"]["says"]["en"]
    return said


@pytest.mark.parametrize(
    ("ca", "cert", "en", "zh"),
    [
        ("wrong", "right", "check [uplink] ca_file", "请检查 [uplink] ca_file"),
        ("right", "wrong", "[uplink] cert_file", "[uplink] cert_file"),
    ],
)
def test_wrong_papers_are_named_and_the_right_ones_are_used_without_a_restart(
    ca: str, cert: str, en: str, zh: str, papers: Papers, make_home: MakeHome
) -> None:
    papers.hand_out(ca=ca, cert=cert)
    home = make_home(extra=papers.section())
    home.plug_in()
    home.start("guard", "link")
    home.wait_ready()
    wait_for(lambda: en in says(home), 30.0, "link says what is wrong")
    home.wait_trouble(UPLINK)
    assert en in home.words("en")
    assert zh in home.words("zh")
    assert home.status()["uplink"]["connected"] is False
    home.sounds("press", "sos")
    home.sounds("press", "pendant")
    assert len(home.alarms()) == 2
    papers.hand_out(ca="right", cert="right")
    wait_for(lambda: home.status()["uplink"]["connected"], 30.0, "the right papers are used")


def test_a_broker_that_is_not_there_is_told_of_and_found_when_it_comes(
    make_home: MakeHome, tmp_path: Path
) -> None:
    broker = Mosquitto(tmp_path)
    home = make_home(broker_port=broker.port)
    home.plug_in()
    home.start("guard", "link")
    home.wait_ready()
    wait_for(lambda: "refuses the connection" in says(home), 30.0, "link says what is wrong")
    home.wait_trouble(UPLINK)
    home.sounds("press", "sos")
    try:
        broker.start()
        wait_for(lambda: home.status()["uplink"]["connected"], 30.0, "the broker is found")
    finally:
        broker.stop()
