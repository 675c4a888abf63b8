"""Events that wait for an operator, and those posted by other services that wait to be taken in."""

from sqlalchemy import true

from yabot.bus.tables import dead_letters, posted_events
from yabot.log.backlog import Queue, Queues

QUEUES: Queues = {
    "dead_letters": Queue(
        dead_letters, dead_letters.c.state == "dead", dead_letters.c.first_failed_at
    ),
    "posted_events": Queue(posted_events, true(), posted_events.c.received_at),
}
