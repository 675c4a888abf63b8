"""Figures as a table for people, or as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from bench.figures import Figure, Target

HEADINGS = ("figure", "ours", "baseline", "ratio", "target", "")


def as_table(figures: Sequence[Figure]) -> str:
    rows = [HEADINGS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([lines[0], "─" * len(lines[0]), *lines[1:]])


def as_json(figures: Sequence[Figure]) -> str:
    return json.dumps([asdict(figure) | {"met": figure.met} for figure in figures], indent=2)


def _line(row: tuple[str, ...], widths: Sequence[int]) -> str:
    name, *numbers = (text.ljust(width) for text, width in zip(row, widths, strict=True))
    return "  ".join([name, *(number.strip().rjust(len(number)) for number in numbers)])


def _row(figure: Figure) -> tuple[str, ...]:
    verdicts = {True: "met", False: "NOT met", None: ""}
    return (
        figure.name,
        f"{_number(figure.ours)} {figure.unit}",
        "" if figure.baseline is None else f"{_number(figure.baseline)} {figure.unit}",
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        " or ".join(_target(target, figure.unit) for target in figure.targets),
        verdicts[figure.met],
    )


def _target(target: Target, unit: str) -> str:
    limit = f"{_number(target.limit)} {unit}" if target.absolute else f"{target.limit:g}"
    return f"{'≤' if target.bound == 'at most' else '≥'} {limit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
