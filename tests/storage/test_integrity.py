"""The database itself refuses what belongs to nobody."""

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from tests.storage.dumps import rows_of
from yabot.clock import utc_now
from yabot.features.subscriptions.tables import subscriptions
from yabot.storage.relational.database import Database


@pytest.mark.criterion("1.1.4")
async def test_a_subscription_belongs_to_somebody(database: Database) -> None:
    now = utc_now()
    row = {"user_id": "nobody", "plan_type": "vip", "status": "active"}
    moments = {"start_date": now, "created_at": now, "updated_at": now}

    def subscribe(connection: Connection) -> None:
        connection.execute(insert(subscriptions), row | moments)

    with pytest.raises(IntegrityError):
        await database.write(subscribe)
    assert await rows_of(database, subscriptions) == []
