"""What others have written commands no operator's terminal."""

from dataclasses import replace

from tests.events.samples import envelope
from yabot.bus.dead_letters.letters import DeadLetter
from yabot.cli import letters
from yabot.cli.showing import event_line
from yabot.clock import utc_now

# Turns the writing round, and clears the screen.
TRICK = "\u202e\u009b2J\x1b[2J"
EVENT = envelope("unreadable", {"entry": f"á{TRICK}"}, user_id=TRICK)
LETTER = DeadLetter(
    id=1,
    state="dead",
    consumer="inbound",
    group="inbound",
    envelope=EVENT,
    attempts=1,
    error_code="not_an_envelope",
    error="event: Invalid JSON",
    note=None,
    first_failed_at=utc_now(),
    last_failed_at=utc_now(),
)


def test_an_event_is_one_harmless_line() -> None:
    line = event_line(EVENT.in_json() | {"event_type": f"waved{TRICK}"})
    assert line.isprintable()
    assert "á" in line
    assert "waved\\u202e\\u009b2J\\u001b[2J" in line


def test_a_dead_letter_is_harmless_lines() -> None:
    page = letters.page(letters.as_json(replace(LETTER, note=TRICK), [EVENT]))
    assert all(line.isprintable() for line in page.split("\n"))
    assert "á" in page
