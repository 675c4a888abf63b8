"""Publishes our public keys, without a token: for checking our signatures and encrypting to us."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

# Seconds for which others may cache them; a new key is published far longer before it is used.
KEPT_FOR = 300
_HEADERS = {"Cache-Control": f"public, max-age={KEPT_FOR}"}


def key_routes(tokens: Callable[[], Mapping[str, Any]], bodies: Callable[[], str]) -> APIRouter:
    """``tokens`` gives the JWK set of the keys that sign tokens; ``bodies`` gives the signed list
    of the keys for encrypted bodies.
    """
    router = APIRouter()

    @router.get("/.well-known/jwks.json", include_in_schema=False)
    async def get_keys() -> JSONResponse:
        return JSONResponse(tokens(), headers=_HEADERS, media_type="application/jwk-set+json")

    @router.get("/.well-known/yabot-keys", include_in_schema=False)
    async def get_keys_for_bodies() -> Response:
        return Response(bodies(), headers=_HEADERS, media_type="application/jose")

    return router
