"""An ASGI application served inside the program's own event loop."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from yabot.errors import ConfigurationError


class HttpServer:
    """Binds on ``start``, so that a taken port is known before anything else happens."""

    def __init__(self, app: Any, host: str, port: int, *, variable: str) -> None:
        """``variable`` is the setting that mends a taken port; port 0 takes a free one."""
        self._host = host
        self._port = port
        self._variable = variable
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Returns when the server answers. Raises ConfigurationError for a taken port."""
        bound = bind(self._host, self._port, self._variable)
        self._port = bound.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve([bound]))
        await self._server.ready.wait()

    async def stop(self) -> None:
        """Answer what runs, for a second at most."""
        if self._serving is not None:
            self._server.should_exit = True
            await self._serving
            self._serving = None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program, not to one of its servers."""
        yield


def bind(host: str, port: int, variable: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it answers wait 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ConfigurationError(
            [f"{variable}: port {port} on {host} cannot be used ({error.strerror}); set another"]
        ) from error
    return bound
