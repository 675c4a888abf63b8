"""A service and YABOT, who talk through somebody who ends TLS between them."""

import ssl
from dataclasses import dataclass
from typing import Any

from tests.api.auth.asking import ask
from tests.api.encryption.service import Disbelieved, Inner, Service
from tests.api.encryption.wire import Came, Meddler, Sent, send
from tests.api.tokens import token_for
from tests.e2e.program import Program

FIRST = {"language": "es", "notifications_enabled": True, "theme": "light"}
WANTED = {"language": "en", "notifications_enabled": False, "theme": "dark"}


@dataclass
class Talk:
    """Between ``service`` and YABOT, through the meddler."""

    service: Service
    meddler: Meddler
    trusted: ssl.SSLContext
    program: Program
    user_id: int

    @property
    def preferences(self) -> str:
        return f"/api/v1/user/{self.user_id}/preferences"

    def wanting(self, **signed: str) -> Sent:
        return self.service.request("PUT", self.preferences, WANTED, signed)

    async def send(self, sent: Sent) -> Came:
        return await send(sent, self.meddler.port, self.trusted)

    async def ask(self, method: str, target: str, said: Any = None) -> Inner:
        """Raises Disbelieved."""
        sent = self.service.request(method, target, said)
        return self.service.read(sent, await self.send(sent))

    def stored(self) -> Any:
        """As somebody else is told who asks without a meddler."""
        return ask(self.program, self.preferences, token_for(self.program)).body


def believed(service: Service, sent: Sent, came: Came) -> Inner | None:
    """What the service takes for YABOT's answer, if anything."""
    try:
        return service.read(sent, came)
    except Disbelieved:
        return None
