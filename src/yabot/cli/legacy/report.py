"""Says in a few lines what an import has done."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from yabot.cli.legacy.back import rolled_back_lines
from yabot.cli.legacy.importing import Imported
from yabot.features.legacy.importing.report import Report

# The stores' names for the end of a subscription.
ENDS = ("vip_expiry", "vip_expires_at", "vip_until", "expires_at", "end_date", "ends_at", "expiry")
# Most lines of counts by field or reason; the report's file has all.
MOST_LINES = 8

REPAIRED: Mapping[str, str] = {
    "missing": "missing, taken as the old bot's default",
    "unreadable": "unreadable, taken as the old bot's default",
    "unknown": "unknown, taken as free",
    "converted": "of another type, converted",
    "rewritten": "spelled otherwise, rewritten",
    "cleaned": "cleaned of what no store takes or nobody sees",
    "shortened": "too long, shortened",
    "rounded_down": "rounded down",
    "raised": "below nothing, raised to nothing",
    "lowered": "more than anybody can have, lowered",
    "assumed_utc": "without a time zone, taken as UTC",
    "key_wins": "at odds with the user's key, which wins",
    "left_out": "with what is nothing in it, left out",
    "kept_as_text": "what no store takes, kept as text",
}
ENDLESS = "unreadable, taken as without an end: who pays has ten years"


def report_lines(done: Imported) -> Iterator[str]:
    report = done.report
    yield _users(report)
    if report.damage:
        yield f"Damaged: {report.damage}. What stands behind could not be read."
    if report.doubled:
        yield f"{report.doubled:,} entries stand in the store before a later one of the same user."
    if not done.stopped:
        yield _besitos(report)
    yield from _counted("Refused", dict(report.refusals.most_common()))
    counted = report.repairs.most_common()
    repairs = {f"{name}: {_repaired(name, how)}": users for (name, how), users in counted}
    yield from _counted("Repaired", repairs)
    yield from _counted("Differ on both sides", dict(report.conflicts.most_common()))
    yield from _ending(done)


def _repaired(name: str, how: str) -> str:
    return ENDLESS if how == "unreadable" and name in ENDS else REPAIRED[how]


def _users(report: Report) -> str:
    found, would = report.outcomes, "would be " if report.is_rehearsal else ""
    parts = [
        f"{found['imported']:,} {would}imported",
        f"{found['merged']:,} {would}merged with what was here",
        f"{found['unchanged']:,} as they were",
        f"{report.refused:,} refused",
    ]
    if found["forgotten"]:
        parts.append(f"{found['forgotten']:,} stay forgotten, as they have asked")
    return f"Of {report.entries:,} users, {', '.join(parts)}."


def _besitos(report: Report) -> str:
    besitos = report.besitos
    parts = {
        "to be posted" if report.is_rehearsal else "posted": Decimal(besitos.posted),
        "here already": Decimal(besitos.there),
        "spent on both sides": Decimal(besitos.missing),
        "refused": besitos.refused,
        "of the forgotten": Decimal(besitos.forgotten),
        "fractions and other repairs": sum(besitos.mended.values(), Decimal(0)),
    }
    told = ", ".join(f"{_number(each)} {name}" for name, each in parts.items() if each)
    verdict = "" if report.reconciles else " These do not add up: run `yabot audit ledger`."
    return f"Besitos: {_number(besitos.said)} in the store = {told or 'none'}.{verdict}"


def _number(besitos: Decimal) -> str:
    return f"{besitos.normalize():,f}"


def _counted(what: str, counts: Mapping[str, int]) -> Iterator[str]:
    if not counts:
        return
    yield f"{what}:"
    for name, count in [*counts.items()][:MOST_LINES]:
        yield f"  {count:>9,}  {name}"
    if len(counts) > MOST_LINES:
        yield f"  {'…':>9}  {len(counts) - MOST_LINES} more in the report"


def _ending(done: Imported) -> Iterator[str]:
    if done.stopped:
        yield "Stopped before the end: run it again to go on."
        return
    if done.report.is_rehearsal:
        yield "Nothing was changed."
    if done.refuses_too_many:
        yield (
            f"{done.report.refused_share:.1f} % are refused, more than {done.refuse_at_most:g} %."
        )
    if done.verification is not None:
        # Without the entries that cannot be imported: they are counted above.
        yield from done.verification.findings()
        yield from done.verification.totals()
    if done.rolled_back is not None:
        yield "The import has failed, and is rolled back by itself."
        yield from rolled_back_lines(done.rolled_back)
    elif done.failure is not None and not done.report.is_rehearsal:
        yield "Both bots go on as before; `yabot legacy rollback` leads back to the old one."
    yield f"By key, all of it: {done.written}"
