"""Groups of subscribers, for those who look after the program."""

from typing import Annotated, Self

from fastapi import Path
from pydantic import Field
from starlette.responses import Response

from yabot.api.answering.answers import Answer
from yabot.api.answering.problems import Problem, telling
from yabot.api.answering.shown import Shown
from yabot.api.operations.door import Door
from yabot.api.operations.parameters import NAME
from yabot.api.operations.requests import Asking, Posting
from yabot.api.operations.routes import Routes
from yabot.bus.groups.overview import (
    GroupNotStopped,
    GroupState,
    GroupUnknown,
    SubscriberGroups,
)
from yabot.events.envelope import Timestamp
from yabot.log.unit_of_work import UnitOfWork

GROUP_UNKNOWN = Problem(404, GroupUnknown.code, "There is no such group of subscribers.")
GROUP_NOT_STOPPED = Problem(409, GroupNotStopped.code, "Only a group that has stopped can go on.")

GroupName = Annotated[
    str,
    Path(
        pattern=NAME,
        description="the feature whose subscribers they are",
        examples=["rewards"],
    ),
]


class StopBody(Shown):
    reason: str
    dead_letters: int = Field(description="of the last hundred events")
    stopped_at: Timestamp


class SubscriberGroupBody(Shown):
    name: str
    lag: int = Field(description="events that it has yet to settle")
    stop: StopBody | None = Field(description="null while it works")

    @classmethod
    def of(cls, state: GroupState) -> Self:
        stop = state.stop and StopBody(
            reason=state.stop.reason,
            dead_letters=state.stop.dead_letters,
            stopped_at=state.stop.stopped_at,
        )
        return cls(name=state.name, lag=state.lag, stop=stop)


class SubscriberGroupList(Shown):
    groups: list[SubscriberGroupBody]


def routes(groups: SubscriberGroups, door: Door) -> Routes:
    routes = Routes("operators")

    @routes.get("/admin/subscriber-groups", needs="admin", gives=SubscriberGroupList)
    async def list_subscriber_groups(asking: Asking) -> Response:
        """All groups of subscribers: how far each is behind, and whether and why it has stopped."""
        found = await groups.all()
        shown = [SubscriberGroupBody.of(each) for each in found]
        return asking.answer(SubscriberGroupList(groups=shown))

    @routes.post(
        "/admin/subscriber-groups/{name}/go-on",
        needs="admin",
        gives=SubscriberGroupBody,
        refuses=[GROUP_UNKNOWN, GROUP_NOT_STOPPED],
    )
    async def let_subscriber_group_go_on(name: GroupName, change: Posting) -> Response:
        """Let a group go on that has stopped; it does so within seconds, in whatever process."""

        async def decide(work: UnitOfWork) -> Answer:
            with telling(GROUP_UNKNOWN, GROUP_NOT_STOPPED):
                state = await groups.go_on(work, name, change.by)
            return Answer.of(SubscriberGroupBody.of(state))

        return await door.change(change, decide)

    return routes
