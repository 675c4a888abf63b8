"""Values that look like another are told for what they are, at each door."""

from pathlib import Path

import pytest

from yabot.cli.arguments import require_plain
from yabot.errors import ConfigurationError, InvalidInput, StoryInvalid
from yabot.features.items.file import parse_items
from yabot.features.narrative.story.parser import parse_story
from yabot.lookalikes import look_alike
from yabot.settings import ConfigManager


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('"/x"', "stands in quotes"),
        ("“/x”", "stands in quotes"),
        (" /x", "begins or ends with a blank"),
        ("/x\u200b", "U+200B (zero width space)"),
        ("\ufeff/x", "U+FEFF"),
        ("/a\u00a0b", "U+00A0 (no-break space)"),
        ("/a\x07", "a control character, U+0007"),
        ("a\u2013b", "a dash that is no hyphen, U+2013 (en dash)"),
        ("a’b", "a typographic quote, U+2019"),
    ],
)
def test_what_it_is(value: str, said: str) -> None:
    assert said in (look_alike(value) or "")


@pytest.mark.parametrize("value", ["/x", "/my files/ñandú", "👨‍💻", "می‌خواهم", "it's", "a-b", ""])
def test_what_is_plain(value: str) -> None:
    assert look_alike(value) is None


@pytest.mark.parametrize("value", ['"{}"', "“{}”", "{}\u200b", "\u00a0{}", "{}\u2013data"])
def test_a_setting_is_refused(value: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        ConfigManager({"YABOT_DATA_DIR": value.format(tmp_path / "x")}, None).load()
    (problem,) = refused.value.problems
    assert problem.startswith(("YABOT_DATA_DIR: it stands", "YABOT_DATA_DIR: it holds"))
    assert list(tmp_path.iterdir()) == []


def test_quotes_of_an_env_file_are_still_its_own(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f'YABOT_DATA_DIR="{tmp_path}/x"\n')
    assert ConfigManager({}, file).load().data_dir == tmp_path / "x"


def test_a_password_is_taken_as_it_is_and_told() -> None:
    manager = ConfigManager({"REDIS_URL": "redis://h", "REDIS_PASSWORD": '"hush"'}, None)
    password = manager.load().redis.password
    assert password is not None
    assert password.get_secret_value() == '"hush"'
    (warning,) = manager.warnings()
    assert warning.startswith("REDIS_PASSWORD: stands in quotes")
    assert "hush" not in warning


STORY = "start: {start}\nfragments:\n  one:\n    title: {{es: a, en: a}}\n{indent}content: x\n"


@pytest.mark.parametrize(
    ("start", "indent", "said"),
    [
        ("one", "\t", ":5: this line is indented with a tab"),
        ("on\u200be", "    ", ":1: start must be 1 to 24"),
        ("“one”", "    ", "stands in quotes"),
        ("\u043ene", "    ", "U+043E (cyrillic small letter o)"),
    ],
)
def test_a_story_file(start: str, indent: str, said: str) -> None:
    with pytest.raises(StoryInvalid) as refused:
        parse_story(STORY.format(start=start, indent=indent), "story.yaml")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("items:\n\tlamp: x\n", ":2: this line is indented with a tab"),
        ("items:\n  lamp\u200b: {}\n", "U+200B (zero width space)"),
    ],
)
def test_an_items_file(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_items(text, "items.yaml")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "arguments", [["story", "check", "“file”"], ["run", "–-role", "bot"], ["run", "--role=‘bot’"]]
)
def test_an_argument_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        require_plain(arguments)
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_words_of_ones_own_and_files_that_are_there_are_taken(tmp_path: Path) -> None:
    odd = tmp_path / "“story”.yaml"
    odd.touch()
    require_plain(["dlq", "discard", "4", "--note", "“mended” – twice", "--note=“again”", str(odd)])
