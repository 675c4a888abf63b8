"""Tells administrators of trouble: of each kind at once, and then at most once an hour."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from yabot.bot.localization import Localizer
from yabot.clock import rfc3339, utc_now
from yabot.features.alerts import repository
from yabot.features.alerts.repository import Alert, Told
from yabot.features.users.notices import Notices
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger

log = get_logger(__name__)

QUIET = timedelta(hours=1)


class AlertService:
    """``admins`` are Telegram ids; a bot may write only to users who have written to it before."""

    def __init__(
        self,
        commits: CommitLog,
        notices: Notices,
        admins: Sequence[int],
        quiet: timedelta = QUIET,
    ) -> None:
        self._commits = commits
        self._notices = notices
        self._admins = admins
        self._quiet = quiet

    async def notice(self, work: UnitOfWork, text: str, **variables: str) -> None:
        """Tell the administrators in this unit, or only count the alert until the next may be sent.

        Raises StoreUnavailable.
        """
        alert, now = Alert(text, variables), utc_now()
        if not self._admins:
            log.warning("alert.has_no_reader", alert=alert.subject, set="ADMIN_USER_IDS")
            return
        told = await self._commits.database.read(repository.find(alert))
        if told is None:
            work.add(repository.tell_first(alert, now))
            await self._tell(work, alert, 1)
        elif abs(now - told.told_at) < self._quiet:
            work.add(repository.count(told))
        else:
            work.add(repository.tell_again(told, now))
            await self._tell(work, alert, told.untold + 1)

    async def tell_what_was_counted(self) -> None:
        """Raises StoreUnavailable."""
        for told in await self._commits.database.read(repository.untold(utc_now(), self._quiet)):
            await self._sum_up(told)

    async def _sum_up(self, seen: Told) -> None:
        async def sum_up(work: UnitOfWork) -> None:
            told = await self._commits.database.read(repository.find(seen.alert))
            # Another process may have told of it meanwhile.
            if told is not None and told.told_at == seen.told_at:
                work.add(repository.tell_again(told, utc_now()))
                await self._tell(work, told.alert, told.untold)

        cause_id = f"{seen.alert.subject} since {rfc3339(seen.told_at)}"
        await self._commits.decide(Cause("alerts", cause_id, cause_id), sum_up)

    async def _tell(self, work: UnitOfWork, alert: Alert, times: int) -> None:
        work.afterwards.append(
            partial(log.warning, "admins.alerted", alert=alert.subject, times=times)
        )

        def say(t: Localizer) -> str:
            return t(alert.text, count=times, **alert.variables)

        for admin in self._admins:
            # Also to those who want no notices: this is their duty as administrators.
            await self._notices.tell(work, str(admin), say, asked_for=True)
