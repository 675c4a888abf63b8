"""A door at which somebody else is always faster."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from yabot.api.answering.answers import Answer
from yabot.api.operations.door import Decision, Door
from yabot.api.operations.requests import Change
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import UnitOfWork


class OvertakenDoor(Door):
    """Somebody is faster than the first decisions that come through."""

    def __init__(
        self, commits: CommitLog, faster: Callable[[], Awaitable[object]], times: int = 1
    ) -> None:
        super().__init__(commits)
        self._faster = faster
        self._left = times

    async def change(
        self, change: Change, decision: Decision, user_id: str | None = None
    ) -> Response:
        async def decide(work: UnitOfWork) -> Answer:
            answer = await decision(work)
            if self._left > 0:
                self._left -= 1
                await self._faster()
            return answer

        return await super().change(change, decide, user_id)
