"""Tokens, for administrators' services."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from yabot.api.answering.answers import Answer
from yabot.api.answering.shown import Shown
from yabot.api.auth.claims import JTI
from yabot.api.auth.revocations import revoke
from yabot.api.operations.door import Door
from yabot.api.operations.requests import Changing
from yabot.api.operations.routes import Routes
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database

TokenId = Annotated[str, Path(pattern=JTI, description="The token's jti.", examples=["a1b2c3"])]


class Revoked(Shown):
    """A token that is worth nothing any more."""

    token_id: str
    revoked_at: datetime
    expires_at: datetime


def token_routes(database: Database, door: Door) -> Routes:
    routes = Routes("tokens")

    @routes.put("/tokens/{token_id}/revocation", needs="admin", gives=Revoked)
    async def put_token_revocation(token_id: TokenId, change: Changing) -> Response:
        """Let a token be worth nothing, whoever has signed it; nobody need have seen it.

        Every instance has heard of it within seconds. It cannot be taken back.
        """

        async def decide(work: UnitOfWork) -> Answer:
            made = await revoke(database, work, token_id, change.by)
            return Answer.of(
                Revoked(
                    token_id=made.token_id, revoked_at=made.revoked_at, expires_at=made.expires_at
                )
            )

        return await door.change(change, decide)

    return routes
