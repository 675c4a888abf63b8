"""Updates that nobody has handled yet."""

from yabot.bot.tables import updates
from yabot.log.backlog import Queue, Queues

QUEUES: Queues = {
    "updates": Queue(updates, updates.c.state == "waiting", updates.c.received_at),
    # These wait for a version that can read them.
    "unreadable": Queue(updates, updates.c.state == "unreadable", updates.c.received_at),
}
