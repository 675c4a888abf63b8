"""Starts what every process does besides its roles: following its own commits, and measuring."""

import asyncio
from contextlib import AsyncExitStack

from yabot.app.assembly import state_collection
from yabot.app.foundation import Foundation
from yabot.bot import backlog as bot_backlog
from yabot.bus import backlog as bus_backlog
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams
from yabot.log import backlog as log_backlog
from yabot.log.backlog import measure_backlog
from yabot.log.document_follower import DocumentFollower
from yabot.observability.metrics import LOOP_LAG
from yabot.runtime.lag import watch_lag
from yabot.runtime.loops import WakingLoop

BACKLOGS = {**bot_backlog.QUEUES, **log_backlog.QUEUES, **bus_backlog.QUEUES}
# Seconds between two looks at how much waits.
MEASURE_EVERY = 5.0


def start_followers(base: Foundation) -> None:
    """A follower that has been waiting for its store goes on as soon as it is back."""
    stores, commits, watches = base.stores, base.services.commits, base.watches
    documents = DocumentFollower(
        stores.database, stores.documents, *state_collection(base.features)
    )
    documents.refused.tell = base.incidents.tell
    documents.refused.on_refused = base.reporter("documents_refused", "degraded")
    relay = Relay(stores.database, Streams(stores.redis))
    commits.followers += [documents.notice, relay.notice]
    commits.on_untold += [documents.look_again, relay.look_again]
    # Redis may have come back with less than it had.
    watches["redis"].on_restored.append(lambda _downtime: relay.look_again())
    base.start_loop(documents.loop, watches["mongodb"], watches["sql"])
    base.start_loop(relay.loop, watches["redis"], watches["sql"])


def start_measuring(base: Foundation, stack: AsyncExitStack) -> None:
    database = base.stores.database
    base.start_loop(
        WakingLoop("backlog", lambda: measure_backlog(database, BACKLOGS), MEASURE_EVERY)
    )
    lag = asyncio.create_task(watch_lag(LOOP_LAG.set), name="lag")
    stack.callback(lag.cancel)
