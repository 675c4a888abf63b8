"""The weather over HTTP: ``/playground/faults``."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from yabot.playground.body import Body
from yabot.playground.reader.context import Playground
from yabot.playground.weather.fault import Fault

Json = dict[str, Any]

router = APIRouter(prefix="/playground")


class Forecast(Body):
    faults: list[Fault] = Field(max_length=50)
    seed: int = 0


@router.get("/faults")
async def read_faults(context: Playground) -> Json:
    """The faults with how often each has struck."""
    return context.weather.as_json()


@router.put("/faults")
async def change_faults(context: Playground, forecast: Forecast) -> Json:
    """These instead of those before; counting begins anew."""
    context.weather.change(forecast.faults, forecast.seed)
    return context.weather.as_json()


@router.delete("/faults", status_code=204)
async def clear_faults(context: Playground) -> None:
    context.weather.change([], 0)
