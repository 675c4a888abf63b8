"""Disturbances of our intake by others: each reported once, to health, log and administrators."""

from collections.abc import Callable

from yabot.events.envelope import EventPayload
from yabot.events.intake import Disturbance, IntakeDisturbed
from yabot.observability.health import Status
from yabot.observability.logging import get_logger

log = get_logger(__name__)

OnDisturbed = Callable[[Status, str | None], None]


class IntakeHealth:
    """The disturbances that last; health shows the worst of them."""

    def __init__(self, report: OnDisturbed, tell: Callable[[EventPayload], None]) -> None:
        self._report = report
        self._tell = tell
        self._present: dict[Disturbance, tuple[Status, str]] = {}

    def seen(self, kind: Disturbance, status: Status, reason: str) -> None:
        """The disturbance has begun or still lasts; ``reason`` also says how to mend it."""
        if kind not in self._present:
            log.error("intake.disturbed", disturbance=kind, reason=reason)
            self._tell(IntakeDisturbed(disturbance=kind))
        self._present[kind] = status, reason
        self._show()

    def over(self, kind: Disturbance) -> None:
        if self._present.pop(kind, None) is not None:
            log.info("intake.undisturbed", disturbance=kind)
            self._show()

    def forget(self) -> None:
        """Another process takes over the intake, and reports what still lasts."""
        self._present.clear()
        self._show()

    def _show(self) -> None:
        worst = sorted(self._present.values(), key=lambda each: each[0] != "failed")
        self._report(*(worst[0] if worst else ("ok", None)))
