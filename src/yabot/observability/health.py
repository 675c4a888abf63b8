"""What works and what does not, for monitoring from outside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from yabot.clock import utc_now
from yabot.observability.logging import get_logger

log = get_logger(__name__)

Status = Literal["ok", "degraded", "failed"]


@dataclass(frozen=True, slots=True)
class Component:
    """``since`` is when it got this status; ``reason`` is a sentence, if it is not ok.

    Anybody may see status and time; the reason is for operators, and only goes to the log.
    """

    status: Status
    since: datetime
    reason: str | None = None


class Health:
    """The program's components by name; all of them ok means the program is."""

    def __init__(self) -> None:
        self.components: dict[str, Component] = {}
        self.started = False
        self.stopping = False

    @property
    def phase(self) -> Literal["starting", "started", "stopping"]:
        if self.stopping:
            return "stopping"
        return "started" if self.started else "starting"

    def report(self, name: str, status: Status, reason: str | None = None) -> None:
        known = self.components.get(name)
        if known is None or (known.status, known.reason) != (status, reason):
            since = known.since if known and known.status == status else utc_now()
            self.components[name] = Component(status, since, reason)
            if known is not None or status != "ok":
                tell = log.info if status == "ok" else log.warning
                tell("health.changed", component=name, status=status, reason=reason)

    @property
    def status(self) -> Status | Literal["stopping"]:
        """``failed`` if updates cannot be taken in, that is, if SQL or the intake is away;
        ``stopping`` once the program was told to stop.
        """
        if self.stopping:
            return "stopping"
        found = {component.status for component in self.components.values()}
        if "failed" in found or not self.started:
            return "failed"
        return "degraded" if "degraded" in found else "ok"
