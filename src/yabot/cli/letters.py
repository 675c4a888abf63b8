"""Dead letters as text for a terminal, and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from yabot.bus.dead_letters.letters import DeadLetter, LetterGroup, State
from yabot.cli.showing import age, count, event_line, facts, in_columns, visible
from yabot.clock import rfc3339, utc_now
from yabot.events.envelope import Envelope

HEADINGS = ("CONSUMER", "EVENT", "ERROR", "LETTERS", "OLDEST", "NEWEST", "IDS")
NONE: dict[State, str] = {
    "dead": "There are no dead letters.",
    "retrying": "No event is being tried again.",
    "retry": "No dead letter waits for being tried again.",
    "resolved": "No dead letter has been resolved.",
    "discarded": "No dead letter has been discarded.",
}


def table(state: State, groups: Sequence[LetterGroup]) -> str:
    """A line for each group."""
    if not groups:
        return NONE[state]
    return in_columns(HEADINGS, [_cells(each) for each in groups])


def as_json(letter: DeadLetter, before: Sequence[Envelope]) -> dict[str, Any]:
    """The letter and the events before it, in JSON's own types."""
    return {
        **asdict(letter),
        "envelope": letter.envelope.in_json(),
        "first_failed_at": rfc3339(letter.first_failed_at),
        "last_failed_at": rfc3339(letter.last_failed_at),
        "before": [each.in_json() for each in before],
    }


def page(shown: dict[str, Any]) -> str:
    """The result of ``as_json`` as text for people."""
    event = shown["envelope"]
    told = {
        "state": f"{shown['state']}, {count(shown['attempts'], 'attempt')}",
        "consumer": f"{shown['consumer']}, in the group {shown['group']}",
        "error": f"{shown['error_code']}: {shown['error']}",
        "first failed": _moment(shown["first_failed_at"]),
        "last failed": _moment(shown["last_failed_at"]),
        "note": shown["note"],
    }
    lines = [f"Dead letter {shown['id']}: {event['event_type']} {event['event_id']}"]
    lines += [*facts(told), "", "The event:", json.dumps(event, ensure_ascii=False, indent=2), ""]
    if shown["before"]:
        lines.append(f"Before it, of {event['correlation_id']}:")
        lines += [f"  {event_line(each)}" for each in shown["before"]]
    else:
        lines.append(f"Nothing before it belongs to {event['correlation_id']}.")
    return visible("\n".join(lines))


def outcome(what: str, done: Sequence[int], skipped: Sequence[int]) -> str:
    verb = {"retried": "will be tried again", "discarded": "discarded"}[what]
    told = f"{count(len(done), 'dead letter')} {verb}."
    if skipped:
        told += f" {len(skipped)} left alone, for somebody else was faster: {_ids(skipped)}."
    return told


def _cells(each: LetterGroup) -> tuple[str, ...]:
    now = utc_now()
    return (
        each.consumer,
        each.event_type,
        each.error_code,
        str(each.letters),
        age(each.first_failed_at, now),
        age(each.last_failed_at, now),
        _ids(each.ids) + (" …" if each.letters > len(each.ids) else ""),
    )


def _ids(ids: Sequence[int]) -> str:
    return " ".join(map(str, ids))


def _moment(text: str) -> str:
    return f"{text}, {age(datetime.fromisoformat(text), utc_now())} ago"
