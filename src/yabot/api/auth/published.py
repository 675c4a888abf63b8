"""Our public keys, for whoever wants to check a token of ours: no token is needed."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

# Seconds for which others may keep them; a new key is published far longer before it signs.
KEPT_FOR = 300


def key_routes(published: Callable[[], Mapping[str, Any]]) -> APIRouter:
    """``published`` gives a JWK set."""
    router = APIRouter()

    @router.get("/.well-known/jwks.json", include_in_schema=False)
    async def get_keys() -> JSONResponse:
        headers = {"Cache-Control": f"public, max-age={KEPT_FOR}"}
        return JSONResponse(published(), headers=headers, media_type="application/jwk-set+json")

    return router
