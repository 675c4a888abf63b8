"""Events that wait for an operator."""

from yabot.bus.tables import dead_letters
from yabot.log.backlog import Queue, Queues

QUEUES: Queues = {
    "dead_letters": Queue(
        dead_letters, dead_letters.c.state == "dead", dead_letters.c.first_failed_at
    ),
}
