"""A wrong configuration starts nothing, and one line says where it is wrong and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import Config, load
from agent.core.errors import ConfigError

HUB = '[hub]\nid = "hub-1"\n'
ZIGBEE = HUB + '[zigbee]\nport = "/dev/ttyUSB0"\n'
UPLINK = HUB + '[uplink]\nhost = "broker.example"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "anju.toml"


def written(file: Path, text: str) -> Config:
    file.write_text(text)
    return load(file)


def refused(file: Path, text: str | bytes) -> str:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    said = str(caught.value)
    assert said.startswith(f"{file}: ")
    assert said.splitlines() == [said], "not one line"
    assert len(said) - len(str(file)) < 300
    return said.removeprefix(f"{file}: ")


def test_an_id_is_enough_and_everything_else_has_a_default(file: Path) -> None:
    config = written(file, HUB)
    assert config.hub.model_dump() == {
        "id": "hub-1",
        "district": "district",
        "data_dir": Path("/var/lib/anju"),
        "runtime_dir": Path("/run/anju"),
        "language": "zh",
    }
    assert (config.zigbee, config.uplink) == (None, None)
    assert config.siren.model_dump() == {"sos_s": 60, "danger_s": 300}
    assert config.control_socket == Path("/run/anju/control.sock")
    assert config.journal_file == Path("/var/lib/anju/journal.db")


def test_a_stick_and_a_platform_need_one_key_each(file: Path) -> None:
    config = written(file, ZIGBEE + '[uplink]\nhost = "b"\n')
    assert config.zigbee is not None
    assert config.zigbee.model_dump() == {
        "port": "/dev/ttyUSB0",
        "baudrate": 115_200,
        "channel": 15,
    }
    assert config.uplink is not None
    assert config.uplink.model_dump() == {
        "host": "b",
        "port": 8883,
        "tls": True,
        "ca_file": None,
        "cert_file": None,
        "key_file": None,
        "username": None,
        "password_file": None,
        "protocol": "auto",
        "keepalive_s": 30,
        "reconnect_max_s": 60.0,
        "bulk_rows_per_s": 500.0,
        "command_keys": {},
    }


def test_a_modem_needs_its_port_and_may_have_a_pin(file: Path) -> None:
    modem = written(file, HUB + '[modem]\nport = "/dev/anju-modem"\n').modem
    assert modem is not None
    assert modem.model_dump() == {
        "port": "/dev/anju-modem",
        "baudrate": 115_200,
        "pin_file": None,
    }
    assert refused(file, HUB + '[modem]\nport = "/dev/m"\npin = "1234"\n') == (
        "modem.pin is not a key here; wanted one of: baudrate, pin_file, port. "
        "Remove it or correct its spelling."
    )


def test_what_is_written_is_what_counts(file: Path) -> None:
    config = written(
        file,
        '[hub]\nid = "A.b_c-9"\ndistrict = "jing-an"\nlanguage = "en"\ndata_dir = "/d"\n'
        'runtime_dir = "/r"\n[uplink]\nhost = "b"\ntls = false\nreconnect_max_s = 5\n'
        'ca_file = "/etc/ca.pem"\nprotocol = "3.1.1"\n[siren]\nsos_s = 30\n',
    )
    assert (config.hub.id, config.hub.district, config.hub.language) == ("A.b_c-9", "jing-an", "en")
    assert config.control_socket == Path("/r/control.sock")
    assert config.uplink is not None
    assert (config.uplink.tls, config.uplink.reconnect_max_s) == (False, 5.0)
    assert config.uplink.ca_file == Path("/etc/ca.pem")
    assert (config.siren.sos_s, config.siren.danger_s) == (30, 300)


def test_the_hubs_own_parts_are_there_when_their_section_is(file: Path) -> None:
    assert (written(file, HUB).host, written(file, HUB).sound) == (None, None)
    config = written(file, HUB + "[host]\n[sound]\n")
    assert config.host is not None
    assert config.host.model_dump() == {
        "sysfs": Path("/sys"),
        "gpio_chip": Path("/dev/gpiochip0"),
        "button_line": None,
        "lamp_line": None,
    }
    assert config.sound is not None
    assert config.sound.model_dump() == {
        "device": "default",
        "volume_pct": 90,
        "recordings": None,
        "shows": (),
    }
    lamp = '[sound]\nshows = ["zb:00124b0001020304"]\nrecordings = "/etc/anju/voice"\n'
    sound = written(file, HUB + lamp).sound
    assert sound is not None
    assert (sound.shows, sound.recordings) == (("zb:00124b0001020304",), Path("/etc/anju/voice"))


def test_a_file_that_is_not_there_names_the_option_that_gives_another(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "none.toml")
    said = str(caught.value).removeprefix(f"{tmp_path}/none.toml: ")
    assert said == (
        "cannot be read (No such file or directory). Give the right file with --config FILE."
    )


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Is a directory.*--config FILE"):
        load(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["[hub\n", "id = hub-1\n", HUB + HUB, b"\xff\xfe[hub]", b"\x00", "[hub]\r\rid=1", "x = 1 = 2"],
)
def test_what_is_not_toml_is_refused_with_its_line(file: Path, text: str | bytes) -> None:
    said = refused(file, text)
    assert said.startswith("not TOML: ")
    assert said.endswith(". Correct that line and try again.")


def test_brackets_without_end_are_refused_like_anything_else(file: Path) -> None:
    assert refused(file, HUB + "x = " + "[" * 5000 + "]" * 5000).startswith("nested too deeply")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "hub is missing. Add it."),
        ("[hub]\n", "hub.id is missing. Add it."),
        (HUB + "[zigbee]\n", "zigbee.port is missing. Add it."),
        (HUB + "[modem]\n", "modem.port is missing. Add it."),
        (HUB + "[uplink]\n", "uplink.host is missing. Add it."),
    ],
)
def test_a_key_that_must_be_there_is_named(file: Path, text: str, said: str) -> None:
    assert refused(file, text) == said


@pytest.mark.parametrize(
    ("text", "key", "known"),
    [
        (
            HUB + "[zigbe]\n",
            "zigbe",
            "host, hub, journal, modem, rules, siren, sound, uplink, zigbee",
        ),
        (HUB + "name = 1\n", "hub.name", "data_dir, district, id, language, runtime_dir"),
        (ZIGBEE + "chanel = 15\n", "zigbee.chanel", "baudrate, channel, port"),
        (HUB + "[siren]\nloud = true\n", "siren.loud", "danger_s, sos_s"),
    ],
)
def test_a_misspelt_key_is_answered_with_the_keys_of_its_section(
    file: Path, text: str, key: str, known: str
) -> None:
    assert refused(file, text) == (
        f"{key} is not a key here; wanted one of: {known}. Remove it or correct its spelling."
    )


def test_a_misspelt_key_of_the_uplink_is_answered_too(file: Path) -> None:
    said = refused(file, UPLINK + "hots = 1\n")
    assert said.startswith("uplink.hots is not a key here; wanted one of: bulk_rows_per_s, ca_file")


def test_a_folder_whose_name_is_too_long_for_a_socket_is_refused_before_anything_starts(
    file: Path,
) -> None:
    assert refused(file, HUB + f'runtime_dir = "/{"长" * 32}"\n').endswith(
        "input should be a path of at most 94 bytes, for a socket is made in it. Correct the value."
    )
    file.write_text(HUB + f'runtime_dir = "/{93 * "r"}"\n')
    assert load(file).control_socket.name == "control.sock"


def test_a_key_with_a_line_break_in_it_is_still_told_in_one_line(file: Path) -> None:
    assert refused(file, HUB + '"a\\nb" = 1\n').startswith("hub.'a\\nb' is not a key here")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            ZIGBEE + "channel = 10\n",
            "zigbee.channel = 10: input should be greater than or equal to 11",
        ),
        (
            ZIGBEE + "channel = 27\n",
            "zigbee.channel = 27: input should be less than or equal to 26",
        ),
        (ZIGBEE + "baudrate = 9599\n", "zigbee.baudrate = 9599: input should be greater"),
        (ZIGBEE + "baudrate = 1000001\n", "zigbee.baudrate = 1000001: input should be less"),
        (UPLINK + "port = 0\n", "uplink.port = 0: input should be greater than or equal to 1"),
        (UPLINK + "port = 65536\n", "uplink.port = 65536: input should be less"),
        (UPLINK + "keepalive_s = 9\n", "uplink.keepalive_s = 9: input should be greater"),
        (UPLINK + "keepalive_s = 121\n", "uplink.keepalive_s = 121: input should be less"),
        (
            UPLINK + "reconnect_max_s = 0.9\n",
            "uplink.reconnect_max_s = 0.9: input should be greater",
        ),
        (UPLINK + "reconnect_max_s = nan\n", "uplink.reconnect_max_s = nan: input should be"),
        (UPLINK + "reconnect_max_s = inf\n", "uplink.reconnect_max_s = inf: input should be less"),
        (UPLINK + "bulk_rows_per_s = 0\n", "uplink.bulk_rows_per_s = 0: input should be greater"),
        (HUB + 'data_dir = "/a\\u0000b"\n', "hub.data_dir = '/a\\x00b': input should be a path wi"),
        (HUB + f'runtime_dir = "/{94 * "r"}"\n', "hub.runtime_dir = '/rrr"),
        (HUB + "[sound]\nvolume_pct = 29\n", "sound.volume_pct = 29: input should be greater"),
        (HUB + '[sound]\nshows = ["lamp"]\n', "sound.shows.0 = 'lamp': string should match"),
        (HUB + '[sound]\ndevice = ""\n', "sound.device = '': string should have at least 1"),
        (HUB + "[host]\nbutton_line = -1\n", "host.button_line = -1: input should be greater"),
        (HUB + "[host]\nlamp_line = true\n", "host.lamp_line = True: input should be a valid"),
        (HUB + "[siren]\nsos_s = 9\n", "siren.sos_s = 9: input should be greater"),
        (HUB + "[siren]\nsos_s = 601\n", "siren.sos_s = 601: input should be less"),
        (HUB + "[siren]\ndanger_s = 59\n", "siren.danger_s = 59: input should be greater"),
        (HUB + "[siren]\ndanger_s = 1801\n", "siren.danger_s = 1801: input should be less"),
    ],
)
def test_a_number_outside_its_hard_range_is_refused(file: Path, text: str, said: str) -> None:
    found = refused(file, text)
    assert found.startswith(said)
    assert found.endswith(". Correct the value.")


@pytest.mark.parametrize(
    "text",
    [
        ZIGBEE + "channel = 11\nbaudrate = 9600\n",
        ZIGBEE + "channel = 26\nbaudrate = 1000000\n",
        UPLINK + "port = 1\nkeepalive_s = 10\nreconnect_max_s = 1\nbulk_rows_per_s = 1\n",
        UPLINK + "port = 65535\nkeepalive_s = 120\nreconnect_max_s = 300\n",
        HUB + "[siren]\nsos_s = 10\ndanger_s = 60\n",
        HUB + "[siren]\nsos_s = 600\ndanger_s = 1800\n",
    ],
)
def test_the_ends_of_the_ranges_belong_to_them(file: Path, text: str) -> None:
    assert written(file, text).hub.id == "hub-1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ZIGBEE + 'channel = "15"\n', "zigbee.channel = '15': input should be a valid integer"),
        (ZIGBEE + "channel = 15.0\n", "zigbee.channel = 15.0: input should be a valid integer"),
        (ZIGBEE + "channel = true\n", "zigbee.channel = True: input should be a valid integer"),
        (UPLINK + "tls = 1\n", "uplink.tls = 1: input should be a valid boolean"),
        (UPLINK + 'tls = "no"\n', "uplink.tls = 'no': input should be a valid boolean"),
        (HUB + "[zigbee]\nport = 3\n", "zigbee.port = 3: input should be a valid string"),
        (HUB + '[zigbee]\nport = ""\n', "zigbee.port = '': string should have at least 1"),
        (HUB + 'language = "de"\n', "hub.language = 'de': input should be 'zh' or 'en'"),
        (UPLINK + 'protocol = "4"\n', "uplink.protocol = '4': input should be 'auto', '5' or"),
        (HUB + "data_dir = 3\n", "hub.data_dir = 3: input should be a path in quotes"),
        ("hub = 3\n", "hub = 3: input should be a section: its name in brackets and its keys"),
        (HUB + "[[zigbee]]\n", "zigbee = [{}]: input should be a section"),
    ],
)
def test_a_value_of_the_wrong_kind_is_not_guessed_at(file: Path, text: str, said: str) -> None:
    assert refused(file, text).startswith(said)


@pytest.mark.parametrize("name", ["", "a b", "-a", "床", "a/b", "a+b", "a#", "x" * 65])
def test_an_id_that_cannot_stand_in_a_topic_is_refused(file: Path, name: str) -> None:
    said = refused(file, f'[hub]\nid = "{name}"\n')
    assert said.startswith(f"hub.id = {name!r}: string should match pattern")
    assert "'^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'" in said, "the wanted form is shown as it is"


def test_an_id_of_64_letters_is_allowed(file: Path) -> None:
    assert written(file, f'[hub]\nid = "{"x" * 64}"\n').hub.id == "x" * 64


def test_of_several_faults_the_first_is_explained_and_the_others_are_counted(file: Path) -> None:
    said = refused(file, ZIGBEE + 'channel = 99\nbaudrate = 1\nfoo = 2\n[siren]\nsos_s = "x"\n')
    assert said.startswith("zigbee.baudrate = 1: input should be greater")
    assert said.endswith("Correct the value. (3 more after this one)")


def test_a_value_of_any_length_makes_a_short_message(file: Path) -> None:
    refused(file, f'[hub]\nid = "{"y" * 100_000}"\n')


def test_the_keys_of_the_platform_stand_in_the_file(file: Path) -> None:
    key = "A" * 43 + "="
    config = written(
        file, ZIGBEE + f'[uplink]\nhost = "b"\n[uplink.command_keys]\nops-2026 = "{key}"\n'
    )
    assert config.uplink is not None
    assert config.uplink.command_keys == {"ops-2026": key}


@pytest.mark.parametrize("line", ['ops = "AAAA"', 'ops = "-----BEGIN"', "ops = 7", '"a b" = ""'])
def test_a_key_that_is_none_is_refused_with_the_file(file: Path, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        written(file, ZIGBEE + f'[uplink]\nhost = "b"\n[uplink.command_keys]\n{line}\n')
    assert "uplink.command_keys" in str(caught.value)
