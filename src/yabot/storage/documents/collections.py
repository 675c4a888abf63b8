"""Creates a collection with its validator and indexes, or verifies an existing one."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from yabot.errors import SchemaMismatch, StoreUnavailable
from yabot.observability.logging import get_logger
from yabot.storage.documents.json_schema import mongo_schema
from yabot.storage.documents.model import Collection

log = get_logger(__name__)

# Holds one small document for each collection: the fingerprint of the validator that any version of
# YABOT last gave it, and those of the validators that were replaced.
FINGERPRINTS = "schema_fingerprints"

# A field of such a document, by which an operator gives up the dropped collection's content.
GIVEN_UP = "given_up"
GIVING_UP = (
    f"to go on without what it held, put {{{{_id: '{{name}}', {GIVEN_UP}: true}}}} in the place of"
    f" the document with that _id in '{FINGERPRINTS}'"
)
DROPPED = (
    "somebody has dropped the collection '{name}': bring it back from the backup; or, "
    + GIVING_UP
    + ", and start YABOT again"
)
NAMESPACE_EXISTS = 48
# With other values MongoDB would let invalid documents in. As its defaults, they may be left out.
ENFORCED = {"validationLevel": "strict", "validationAction": "error"}
PLAIN_INDEX = {"v", "key", "ns", "background"}

Keys = list[tuple[str, int]]
Database = AsyncDatabase[dict[str, Any]]


async def ensure_collection(
    database: Database, collection: Collection, *, gives_way: bool = False
) -> None:
    """Create or upgrade ``collection``. With ``gives_way``, a validator of another version that has
    replaced this version's stays.

    Raises SchemaMismatch when somebody else has changed the validator or the indexes, and
    StoreUnavailable when somebody has dropped the collection.
    """
    try:
        await _ensure(database, collection, gives_way)
    except SchemaMismatch:
        # Another process may have replaced the validator between two of our reads.
        await _ensure(database, collection, gives_way)


async def _ensure(database: Database, collection: Collection, gives_way: bool) -> None:
    validator = {"$jsonSchema": mongo_schema(collection.model)}
    found = await _options_unless_dropped(database, collection.name)
    if found is None:
        found = await _create(database, collection, validator)
    _require_enforced(collection.name, found)
    if found.get("validator") != validator:
        replaced = await _require_upgradable(
            database, collection, validator, found.get("validator")
        )
        if gives_way and _fingerprint(validator) in replaced:
            return
        await database.command("collMod", collection.name, validator=validator)
        log.info("collection.upgraded", collection=collection.name)
    # Even if nothing had to be changed: an earlier start may have been killed just before this.
    await _remember(database, collection.name, validator)
    await _ensure_indexes(database, collection)


async def verify_collection(database: Database, collection: Collection) -> None:
    """Check as ``ensure_collection`` does, without changes: what is missing is no mismatch."""
    validator = {"$jsonSchema": mongo_schema(collection.model)}
    found = await _options_unless_dropped(database, collection.name)
    if found is None:
        return
    _require_enforced(collection.name, found)
    if found.get("validator") != validator:
        await _require_upgradable(database, collection, validator, found.get("validator"))
    information = await database[collection.name].index_information()
    for name, keys in _wanted_indexes(collection):
        _require_index(collection, name, keys, information.get(name))


async def _options(database: Database, name: str) -> dict[str, Any] | None:
    async with await database.list_collections(filter={"name": name}) as cursor:
        async for entry in cursor:
            return dict(entry.get("options", {}))
    return None


async def _options_unless_dropped(database: Database, name: str) -> dict[str, Any] | None:
    """The collection's options; None if it was never made. Raises StoreUnavailable if it was
    dropped: made anew, it would be empty."""
    found = await _options(database, name)
    if found is not None:
        return found
    known = await database[FINGERPRINTS].find_one({"_id": name})
    if known is None or "fingerprint" not in known:
        return None
    # Another process may have made it between our two reads.
    if (found := await _options(database, name)) is None:
        raise StoreUnavailable("MongoDB", DROPPED.format(name=name))
    return found


async def is_given_up(database: Database, name: str) -> bool:
    """Whether an operator has given up what the dropped collection held."""
    known = await database[FINGERPRINTS].find_one({"_id": name})
    return known is not None and known.get(GIVEN_UP) is True


async def _create(
    database: Database, collection: Collection, validator: dict[str, Any]
) -> dict[str, Any]:
    """Create it; returns its options, which may be those that another process gave it first."""
    try:
        await database.create_collection(collection.name, check_exists=False, validator=validator)
    except OperationFailure as error:
        if error.code != NAMESPACE_EXISTS:
            raise
    else:
        log.info("collection.created", collection=collection.name)
    return await _options(database, collection.name) or {}


def _require_enforced(name: str, found: dict[str, Any]) -> None:
    lines = [
        f"collection '{name}': {option} is {found[option]!r}, expected {expected!r}"
        for option, expected in ENFORCED.items()
        if found.get(option, expected) != expected
    ]
    if lines:
        raise SchemaMismatch("MongoDB", lines)


async def _require_upgradable(
    database: Database, collection: Collection, validator: dict[str, Any], found: Any
) -> Sequence[str]:
    """Returns the fingerprints of the validators that were replaced before.

    Raises SchemaMismatch unless YABOT made the validator ``found`` and all stored documents fit.

    The validator may be a later version's, if an operator goes back to this one. If that version
    also brought tables, SQL, which is checked first, refuses it.
    """
    known = await database[FINGERPRINTS].find_one({"_id": collection.name})
    if known is None or known.get("fingerprint") != _fingerprint(found):
        raise SchemaMismatch("MongoDB", _differences(collection.name, validator, found))
    misfits = await database[collection.name].count_documents({"$nor": [validator]}, limit=1)
    if misfits:
        raise SchemaMismatch(
            "MongoDB", [f"collection '{collection.name}': some documents do not fit this version"]
        )
    replaced: Sequence[str] = known.get("replaced", ())
    return replaced


async def _remember(database: Database, name: str, validator: dict[str, Any]) -> None:
    given = _fingerprint(validator)
    before = {"$ifNull": ["$fingerprint", given]}
    replaced = {"$setUnion": [{"$ifNull": ["$replaced", []]}, [before]]}
    change = {"fingerprint": given, "replaced": {"$setDifference": [replaced, [given]]}}
    await database[FINGERPRINTS].update_one({"_id": name}, [{"$set": change}], upsert=True)


def _fingerprint(validator: Any) -> str:
    return hashlib.sha256(json.dumps(validator, sort_keys=True).encode()).hexdigest()


def _differences(name: str, expected: Any, found: Any) -> list[str]:
    lines = list(_compare(expected, found or {}, "validator"))
    return [f"collection '{name}': {line}" for line in lines]


def _compare(expected: Any, found: Any, path: str) -> list[str]:
    if not (isinstance(expected, dict) and isinstance(found, dict)):
        return [] if expected == found else [f"{path} is {found!r}, expected {expected!r}"]
    lines = [f"{path}.{key} is missing" for key in expected.keys() - found.keys()]
    lines += [f"{path}.{key} is not expected" for key in found.keys() - expected.keys()]
    for key in expected.keys() & found.keys():
        lines += _compare(expected[key], found[key], f"{path}.{key}")
    return sorted(lines)


async def _ensure_indexes(database: Database, collection: Collection) -> None:
    information = await database[collection.name].index_information()
    for name, keys in _wanted_indexes(collection):
        _require_index(collection, name, keys, information.get(name))
        if name not in information:
            await database[collection.name].create_index(keys, name=name)


def _wanted_indexes(collection: Collection) -> Iterator[tuple[str, Keys]]:
    for fields in collection.indexes:
        yield "_".join(fields), [(field, 1) for field in fields]


def _require_index(
    collection: Collection, name: str, keys: Keys, found: Mapping[str, Any] | None
) -> None:
    if found is not None and (difference := _index_difference(found, keys)):
        line = f"collection '{collection.name}': index '{name}' {difference}"
        raise SchemaMismatch("MongoDB", [line])


def _index_difference(found: Mapping[str, Any], keys: Keys) -> str | None:
    if [tuple(key) for key in found["key"]] != keys:
        return f"is on {found['key']}, expected {keys}"
    options = sorted(found.keys() - PLAIN_INDEX)
    return f"has {', '.join(options)}, which is not expected" if options else None
