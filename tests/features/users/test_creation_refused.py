"""A creation that SQL refuses, in the running program: who asked is told, and nobody is there."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.api.running import service_of
from tests.e2e.program import Json, Program
from tests.e2e.reader import readers
from tests.waiting import wait_until
from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES

# As an id of Telegram's that the playground gives to nobody.
STRANGER = "4503599627370481"


@contextmanager
def refused(program: Program, user_id: str) -> Iterator[None]:
    """That user's profile and no other's: other readers are there as well."""
    when = f"BEFORE INSERT ON user_profiles WHEN NEW.user_id = '{user_id}'"
    program.stores.change(f"CREATE TRIGGER refusing {when} BEGIN SELECT RAISE(ABORT, 'no'); END")
    try:
        yield
    finally:
        program.stores.change("DROP TRIGGER refusing")


def is_known(program: Program, user_id: str) -> bool:
    query = "SELECT user_id FROM user_profiles WHERE user_id = ?"
    return program.stores.value(query, user_id) is not None


def completed(program: Program, user_id: int) -> list[Json]:
    """What came of the reader's updates."""
    events = program.stores.outbox(user_id)
    return [each["payload"] for each in events if each["event_type"] == "operation_completed"]


@pytest.mark.criterion("1.3.4")
@pytest.mark.logs("update.failed")
async def test_a_reader_whose_creation_fails_hears_so_once(playing: Program) -> None:
    failed = build_texts(FEATURES).localizer("es")("failed")
    async with readers(playing.url, "Rita") as (reader,):
        with refused(playing, str(reader.user_id)):
            (said,) = await reader.ask("/start")
            wait_until(lambda: bool(completed(playing, reader.user_id)))
            assert not is_known(playing, str(reader.user_id))
        assert said["text"] == failed
        (told,) = completed(playing, reader.user_id)
        assert (told["outcome"], told["error_code"]) == ("failed", "internal_error")
        kinds = [event["event_type"] for event in playing.stores.outbox(reader.user_id)]
        assert "user_registered" not in kinds
        assert playing.stores.document(reader.user_id) is None
        await reader.ask("/start")
        assert is_known(playing, str(reader.user_id))
        assert [each["text"] for each in await reader.answers()].count(failed) == 1


@pytest.mark.criterion("1.3.4")
@pytest.mark.logs("api.failed")
async def test_a_service_whose_creation_fails_is_told_and_may_ask_again(playing: Program) -> None:
    body = {"user_id": STRANGER, "first_name": "Rita"}
    async with service_of(playing) as service:
        with refused(playing, STRANGER):
            answered = await service.post("/users", body, key="rita")
        assert (answered.status, answered.code) == (500, "internal_error")
        assert not is_known(playing, STRANGER)
        assert playing.stores.outbox(int(STRANGER)) == []
        assert (await service.get(f"/user/{STRANGER}")).status == 404
        # Nothing has happened under that key.
        assert (await service.post("/users", body, key="rita")).status == 201
        await service.delete(f"/user/{STRANGER}")
