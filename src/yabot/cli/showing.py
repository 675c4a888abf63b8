"""Rows, moments and numbers as text for a terminal, and as JSON for programs."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import typer

from yabot.clock import rfc3339
from yabot.lookalikes import shown


def in_columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A line for each row, in columns."""
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def facts(told: dict[str, Any]) -> list[str]:
    """A line for each value that is not None."""
    width = max(map(len, told))
    return [f"  {name:<{width}}  {value}" for name, value in told.items() if value is not None]


def age(moment: datetime, now: datetime) -> str:
    """How long ago it was, in one unit, rounded down: 45 s, 12 min, 3 h, 2 d."""
    past = max(now - moment, timedelta())
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if past.total_seconds() >= length:
            return f"{past.total_seconds() // length:.0f} {unit}"
    return f"{past.total_seconds():.0f} s"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    """A value for which JSON has no type, as text."""
    return rfc3339(value) if isinstance(value, datetime) else str(value)


def visible(text: str) -> str:
    """``text``, which strangers have written in part, with invisible characters spelt out."""
    return "\n".join(map(shown, text.split("\n")))


def event_line(event: dict[str, Any]) -> str:
    """An envelope on one line."""
    where = f"{event.get('user_id', '-')}#{event.get('sequence', '-')}"
    payload = json.dumps(event["payload"], ensure_ascii=False)
    return shown(f"{event['timestamp']}  {where:<16} {event['event_type']:<26} {payload}")
