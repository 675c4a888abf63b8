"""A configuration that cannot work prevents the start."""

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
    told = [line.partition(":")[0] for line in program.errors.splitlines()]
    assert told == ["POLLING_LIMIT", "REDIS_URL", "API_PORT"]
    assert "hush-hush" not in program.said + program.errors
    # Nothing was made but what it has said.
    assert {each.name for each in program.folder.iterdir()} == {".env", "out", "err"}
