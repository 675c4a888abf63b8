"""Two operators change the same service at the same moment."""

import asyncio
import threading
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from tests.api.auth.conftest import House
from tests.api.auth.forging import Forge
from tests.api.encryption.jwe import Recipient
from tests.storage.dumps import rows_of
from tests.storage.fixtures import NewDatabase, new_commits
from tests.storage.meanwhile import Meanwhile
from tests.waiting import PATIENCE, until
from yabot.api.auth.services import Protection, ServiceRegistry, ServiceUnknown
from yabot.api.jose.encryption import RecipientKey
from yabot.api.tables import api_service_keys
from yabot.log.commit_log import Decision
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.storage.relational.database import Database

NAME = "client.example"


def named(had: Protection) -> Protection:
    return replace(had, certificate_name=NAME)


async def decide(database: Database, decision: Decision[object]) -> None:
    await new_commits(database).decide(Cause("test", uuid4().hex, "test"), decision)


async def test_each_changes_only_what_they_have_named(house: House, orders: Forge) -> None:
    meanwhile, key = Meanwhile(house.database), RecipientKey.read(Recipient().jwk)
    registry = ServiceRegistry(meanwhile, by="another")

    async def encrypt() -> None:
        await house.protect(orders.service, Protection(encrypt_to=key))

    async def name(work: UnitOfWork) -> None:
        await registry.protect(work, orders.service, named)

    meanwhile.arm(encrypt)
    await decide(meanwhile, name)
    assert meanwhile.has_happened
    (service,) = await house.registry.all()
    assert service.protection.told == {"certificate_name": NAME, "encrypt_to": key.kid}


async def test_of_one_that_is_removed_meanwhile_it_is_said(house: House, orders: Forge) -> None:
    meanwhile = Meanwhile(house.database)
    registry = ServiceRegistry(meanwhile, by="another")

    async def name(work: UnitOfWork) -> None:
        await registry.protect(work, orders.service, named)

    meanwhile.arm(lambda: house.remove(orders.service))
    with pytest.raises(ServiceUnknown):
        await decide(meanwhile, name)
    assert meanwhile.has_happened


async def test_of_two_new_keys_one_is_the_former_one(new_postgres: NewDatabase) -> None:
    """Neither sees the other's before its commit; one of them may have leaked."""
    database, other = new_postgres(), new_postgres()
    for each in (database, other):
        await each.open()
    forge, is_done, may_end = Forge(), threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        is_done.set()
        assert may_end.wait(PATIENCE)

    async def register(work: UnitOfWork) -> None:
        await ServiceRegistry(database, "one").add(work, "orders", ["users:read"], forge.public)

    async def rotate_slowly(work: UnitOfWork) -> None:
        await ServiceRegistry(database, "one").rotate(work, "orders", Forge("orders").public)
        work.add(hold)

    async def rotate(work: UnitOfWork) -> None:
        await ServiceRegistry(other, "other").rotate(work, "orders", Forge("orders").public)

    async def somebody_waits() -> bool:
        query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(await database.read(lambda connection: connection.scalar(query)))

    await decide(database, register)
    first = asyncio.create_task(decide(database, rotate_slowly))
    await asyncio.to_thread(is_done.wait, PATIENCE)
    second = asyncio.create_task(decide(other, rotate))
    await until(somebody_waits)
    may_end.set()
    await asyncio.gather(first, second)
    keys = await rows_of(database, api_service_keys)
    assert sorted(row["ends_at"] is None for row in keys) == [False, False, True]
    for each in (database, other):
        await each.close()
