"""What is not in the catalog is refused before anything is written."""

from typing import ClassVar

import pytest

from tests.log.faults import failing_at
from tests.log.units import everything, stepping
from tests.storage.dumps import dump
from yabot.errors import InvalidInput
from yabot.events.envelope import EventPayload
from yabot.events.operations import UserInteraction
from yabot.features.users.events import UserRegistered
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.database import Database


class MoonPhaseChanged(EventPayload):
    event_type: ClassVar[str] = "moon_phase_changed"


class OtherInteraction(EventPayload):
    """Another model under a name that the catalog knows."""

    event_type: ClassVar[str] = UserInteraction.event_type


@pytest.mark.parametrize("payload", [MoonPhaseChanged(), OtherInteraction()], ids=repr)
async def test_an_unknown_event_is_refused_before_any_statement(
    database: Database, commits: CommitLog, payload: EventPayload
) -> None:
    await commits.commit(stepping("before", "9", 0))
    before = await dump(database)
    work = everything("cause", "7", "9")
    work.publish(payload, "7")
    with (
        failing_at(database.engine, -1) as statements,
        pytest.raises(InvalidInput, match=rf"'{payload.event_type}' is not in the catalog"),
    ):
        await commits.commit(work)
    assert statements.seen == []
    assert await dump(database) == before


async def test_an_event_that_lacks_its_user_is_refused(
    database: Database, commits: CommitLog
) -> None:
    before = await dump(database)
    work = everything("cause", "7", "9")
    work.publish(UserRegistered())
    with pytest.raises(InvalidInput, match="user_id: user_registered is about a user, and none"):
        await commits.commit(work)
    assert await dump(database) == before
