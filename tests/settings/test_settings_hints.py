"""What has no effect or looks misspelt is said, without values."""

import pytest

from yabot.settings import ConfigManager


def warnings(**environ: str) -> list[str]:
    return ConfigManager(environ, None).warnings()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("WEBHOK_URL", "WEBHOOK_URL"),
        ("MONGO_URI", "MONGODB_URI"),
        ("REDIS_URI", "REDIS_URL"),
        ("bot_token", "BOT_TOKEN"),
        ("YABOT_DATADIR", "YABOT_DATA_DIR"),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(written: str, meant: str) -> None:
    assert warnings(**{written: "hush"}) == [f"{written}: is not known; did you mean {meant}?"]


def test_polling_enabled_is_gone_and_its_successor_named() -> None:
    [line] = warnings(POLLING_ENABLED="true")
    assert line.startswith("POLLING_ENABLED: is gone")
    assert "WEBHOOK_URL" in line


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"WEBHOOK_SECRET": "hush"}, "WEBHOOK_SECRET: has no effect without WEBHOOK_URL"),
        (
            {"REDIS_PASSWORD": "hush"},
            "REDIS_PASSWORD: has no effect without REDIS_URL or REDIS_SENTINELS",
        ),
        (
            {"SQLITE_DATABASE_PATH": "a.db", "DATABASE_URL": "postgresql:///db"},
            "SQLITE_DATABASE_PATH: has no effect beside DATABASE_URL",
        ),
        ({"YABOT_COLOUR": "blue"}, "YABOT_COLOUR: is not known and has no effect"),
    ],
)
def test_what_has_no_effect_is_said(environ: dict[str, str], told: str) -> None:
    assert warnings(**environ) == [told]


def test_other_programs_variables_are_left_alone() -> None:
    environ = {
        "PATH": "/bin",
        "HOME": "/",
        "HTTP_PROXY": "x",
        "CI": "true",
        "LANG": "C",
        "PORT": "1",
    }
    assert warnings(**environ) == []
