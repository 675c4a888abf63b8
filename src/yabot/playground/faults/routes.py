"""Faults over HTTP: ``/playground/faults``."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from yabot.playground.body import Body
from yabot.playground.faults.fault import Fault
from yabot.playground.reader.context import Playground

Json = dict[str, Any]

router = APIRouter(prefix="/playground")


class Faults(Body):
    faults: list[Fault] = Field(max_length=50)
    seed: int = 0


@router.get("/faults")
async def read_faults(context: Playground) -> Json:
    """The faults with how often each has struck."""
    return context.faults.as_json()


@router.put("/faults")
async def change_faults(context: Playground, chosen: Faults) -> Json:
    """These instead of those before; counting begins anew."""
    context.faults.change(chosen.faults, chosen.seed)
    return context.faults.as_json()


@router.delete("/faults", status_code=204)
async def clear_faults(context: Playground) -> None:
    context.faults.change([], 0)
