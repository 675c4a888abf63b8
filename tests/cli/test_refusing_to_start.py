"""A configuration that cannot work prevents the start."""

import json

import pytest

from tests.e2e.programs import NewProgram


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
