"""Every operation of the document, asked through the typed client with signed tokens: it answers
who has its scope, as the document says, and nobody else."""

from collections.abc import Mapping
from typing import Any, cast

import pytest
from openapi_schema_validator import OAS30Validator

from tests.client.contract.asked import ASKED
from tests.client.contract.world import World
from yabot.app.api import openapi_document
from yabot.app.features import FEATURES
from yabot_client.codes import ScopeMissing
from yabot_client.tagged import Tagged
from yabot_client.types import RequestsOfLastHour

Json = dict[str, Any]


@pytest.fixture(scope="module")
def operations() -> Mapping[str, Json]:
    """By their ids, each with all components."""
    document = openapi_document(FEATURES)
    found = [each for of_path in document["paths"].values() for each in of_path.values()]
    return {each["operationId"]: {**each, "components": document["components"]} for each in found}


@pytest.mark.standard
def test_every_operation_is_asked(operations: Mapping[str, Json]) -> None:
    assert ASKED.keys() == operations.keys(), "each has a line in tests/client/contract/asked.py"


async def test_each_answers_who_has_its_scope_and_nobody_else(
    world: World, operations: Mapping[str, Json]
) -> None:
    for name, ask in ASKED.items():
        scope = operations[name]["x-required-scope"]
        with pytest.raises(ScopeMissing):
            await (await world.all_but(scope)).awaits(ask, world)
        found = await (await world.only(scope)).awaits(ask, world)
        assert faults(operations[name], found) == [], name
    assert await answered(world) == operations.keys()


async def test_each_answers_who_waits_in_a_thread(
    world: World, operations: Mapping[str, Json]
) -> None:
    for name, ask in ASKED.items():
        service = await world.only(operations[name]["x-required-scope"])
        found = await service.waits(ask, world)
        assert faults(operations[name], found) == [], name
    assert await answered(world) == operations.keys()


async def test_each_answers_who_encrypts(world: World, operations: Mapping[str, Json]) -> None:
    service = await world.encrypting()
    for name, ask in ASKED.items():
        found = await service.awaits(ask, world)
        assert faults(operations[name], found) == [], name
    assert await answered(world) == operations.keys()


async def answered(world: World) -> set[str]:
    """The operations that have answered, as the API tells."""
    everything = await world.everything()
    told = await everything.waits(lambda client, _: client.list_requests(), world)
    asked = cast(RequestsOfLastHour, told)["asked"]
    return {each["operation"] for each in asked if each["status"] < 300}


def faults(operation: Json, found: object) -> list[str]:
    """In what it is not what the document promises."""
    (done,) = [said for status, said in operation["responses"].items() if status[0] == "2"]
    value = found.value if isinstance(found, Tagged) else found
    if "content" not in done:
        return [] if value is None else ["it has a body"]
    schema = done["content"]["application/json"]["schema"]
    validator = OAS30Validator({**schema, "components": operation["components"]})
    return [error.message for error in validator.iter_errors(value)]
