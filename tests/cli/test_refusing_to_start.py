"""A configuration that cannot work prevents the start."""

import asyncio
import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.programs import NewProgram
from tests.ports import free_port
from yabot.app.application import BotApplication
from yabot.app.listeners import listeners
from yabot.runtime.connections import Connections
from yabot.runtime.ports import Place, PortTaken, bind
from yabot.settings import ConfigManager


@pytest.mark.criterion("5.2.5")
@pytest.mark.parametrize("command", ["run", "doctor"])
def test_the_program_exits_78_with_every_mistake_and_no_secret(
    command: str, new_program: NewProgram
) -> None:
    program = new_program(command)
    program.settings = {"POLLING_LIMIT": "many"}
    (program.folder / ".env").write_text("API_PORT=0\nREDIS_URL=http://:hush-hush@h\n")
    assert program.run() == 78
    told = [line.partition(":")[0] for line in program.sentences]
    assert told == ["POLLING_LIMIT", "REDIS_URL", "API_PORT"]
    assert "hush-hush" not in program.said + program.errors
    # Nothing was made but what it has said.
    assert {each.name for each in program.folder.iterdir()} == {".env", "out", "err"}


@pytest.mark.criterion("5.2.5")
@pytest.mark.parametrize("form", ["json", "console"])
def test_what_is_wrong_is_in_the_log_as_well(form: str, new_program: NewProgram) -> None:
    program = new_program("run")
    program.settings = {"LOG_FILE_PATH": "bot.log", "LOG_FORMAT": form, "API_PORT": "0"}
    assert program.run() == 78
    assert len(program.sentences) == 1
    assert program.sentences[0].startswith("API_PORT: ")
    assert len(program.errors.splitlines()) == (2 if form == "json" else 1)
    (line,) = map(json.loads, (program.folder / "bot.log").read_text().splitlines())
    assert (line["event"], line["level"]) == ("yabot.failed", "error")
    assert line["code"] == "configuration_invalid"
    assert line["reasons"] == program.sentences


def test_a_log_that_cannot_be_written_hides_nothing(new_program: NewProgram) -> None:
    program = new_program("run")
    (program.folder / "a file").touch()
    program.settings = {"LOG_FILE_PATH": "a file/bot.log", "LOG_FORMAT": "json"}
    assert program.run() == 78
    (line,) = program.logged("yabot.failed")
    assert line["reasons"] == program.sentences
    assert program.sentences[0].startswith("LOG_FILE_PATH: ")


@pytest.mark.parametrize("variable", ["API_PORT", "WEBHOOK_PORT", "PLAYGROUND_PORT"])
async def test_a_taken_port_is_told_before_an_engine_starts(tmp_path: Path, variable: str) -> None:
    """What is imported meanwhile, the features among it, would come next."""
    ports = {name: str(free_port()) for name in ("API_PORT", "WEBHOOK_PORT", "PLAYGROUND_PORT")}
    own = {"YABOT_DATA_DIR": str(tmp_path), "WEBHOOK_URL": "https://bot.example.org/path"}
    application = BotApplication(ConfigManager(own | ports, None).load(), lambda: ())
    with (
        closing(bind(Place("its owner's", "127.0.0.1", int(ports[variable])), Connections(1))),
        pytest.raises(PortTaken, match=f"^{variable}: port {ports[variable]} on 127.0.0.1"),
    ):
        await application.serve(asyncio.Event())
    assert {each.name for each in tmp_path.iterdir()} == {"yabot.lock"}


@pytest.mark.parametrize(
    ("role", "given", "variables"),
    [
        ("api", {"HEALTH_PORT": "7001"}, ["API_PORT"]),
        ("worker", {"HEALTH_PORT": "7001"}, ["HEALTH_PORT"]),
        ("worker", {}, []),
        ("bot", {}, ["PLAYGROUND_PORT"]),
    ],
)
def test_a_role_needs_its_own_ports_alone(
    role: str, given: dict[str, str], variables: list[str]
) -> None:
    settings = ConfigManager(given, None).load()
    assert [place.variable for place in listeners(settings, {role})] == variables
