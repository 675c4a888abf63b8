"""What prevents a start is told in one sentence each, with the exit code that fits."""

import pytest

from tests.e2e.program import Program, runs
from tests.e2e.programs import NewProgram, bot_token

CONFIGURATION = 78


def test_a_second_program_on_the_same_data_is_refused(
    new_program: NewProgram, playing: Program
) -> None:
    second = new_program(YABOT_DATA_DIR=str(playing.data))
    assert second.run() == CONFIGURATION
    (sentence,) = second.sentences
    assert sentence.startswith("YABOT_DATA_DIR: another YABOT runs on")
    assert "DATABASE_URL" in sentence
    assert playing.health("ready")[0] == 200


@pytest.mark.criterion("5.2.5")
@pytest.mark.parametrize("variable", ["API_PORT", "PLAYGROUND_PORT"])
def test_a_taken_port_is_named(new_program: NewProgram, playing: Program, variable: str) -> None:
    taken = playing.settings[variable]
    program = new_program(**{variable: taken})
    assert program.run() == CONFIGURATION
    (sentence,) = program.sentences
    assert sentence.startswith(f"{variable}: ")
    assert taken in sentence
    assert not any(map(runs, program.engines().values()))


def test_a_token_that_telegram_refuses_is_told(
    new_program: NewProgram, telegram: Program, bot_settings: dict[str, str]
) -> None:
    token = bot_token(telegram)
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    program = new_program(**{**bot_settings, "BOT_TOKEN": wrong})
    assert program.run() == CONFIGURATION
    (sentence,) = program.sentences
    assert sentence.startswith("BOT_TOKEN: Telegram refuses it")
    assert wrong not in program.errors


@pytest.mark.criterion("5.2.5")
def test_five_mistakes_are_five_lines(new_program: NewProgram) -> None:
    wrong = {
        "YABOT_ENV": "staging",
        "BOT_TOKEN": "hush-hush",
        "MONGODB_URI": "mysql://root:hush-hush@db",
        "RETENTION_DAYS": "forever",
        "LOG_LEVEL": "LOUD",
    }
    program = new_program(**wrong)
    assert program.run() == CONFIGURATION
    assert {line.partition(":")[0] for line in program.sentences} == set(wrong)
    assert len(program.sentences) == len(wrong)
    assert "hush-hush" not in program.errors + program.said
    assert not program.data.exists()


def test_production_without_a_token_is_refused(new_program: NewProgram) -> None:
    program = new_program(YABOT_ENV="production", PLAYGROUND_PORT="")
    assert program.run() == CONFIGURATION
    assert any(line.startswith("BOT_TOKEN: ") for line in program.sentences)
    assert not program.data.exists()


def test_one_role_alone_needs_postgresql(new_program: NewProgram) -> None:
    program = new_program("run", "--role", "bot")
    assert program.run() == CONFIGURATION
    (sentence,) = program.sentences
    assert sentence.startswith("DATABASE_URL: ")


def test_a_role_that_does_not_exist_is_a_usage_error(new_program: NewProgram) -> None:
    program = new_program("run", "--role", "king")
    assert program.run() == 2
    assert "bot, api and worker" in program.errors


@pytest.mark.criterion("1.2.3", "1.2.4")
def test_changed_tables_prevent_the_start_with_the_difference(running_bot: Program) -> None:
    assert running_bot.stop() == 0
    running_bot.stores.change("ALTER TABLE user_profiles DROP COLUMN last_name")
    running_bot.stores.change("DROP INDEX ix_subscriptions_user_id")
    assert running_bot.run() == 1
    told = "\n".join(running_bot.sentences)
    assert told.startswith("SQL does not have the schema that this version needs:")
    assert "last_name" in told
    assert "ix_subscriptions_user_id" in told
    assert "Traceback" not in told
    (logged,) = running_bot.logged("yabot.failed")
    assert logged["reasons"] == running_bot.sentences


@pytest.mark.criterion("1.2.3", "1.2.4")
def test_a_changed_collection_prevents_the_start_with_the_difference(running_bot: Program) -> None:
    assert running_bot.stop() == 0
    rule = {"$jsonSchema": {"bsonType": "object", "required": ["surprise"]}}
    running_bot.stores.mongodb.command("collMod", "users", validator=rule)
    assert running_bot.run() == 1
    told = "\n".join(running_bot.sentences)
    assert told.startswith("MongoDB does not have the schema that this version needs:")
    assert "collection 'users'" in told
    assert "Traceback" not in told
    (logged,) = running_bot.logged("yabot.failed")
    assert logged["reasons"] == running_bot.sentences
