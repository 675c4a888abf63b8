"""`yabot workflows`, as an operator types it."""

import json

import pytest

from tests.cli.operator import Operator
from tests.coordinator.orders import OrderCancelled, OrderPlaced, Refused
from tests.coordinator.shop import Shop
from tests.e2e.programs import NewProgram


@pytest.fixture
def operator(shop: Shop, new_program: NewProgram) -> Operator:
    return Operator(new_program, shop.database)


async def test_an_operator_finds_what_is_stuck_and_resumes_it(
    shop: Shop, operator: Operator
) -> None:
    assert (await operator.types("workflows", "list"))[:2] == (0, "There are no workflows.\n")
    shop.faults.of["reserve"] = [Refused("the shelf is gone")]
    for order in "ab":
        await shop.tell(OrderPlaced(order=order))
    await shop.tell(OrderCancelled(order="a"))
    await shop.run()

    code, said, _ = await operator.types("workflows", "list", "--state", "stuck")
    heading, line = said.splitlines()
    assert (code, heading.split()[:3]) == (0, ["ID", "STATE", "USER"])
    assert line.split()[:3] == ["order:a", "stuck", "7"]
    listed = (await operator.reads("workflows", "list", "--kind", "order", "--user", "7"))[
        "workflows"
    ]
    assert [each["id"] for each in listed] == ["order:b", "order:a"]

    code, said, _ = await operator.types("workflows", "show", "order:a")
    assert "last error      the shelf is gone" in said
    assert "to be undone    reserve" in said

    code, said, _ = await operator.types("workflows", "resume", "order:a")
    assert (code, said.startswith("What order:a has done is undone by")) == (0, True)
    (by,) = await shop.resumed_by()
    assert by.startswith("command line")
    await shop.run()
    assert (await operator.reads("workflows", "show", "order:a"))["state"] == "failed"

    code, said, told = await operator.types("workflows", "resume", "order:a", "--json")
    assert (code, json.loads(said)["error"]["code"]) == (1, "workflow_not_stuck")
    assert told == "workflow order:a is failed, not stuck: there is nothing to resume"
    code, _, told = await operator.types("workflows", "show", "order:z")
    assert (code, told.startswith("there is no workflow order:z")) == (1, True)
    assert (await operator.types("workflows", "list", "--state", "lost"))[:2] == (
        0,
        "There is no such workflow.\n",
    )
