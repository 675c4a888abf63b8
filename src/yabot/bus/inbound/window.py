"""How long events wait for each other, in seconds."""

from collections.abc import Callable, Iterable

# Gives the event types that come before a type within one correlation.
Before = Callable[[str], Iterable[str]]

# How long another service's event waits for other services' events that belong before it.
WINDOW = 0.25
# How old another service's event may be when it is taken in and still go before our own events that
# happened later. If it is older, it is late.
IN_TIME = 0.5
# How long our own events wait for other services' events, if there are any: longer than IN_TIME, so
# that what is taken in at the last moment still reaches the subscribers in time.
KEEPS_TURN = 0.75
# After how long an event of our own that waits for the log to be read further asks again.
LOOKS_AGAIN = 0.1
# How long after another service's first event each worker knows that there are such events.
NOTICED = 5.0
