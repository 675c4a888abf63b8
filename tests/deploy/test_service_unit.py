"""deploy/yabot.service, for a machine without containers."""

from configparser import ConfigParser

import pytest

from tests.deploy.compose_file import DEPLOY


@pytest.fixture(scope="module")
def service() -> dict[str, str]:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / "yabot.service")
    return dict(parser["Service"])


def test_it_is_stopped_as_the_engines_need_it(service: dict[str, str]) -> None:
    assert service["KillMode"] == "mixed"
    assert service["KillSignal"] == "SIGTERM"
    assert int(service["TimeoutStopSec"]) > 10


def test_a_wrong_configuration_is_not_tried_again(service: dict[str, str]) -> None:
    assert service["Restart"] == "always"
    assert service["RestartPreventExitStatus"] == "78"


def test_it_runs_as_its_own_user_in_production(service: dict[str, str]) -> None:
    assert service["User"] == "yabot"
    assert service["ExecStart"] == "/opt/yabot/bin/yabot run"
    assert "YABOT_ENV=production" in service["Environment"].split()
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_it_cannot_take_the_machine_from_others(service: dict[str, str]) -> None:
    assert service["MemoryMax"] == "1G"
    assert int(service["TasksMax"]) >= 256
