"""An ASGI application served inside the program's own event loop."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import uvicorn

from yabot.errors import ConfigurationError
from yabot.observability.metrics import HANGUPS
from yabot.runtime.acceptor import Acceptor
from yabot.runtime.certificate_reload import CertificateReloader
from yabot.runtime.connections import BoundedListener, Connections
from yabot.runtime.http_protocol import USUAL, Limits, TimedProtocol
from yabot.runtime.ports import BACKLOG, Place, bind
from yabot.runtime.tls import NotUsable, ServerCertificate


class HttpServer:
    """Binds on ``start``, so that a taken port is known before anything else happens."""

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        variable: str,
        host_variable: str | None = None,
        tls: ServerCertificate | None = None,
        trusted_proxies: Sequence[str] = (),
        limits: Limits = USUAL,
    ) -> None:
        """``variable`` and ``host_variable`` are those of ``Place``; port 0 takes a free one.

        The files of ``tls`` may be replaced while it runs; raises ConfigurationError when they
        cannot be used. ``trusted_proxies`` are the addresses and networks whose
        X-Forwarded-For is believed.
        """
        self._host = host
        self._port = port
        self._variable = variable
        self._host_variable = host_variable
        self._connections = Connections(limits.connections, HANGUPS.labels("crowded").inc)
        protocol: Any = partial(TimedProtocol, limits=limits, crowd=self._connections)
        config = uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            # X-Forwarded-For is read from the right, up to the first address that is none of these.
            forwarded_allow_ips=[*trusted_proxies, *map(_on_ipv6, trusted_proxies)],
            backlog=BACKLOG,
            timeout_keep_alive=limits.idle_for,
            timeout_graceful_shutdown=1,
        )
        self._tls = _renewal(tls)
        self._server = _Server(config, limits, self._tls)
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{host_in_url(self._host)}:{self._port}"

    async def start(self) -> None:
        """Returns when the server answers. Raises PortTaken, ConfigurationError."""
        place = Place(self._variable, self._host, self._port, self._host_variable)
        bound = bind(place, self._connections)
        self._port = bound.getsockname()[1]
        if self._tls is not None:
            self._tls.loop.start()
        self._serving = asyncio.create_task(self._server.serve([bound]))
        await self._server.ready.wait()

    async def stop(self) -> None:
        """Finish running requests, for at most a second."""
        if self._serving is not None:
            self._server.should_exit = True
            await self._serving
            self._serving = None
        if self._tls is not None:
            await self._tls.loop.finish(0)


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, limits: Limits, tls: CertificateReloader | None
    ) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._limits = limits
        self._tls = tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """In place of uvicorn's own, which sets no time limit for the TLS handshake."""
        await self.lifespan.startup()
        self.servers = [
            Acceptor(bound, self._serve_connection)  # type: ignore[misc]
            for bound in cast("list[BoundedListener]", sockets or [])
        ]
        self.started = True
        self.ready.set()

    async def _serve_connection(self, connection: socket.socket) -> None:
        within = self._limits.head_within if self._tls else None
        await asyncio.get_running_loop().connect_accepted_socket(
            partial(self._protocol, self._is_outdated()),
            connection,
            ssl=self._tls.context if self._tls else None,
            ssl_handshake_timeout=within,
            ssl_shutdown_timeout=within,
        )

    def _is_outdated(self) -> Callable[[], bool]:
        """A function that tells, of a connection that begins now, whether the authorities have
        changed since.
        """
        tls = self._tls
        if tls is None:
            return lambda: False
        age = tls.age
        return lambda: tls.age != age

    def _protocol(self, is_outdated: Callable[[], bool]) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            is_outdated=is_outdated,
        )
        return protocol

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program, not to one of its servers."""
        yield


def host_in_url(host: str) -> str:
    """``host`` as it is written in a URL: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def _renewal(tls: ServerCertificate | None) -> CertificateReloader | None:
    try:
        return None if tls is None else CertificateReloader(tls)
    except NotUsable as error:
        raise ConfigurationError([str(error)]) from error


def _on_ipv6(proxy: str) -> str:
    """A proxy's address or network as a dual-stack listener sees it."""
    network = ipaddress.ip_network(proxy)
    if network.version == 6:
        return proxy
    return f"::ffff:{network.network_address}/{96 + network.prefixlen}"
