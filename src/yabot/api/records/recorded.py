"""Shows operators what was asked of this process, and what was refused."""

from typing import Annotated, Self

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from yabot.api.answering.shown import Shown
from yabot.api.auth.claims import SERVICE_NAME
from yabot.api.operations.parameters import Limit
from yabot.api.operations.requests import Asking
from yabot.api.operations.routes import Routes
from yabot.api.records.recorder import KEPT_FOR, Refusal, RequestRecorder
from yabot.clock import utc_now
from yabot.events.envelope import Timestamp

OfService = Annotated[
    str | None,
    Query(pattern=SERVICE_NAME, description="Only what this service was refused."),
]


class RequestCount(Shown):
    service: str = Field(description="-: no valid token; *: of too many to tell apart")
    operation: str = Field(description="its id; -: of no known path and method")
    status: int
    requests: int


class RefusalBody(Shown):
    at: Timestamp
    status: int
    code: str | None
    operation: str | None
    service: str | None = Field(description="null: without a valid token")
    address: str | None = Field(description="of whoever has shown no valid token")
    correlation_id: str

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        asked = refusal.asked
        return cls(
            at=refusal.at,
            status=asked.status,
            code=asked.code,
            operation=asked.operation,
            service=asked.service,
            address=asked.address,
            correlation_id=asked.correlation_id,
        )


class RequestsOfLastHour(Shown):
    since: Timestamp = Field(description="an hour ago, or when this process began")
    asked: list[RequestCount]
    refused: list[RefusalBody] = Field(description="as far as they are kept, the newest first")


def routes(recorder: RequestRecorder) -> Routes:
    routes = Routes("operators")

    @routes.get("/admin/requests", needs="admin", gives=RequestsOfLastHour)
    async def list_requests(
        asking: Asking, service: OfService = None, limit: Limit = 50
    ) -> Response:
        """How much each service asked of this process within the last hour, and what was refused.

        Of several processes each answers for itself; `yabot_api_requests_total` counts in all.
        """
        counts = [
            RequestCount(service=by, operation=operation, status=status, requests=number)
            for (by, operation, status), number in sorted(recorder.counts().items())
            if service in (None, by)
        ]
        refused = [RefusalBody.of(each) for each in recorder.refusals(service, limit)]
        since = max(recorder.began, utc_now() - KEPT_FOR)
        return asking.answer(RequestsOfLastHour(since=since, asked=counts, refused=refused))

    return routes
