"""MongoDB's validators say what the pydantic models say."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo.errors import WriteError

from tests.log.units import State, state
from tests.storage.generated import BY_COLLECTION, states
from tests.storage.schema import COLLECTIONS
from tests.tiers import examples
from yabot.features.items.model import Item
from yabot.features.users.model import UserState
from yabot.storage.documents.json_schema import mongo_schema
from yabot.storage.documents.store import DocumentStore

few = settings(max_examples=examples(60))


async def put(documents: DocumentStore, collection: str, document: dict[str, Any]) -> None:
    await documents[collection].replace_one({"_id": document["_id"]}, document, upsert=True)


@pytest.mark.criterion("1.2.4")
@pytest.mark.parametrize("collection", [each.name for each in COLLECTIONS])
@few
@given(data=st.data())
async def test_what_a_model_dumps_its_validator_takes(
    documents: DocumentStore, collection: str, data: st.DataObject
) -> None:
    document = data.draw(BY_COLLECTION[collection])
    await put(documents, collection, document.model_dump(by_alias=True))


@few
@given(document=states)
async def test_a_state_comes_back_as_it_was_but_for_the_microseconds(
    documents: DocumentStore, document: UserState
) -> None:
    await put(documents, "users", document.model_dump(by_alias=True))
    found = State.model_validate(await documents.find("users", document.id))
    assert found == found.model_validate(to_milliseconds(document.model_dump()))


def to_milliseconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: to_milliseconds(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_milliseconds(inner) for inner in value]
    if hasattr(value, "microsecond"):
        return value.replace(microsecond=value.microsecond // 1000 * 1000)
    return value


def without(document: dict[str, Any], name: str) -> None:
    del document[name]


STATE_MISTAKES: dict[str, Callable[[dict[str, Any]], object]] = {
    "no version": lambda d: without(d, "version"),
    "version zero": lambda d: d.update(version=0),
    "version as text": lambda d: d.update(version="1"),
    "stranger's field": lambda d: d.update(colour="red"),
    "moment as text": lambda d: d.update(created_at="2026-11-02"),
    "unknown theme": lambda d: d["preferences"].update(theme="pink"),
    "language as number": lambda d: d["preferences"].update(language=7),
    "stranger's field deep down": lambda d: d["current_state"]["narrative_progress"].update(x=1),
    "nothing in the inventory's entry": lambda d: d.update(inventory=[{}]),
    "less than one in the inventory": lambda d: d.update(
        inventory=[{"item_id": "key", "quantity": 0}]
    ),
    "an inventory that is no list": lambda d: d.update(inventory={}),
}


@pytest.mark.criterion("1.2.4")
@pytest.mark.parametrize("mistake", STATE_MISTAKES.values(), ids=STATE_MISTAKES.keys())
async def test_a_broken_state_is_refused(
    documents: DocumentStore, mistake: Callable[[dict[str, Any]], object]
) -> None:
    document = state("7", 1).model_dump(by_alias=True)
    await put(documents, "users", document)
    mistake(document)
    with pytest.raises(WriteError, match="failed validation"):
        await put(documents, "users", document)


METADATA = {"description": {}, "emoji": "🗝"}
ITEM = {"_id": "key", "name": {}, "type": "gift", "metadata": METADATA}


@pytest.mark.criterion("1.2.4")
@pytest.mark.parametrize(
    "mistake",
    [
        {"_id": "UPPER CASE"},
        {"type": "weapon"},
        {"name": {"es": 1}},
        {"metadata": []},
        {"metadata": {**METADATA, "price": 0}},
        {"metadata": {**METADATA, "colour": "red"}},
    ],
    ids=["id", "type", "name", "metadata", "price", "stranger's field"],
)
async def test_a_broken_item_is_refused(documents: DocumentStore, mistake: dict[str, Any]) -> None:
    await put(documents, "items", ITEM)
    with pytest.raises(WriteError, match="failed validation"):
        await documents["items"].insert_one({**ITEM, "_id": "other", **mistake})


def test_a_schema_is_bson_s_draft_4() -> None:
    schema = mongo_schema(Item)
    assert schema["bsonType"] == "object"
    assert schema["additionalProperties"] is False
    assert schema["properties"]["_id"] == {"bsonType": "string", "pattern": "^[a-z0-9_]{1,24}$"}
    assert schema["properties"]["name"] == {
        "bsonType": "object",
        "additionalProperties": {"bsonType": "string"},
    }
