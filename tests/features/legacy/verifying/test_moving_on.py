"""Readers go on, and so does their mirror, while one side is held against the other."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.features.legacy.house import texts
from tests.features.legacy.side_by_side.both import Both, new_both
from tests.features.users.storage.world import new_world
from tests.storage.meanwhile import Meanwhile
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.verifying.verification import Verification
from yabot.features.legacy.verifying.verifier import Subject, Verifier, Wait
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

ANA = 7


@pytest.fixture
def both(sqlite_database: Database, documents: DocumentStore, tmp_path: Path) -> Both:
    (tmp_path / "db.json").write_text("{}")
    return new_both(sqlite_database, documents, tmp_path)


@pytest.fixture
def operators(sqlite_database: Database) -> Meanwhile:
    """The database, as the command that verifies has it."""
    return Meanwhile(sqlite_database)


async def verify(
    both: Both, operators: Database, *, mirrored: bool, waits: Sequence[Wait]
) -> Verification:
    services = new_world(operators, both.house.world.services.documents, texts()).services
    subject = Subject(JsonFile(), both.old.path, mirrored)
    return await Verifier(services, both.old.path.parent / "room", waits).run(subject)


@pytest.mark.criterion("5.4.3")
@pytest.mark.parametrize("reads", range(3))
async def test_who_is_written_while_they_are_looked_at_is_looked_at_again(
    both: Both, operators: Meanwhile, reads: int
) -> None:
    await both.comes(ANA)
    await both.rounds()
    await both.earns(ANA, 3)

    async def begin() -> None:
        operators.arm(both.round, passing_over=reads)

    found = await verify(both, operators, mirrored=True, waits=(begin, both.rounds))
    assert operators.has_happened
    assert [*found.findings()] == []
    assert found.counts == {"agrees": 1}


async def test_what_our_own_write_says_is_nothing_that_the_old_bot_did(
    both: Both, operators: Meanwhile
) -> None:
    """It stands there, and nobody has found that yet: a reader may go on all the same."""
    await both.comes(ANA)
    await both.rounds()
    await both.earns(ANA, 3)
    await both.round()
    await both.earns(ANA, 4)
    found = await verify(both, operators, mirrored=False, waits=())
    assert found.counts == {"newer_here": 1}
    both.earns_there(ANA, 1)
    found = await verify(both, operators, mirrored=False, waits=())
    assert found.counts == {"differs": 1}
