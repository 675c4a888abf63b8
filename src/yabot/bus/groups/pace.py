"""What a group of subscribers waits for, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    # Between two looks into the log. Events from the feed do not wait for that.
    look_every: float = 1.0
    # Saved positions only spare the next owner repeated events, so many share one transaction.
    mark_after: float = 0.5
    # Between two attempts at an event; each pause is longer than the one before.
    first_pause: float = 0.1
    longest_pause: float = 10.0


USUAL = Pace()
