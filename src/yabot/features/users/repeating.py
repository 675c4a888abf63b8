"""Deletes forgotten users again when a restored backup has brought them back."""

from yabot.features.users import repository
from yabot.features.users.forgotten import ForgottenList
from yabot.features.users.service import UserService
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop

log = get_logger(__name__)

# Seconds. A restore needs a restart, and each start looks at once.
LOOK_EVERY = 24 * 3600.0
READ_AT_ONCE = 1000


class RepeatedDeletions:
    def __init__(self, commits: CommitLog, users: UserService, forgotten: ForgottenList) -> None:
        self._commits = commits
        self._users = users
        self._forgotten = forgotten
        self.loop = WakingLoop("forgotten", self.repeat, LOOK_EVERY)

    async def repeat(self) -> None:
        """Raises StoreUnavailable, ConfigurationError; users deleted by then stay deleted."""
        forgotten = await self._forgotten.read()
        if not forgotten.registered:
            return
        last = ""
        while page := await self._commits.database.read(repository.page(last, READ_AT_ONCE)):
            last = page[-1][0]
            for user_id, registered in page:
                if forgotten.has(user_id, registered):
                    await self._delete(user_id)

    async def _delete(self, user_id: str) -> None:
        async def delete(work: UnitOfWork) -> None:
            # Read again: a note is taken back when a service's deletion was refused.
            forgotten = await self._forgotten.read()
            user = await self._users.find(user_id)
            if user is not None and forgotten.has(user_id, user.profile.registration_date):
                self._users.delete(work, user, "forgotten_before_a_restore")

        cause = Cause.of_its_own("users", f"forgotten:{user_id}")
        _, committed = await self._commits.decide(cause, delete)
        if committed.documents:
            log.warning("forgotten.deleted_again", user_id=user_id)
