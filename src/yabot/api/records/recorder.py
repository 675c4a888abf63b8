"""Records what services have asked of this process within the last hour, what was refused, and why.

In memory, bounded, and lost when the process ends: the log and the metrics last longer. It has
names of services, ids of operations and codes; for a request without a valid token, the address.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from yabot.api.labels import ServiceLabels
from yabot.clock import utc_now
from yabot.observability.logging import get_logger
from yabot.observability.metrics import API_REQUESTS, labelled

log = get_logger(__name__)

KEPT_FOR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
# Refusals that are kept; strangers have a bound of their own, so that they push out no service's.
MOST_OF_SERVICES = 1000
MOST_OF_STRANGERS = 200
# Most log lines in a minute about requests without a valid token.
LINES_ABOUT_STRANGERS = 60
# Neither is a service's name or an operation's id.
NOBODY = NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as it was answered."""

    # None unless the token was verified.
    service: str | None
    # None if the request matched no operation.
    operation: str | None
    status: int
    correlation_id: str
    # The code of a refusal.
    code: str | None = None
    # Only for a request without a valid token.
    address: str | None = None

    @property
    def is_refused(self) -> bool:
        return self.status >= 400


@dataclass(frozen=True, slots=True)
class Refusal:
    at: datetime
    asked: Asked


# Service, operation and status.
Kind = tuple[str, str, int]


class RequestRecorder:
    def __init__(self) -> None:
        self.began = utc_now()
        # Counts by minute, the oldest first.
        self._minutes: deque[tuple[datetime, Counter[Kind]]] = deque()
        self._of_services: deque[Refusal] = deque(maxlen=MOST_OF_SERVICES)
        self._of_strangers: deque[Refusal] = deque(maxlen=MOST_OF_STRANGERS)
        self._labels = ServiceLabels()

    def note(self, asked: Asked) -> None:
        now = utc_now()
        service = NOBODY if asked.service is None else self._labels.of(asked.service)
        kind = (service, asked.operation or NOTHING, asked.status)
        labelled(API_REQUESTS, kind[0], kind[1], str(kind[2])).inc()
        self._minute(now)[kind] += 1
        if asked.is_refused:
            self._refused(Refusal(now, asked))

    def counts(self) -> Counter[Kind]:
        """How many requests of each kind were answered within the last hour."""
        total: Counter[Kind] = Counter()
        for began, minute in self._minutes:
            if began > utc_now() - KEPT_FOR:
                total.update(minute)
        return total

    def refusals(self, service: str | None, most: int) -> Sequence[Refusal]:
        """The kept refusals of the last hour, of one ``service`` or of all, the newest first."""
        recent = sorted(self._recent(), key=lambda each: each.at, reverse=True)
        return [each for each in recent if service in (None, each.asked.service)][:most]

    def _recent(self) -> Iterator[Refusal]:
        since = utc_now() - KEPT_FOR
        kept = chain(self._of_services, self._of_strangers)
        return (each for each in kept if each.at > since)

    def _minute(self, now: datetime) -> Counter[Kind]:
        if not self._minutes or now - self._minutes[-1][0] >= MINUTE:
            self._minutes.append((now, Counter()))
        while self._minutes[0][0] <= now - KEPT_FOR:
            self._minutes.popleft()
        return self._minutes[-1][1]

    def _refused(self, refusal: Refusal) -> None:
        asked = refusal.asked
        if asked.service is None:
            self._of_strangers.append(refusal)
        else:
            self._of_services.append(refusal)
        tell = log.info if asked.service or self._may_be_told_of_strangers() else log.debug
        tell(
            "api.refused",
            code=asked.code,
            status=asked.status,
            operation=asked.operation,
            service=asked.service,
            correlation_id=asked.correlation_id,
        )

    def _may_be_told_of_strangers(self) -> bool:
        _, minute = self._minutes[-1]
        strangers = sum(number for (service, _, _), number in minute.items() if service == NOBODY)
        return strangers <= LINES_ABOUT_STRANGERS
