"""What a program has made by itself, on empty stores, when it is ready."""

import pytest

from tests.e2e.program import Program

# As the requirements name them; what else is in the tables and documents is our own business.
TABLES = {
    "subscriptions": {"user_id", "plan_type", "status", "start_date", "end_date"},
    "user_profiles": {"user_id", "telegram_user_id", "first_name", "registration_date"},
}
COLLECTIONS = {
    "users": {"current_state", "preferences"},
    "narrative_fragments": {"content", "choices", "metadata"},
    "items": {"type", "metadata"},
}


@pytest.mark.criterion("1.1.1", "1.2.2")
@pytest.mark.parametrize("table", TABLES)
def test_its_tables_are_there(playing: Program, table: str) -> None:
    rows = playing.stores.rows(f"PRAGMA table_info({table})")
    assert {row["name"] for row in rows} >= TABLES[table]


@pytest.mark.criterion("1.1.1", "1.2.1")
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_its_collections_are_there(playing: Program, collection: str) -> None:
    (found,) = playing.stores.mongodb.list_collections(filter={"name": collection})
    schema = found["options"]["validator"]["$jsonSchema"]
    assert schema["properties"].keys() >= COLLECTIONS[collection]
