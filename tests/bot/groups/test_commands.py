"""What is a command, and whose."""

import pytest

from yabot.bot.commands import command_in

US = "our_bot"


@pytest.mark.parametrize(
    "text",
    ["/story", "/story@our_bot", "/story@OUR_Bot", "/story now", "/story@our_bot\nnow", "/story@"],
)
def test_a_command_of_ours_has_its_name(text: str) -> None:
    assert command_in(text, US) == "story"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "/",
        "/ story",
        "//story",
        "/home/ana/notes.txt",
        "/ban@another_bot",
        "/ban@our_bot2",
        "/história",
        "/story,",
        "the /story",
        "/" + "a" * 33,
    ],
)
def test_nothing_else_is_a_command_of_ours(text: str | None) -> None:
    assert command_in(text, US) is None
