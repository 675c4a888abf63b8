"""Makes peers wait that keep asking without a valid token, and reports them."""

from collections.abc import Callable
from math import ceil
from time import monotonic

from yabot.api.answering.problems import Refused
from yabot.api.auth.peers import peers_of
from yabot.api.auth.refusals import TOO_MANY_FAILURES
from yabot.api.counters import Count, Counters
from yabot.api.phases import Message
from yabot.clock import utc_now
from yabot.events.access import AuthAbuseDetected
from yabot.events.envelope import EventPayload
from yabot.observability.logging import get_logger
from yabot.observability.metrics import REQUESTS_THROTTLED, TOKENS_REFUSED
from yabot.runtime.buckets import Buckets
from yabot.runtime.recent import Recent

log = get_logger(__name__)

# Seconds, and how many failures within them a peer may have before it is told to wait.
WINDOW = 60.0
MOST_FAILURES = 20
# Most peers that one process reports within a window.
MOST_TOLD = 100
# Peers that are remembered as having to wait.
MOST_PEERS = 10_000

# Publishes an event, once for all processes that give it the same id.
Tell = Callable[[EventPayload, str], None]


class Throttle:
    """Only requests without a valid token come here, so a valid one is never refused because of
    them. Nobody is locked out by others at the same address.
    """

    def __init__(
        self, counters: Counters, tell: Tell, *, window: float = WINDOW, most: int = MOST_FAILURES
    ) -> None:
        self._counters = counters
        self._tell = tell
        self._window = window
        self._most = most
        # By peer, until when it has to wait, and is not counted, because it has failed too often.
        self._until: Recent[str, float] = Recent(MOST_PEERS)
        self._telling = Buckets(MOST_TOLD, MOST_TOLD / window)

    async def judge(self, scope: Message, refused: Refused) -> Refused:
        """What to answer to a request that is ``refused`` for its token."""
        TOKENS_REFUSED.labels(refused.code).inc()
        waits = [await self._wait(peer, refused.code) for peer in peers_of(scope)]
        if not any(waits):
            return refused
        REQUESTS_THROTTLED.inc()
        return TOO_MANY_FAILURES.refuse(
            f"{TOO_MANY_FAILURES.meaning} About this one: {refused.detail}",
            Retry_After=str(ceil(max(waits))),
        )

    async def _wait(self, peer: str, code: str) -> float:
        """Count one more failure. Returns the seconds that the peer has to wait; 0: it need not."""
        if (left := self._left(peer)) > 0:
            return left
        count = await self._counters.add(f"failures:{peer}", self._window)
        log.debug("api.token_refused", code=code, peer=peer, failures=count.used)
        if count.used <= self._most:
            return 0.0
        if self._left(peer) <= 0:
            self._hold(peer, count)
        return count.ends_in

    def _left(self, peer: str) -> float:
        return self._until.get(peer, 0.0) - monotonic()

    def _hold(self, peer: str, count: Count) -> None:
        """Let the peer wait until its window ends, and report it once for that window."""
        self._until[peer] = monotonic() + count.ends_in
        if not self._telling.take("all"):
            return
        log.warning("api.auth_abuse", peer=peer, failures=count.used)
        # All processes that notice it compute the same end of the window, and so the same id.
        ends = round((utc_now().timestamp() + count.ends_in) / self._window)
        self._tell(AuthAbuseDetected(peer=peer, failures=count.used), f"{peer} until {ends}")
