"""How long events wait for each other, in seconds."""

from collections.abc import Callable, Iterable

# Gives the types whose events come before those of a type, where all are of one correlation.
Before = Callable[[str], Iterable[str]]

# For which an event of another service waits for those of other services that belong before it.
WINDOW = 0.25
# So old an event of another service may be when it is taken in, and still gets its turn before our
# own events that happened later. Beyond that it is late.
IN_TIME = 0.5
# For which our own events wait for those of other services, where there are any: so that what is
# taken in at the last moment still reaches the subscribers in time.
KEEPS_TURN = 0.75
# After which an event of our own that waits for the log to be read further looks again.
LOOKS_AGAIN = 0.1
# After the first event of another service, until each worker knows that there are such.
NOTICED = 5.0
