"""Reports to the recorder how each request was answered."""

import json

from starlette.datastructures import Headers

from yabot.api.answering import problems
from yabot.api.auth.peers import peers_of
from yabot.api.operations.routes import PREFIX
from yabot.api.phases import App, Message, Receive, Send
from yabot.api.records.recorder import Asked, RequestRecorder


class Recording:
    """An ASGI application around all others that answer: it sees what the client gets."""

    def __init__(self, app: App, recorder: RequestRecorder) -> None:
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(f"{PREFIX}/"):
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            if answer.status is not None:
                self._recorder.note(_asked(scope, answer.status, answer.code))


class _Answer:
    def __init__(self, send: Send) -> None:
        self.status: int | None = None
        self.code: str | None = None
        self._send = send
        self._is_problem = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            media_type = Headers(raw=message["headers"]).get("content-type", "")
            self._is_problem = media_type == problems.MEDIA_TYPE
        elif self._is_problem and message.get("body"):
            # A problem is sent in one piece, and is ours.
            self.code = json.loads(message["body"])["code"]
        await self._send(message)


def _asked(scope: Message, status: int, code: str | None) -> Asked:
    caller, route = scope.get("caller"), scope.get("route")
    return Asked(
        service=caller.service if caller else None,
        operation=getattr(route, "operation_id", None),
        status=status,
        correlation_id=scope["correlation_id"],
        code=code,
        address=None if caller else peers_of(scope)[0],
    )
