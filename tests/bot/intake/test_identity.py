"""Who the bot is, Telegram tells when it can."""

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot

from tests.bot.sender.recorder import TOKEN, Call, Recorder, Refusal
from tests.waiting import PATIENCE, until
from yabot.bot.identity import Identity, NotIdentified
from yabot.bot.telegram import REFUSED
from yabot.errors import ConfigurationError

pytestmark = pytest.mark.standard

REVOKED = [Refusal(401, "Unauthorized"), Refusal(404, "Not Found")]


@pytest.fixture
def recorder(recorder: Recorder) -> Recorder:
    recorder.results["getMe"] = {"id": 42, "is_bot": True, "first_name": "YABOT"}
    return recorder


@pytest.fixture
def heard() -> list[str | None]:
    """Why it is not known yet."""
    return []


@pytest.fixture
async def identity(bot: Bot, heard: list[str | None]) -> AsyncIterator[Identity]:
    identity = Identity(bot, heard.append)
    yield identity
    await identity.stop()


@pytest.mark.criterion("5.4.1")
@pytest.mark.parametrize("refusal", REVOKED)
async def test_a_token_that_telegram_refuses_stops_the_start(
    recorder: Recorder, identity: Identity, refusal: Refusal
) -> None:
    recorder.script = lambda _call: refusal
    with pytest.raises(ConfigurationError, match="BOT_TOKEN: Telegram refuses it") as told:
        await identity.start(PATIENCE)
    assert TOKEN not in str(told.value)


async def test_a_telegram_that_is_away_is_waited_for(
    recorder: Recorder, identity: Identity, heard: list[str | None]
) -> None:
    def away_at_first(_call: Call) -> Refusal | None:
        return Refusal(500) if len(recorder.calls) < 2 else None

    recorder.script = away_at_first
    await identity.start(PATIENCE)
    assert identity.require().id == 42
    assert (len(heard), heard[-1]) == (2, None)


async def test_it_is_waited_for_as_long_as_it_asks(recorder: Recorder, identity: Identity) -> None:
    left = [Refusal(429, "Too Many Requests: retry after 1", retry_after=1)]
    recorder.script = lambda _call: left.pop() if left else None
    await identity.start(PATIENCE)
    first, second = [call.at for call in recorder.calls]
    assert second - first >= 1


@pytest.mark.parametrize("refusal", [Refusal(500), *REVOKED])
async def test_the_start_goes_on_without_a_telegram_that_is_away(
    recorder: Recorder, identity: Identity, heard: list[str | None], refusal: Refusal
) -> None:
    """From then on nothing ends the program any more: the token may be the right one again."""
    answers = [Refusal(500)]
    recorder.script = lambda _call: answers[0] if answers else None
    await identity.start(0)
    assert heard == ["no answer within 0 s"]
    with pytest.raises(NotIdentified):
        identity.require()

    async def is_told_again() -> bool:
        return len(heard) >= 3

    answers[0] = refusal
    await until(is_told_again)
    assert refusal.status == 500 or heard[-1] == REFUSED
    answers.clear()
    await identity.until_known()
    assert identity.require().id == 42
    assert heard[-1] is None
