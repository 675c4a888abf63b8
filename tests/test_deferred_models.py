"""aiogram's models are built when they are used: a start does not wait for hundreds of others."""

import subprocess
import sys

import pytest
from aiogram.types import Message, MessageEntity
from pydantic import ValidationError

from yabot.deferred_models import adapter

MESSAGE = {
    "message_id": 1,
    "date": 0,
    "chat": {"id": 1, "type": "private"},
    "reply_to_message": {"message_id": 0, "date": 0, "chat": {"id": 1, "type": "private"}},
    "entities": [{"type": "text_mention", "offset": 0, "length": 3, "user": {"id": 7}}],
}

A_START = """
import sys
from contextlib import suppress
from yabot.cli.main import main

sys.argv = ["yabot", "--help"]
with suppress(SystemExit):
    main()
import yabot.app.bot, yabot.app.playground
from aiogram import methods, types
received, sent = ([each for each in vars(package).values() if hasattr(each, "model_rebuild")]
                  for package in (types, methods))
"""


def printed_after_a_start(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", A_START + program], capture_output=True, check=True, text=True
    )
    return done.stdout.splitlines()[-1].split()


@pytest.mark.slow
def test_a_start_builds_what_the_bot_uses_and_little_else() -> None:
    *built, of_all = printed_after_a_start(
        "print(*(each.__name__ for each in received if each.__pydantic_complete__), len(received))"
    )
    assert "Update" in built
    assert len(built) < int(of_all) / 20


@pytest.mark.slow
def test_each_of_them_can_be_built() -> None:
    built, of_all = printed_after_a_start(
        "models = {*received, *sent}\n"
        "print(sum(each.model_rebuild(force=True) for each in models), len(models))"
    )
    assert int(built) == int(of_all) > 500


def test_an_adapter_knows_all_that_its_models_refer_to() -> None:
    (read,) = adapter(list[Message]).validate_python(
        [MESSAGE | {"entities": [{"type": "bold", "offset": 0, "length": 3}]}]
    )
    assert isinstance(read.reply_to_message, Message)
    assert read.entities is not None
    assert isinstance(read.entities[0], MessageEntity)
    with pytest.raises(ValidationError, match=r"entities\.0\.user\.is_bot"):
        adapter(list[Message]).validate_python([MESSAGE])
