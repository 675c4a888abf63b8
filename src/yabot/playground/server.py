"""The playground's server: it lives in the caller's event loop and on this machine only."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from yabot.errors import ConfigurationError
from yabot.observability.logging import get_logger
from yabot.playground.app import build_app
from yabot.playground.bot_api.endpoint import BotApiEndpoint
from yabot.playground.bot_api.polling import Polling
from yabot.playground.feed import Feed
from yabot.playground.guard import is_loopback
from yabot.playground.inspector import Inspector
from yabot.playground.observer import Observer
from yabot.playground.reader.context import Context
from yabot.playground.store import bot, people
from yabot.playground.store.bot import Bot
from yabot.playground.store.database import Database, Transaction

log = get_logger(__name__)


class PlaygroundServer:
    """A Bot API server and its page at ``url``; everything it was told survives in the store.

    ``url`` and ``bot_token`` are known once ``start`` has returned; the token is made once for
    each store. ``inspector`` shows the bot's events and stores beside the chat, when the bot
    runs in the same process.
    """

    url: str
    bot_token: str

    def __init__(
        self,
        store_path: Path,
        *,
        port: int,
        host: str = "127.0.0.1",
        inspector: Inspector | None = None,
    ) -> None:
        self._store_path = store_path
        self._port = port
        self._host = host
        self._inspector = inspector
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when the server answers. Port 0 takes a free one.

        Raises ``ConfigurationError`` for a taken port, a host that is not loopback or a store
        in use, ``StartupError`` for a store that cannot be opened.
        """
        bound = bind(self._host, self._port)
        try:
            await self._open_store()
        except BaseException:
            bound.close()
            raise
        self.url = _url(self._host, bound.getsockname()[1])
        self._serve(bound)
        await self._server.ready.wait()
        log.info("playground.started", url=self.url)

    async def stop(self) -> None:
        """Ends long polls and streams, answers what runs, closes the store; within 2 seconds."""
        if self._serving is None:
            return
        self._polling.close()
        self._feed.close()
        self._server.should_exit = True
        await self._serving
        self._serving = None
        if self._observer is not None:
            await self._observer.stop()
        await self._database.close()
        log.info("playground.stopped")

    @property
    def open_streams(self) -> int:
        """How many pages watch."""
        return len(self._feed)

    @property
    def is_polled(self) -> bool:
        """Whether a bot waits for updates at this moment."""
        return self._polling.waiting > 0

    async def _open_store(self) -> None:
        self._feed = Feed()
        self._database = Database(self._store_path, self._announce)
        await self._database.open()
        self._polling = Polling(self._database)
        the_bot = await self._database.run(_bot_and_first_user)
        self.bot_token = the_bot.token

    def _serve(self, bound: socket.socket) -> None:
        endpoint = BotApiEndpoint(self._database, self._polling, self.bot_token)
        app = build_app(Context(self._database, self._feed, self._inspector), endpoint)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve([bound]), name="playground")
        self._observer = Observer(self._inspector, self._feed) if self._inspector else None
        if self._observer is not None:
            self._observer.start()

    def _announce(self, committed: Transaction) -> None:
        if committed.has_new_updates:
            self._polling.ring()
        for change in committed.changes:
            self._feed.publish(change)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program that runs the playground."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening address on this machine; see ``PlaygroundServer.start`` for the errors."""
    if not is_loopback(host):
        raise ConfigurationError(
            [f"The playground serves this machine only: {host} is not a loopback address."]
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it answers wait 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()
    except OSError as error:
        bound.close()
        raise ConfigurationError([_cannot_bind(host, port, error)]) from error
    return bound


def _cannot_bind(host: str, port: int, error: OSError) -> str:
    return (
        f"PLAYGROUND_PORT: {host}:{port} cannot be used ({error.strerror or error}); "
        "free it or set PLAYGROUND_PORT to another port."
    )


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bot_and_first_user(tx: Transaction) -> Bot:
    found = bot.load(tx)
    if found is not None:
        return found
    people.add_user(tx, "Alma", None, None, "es")
    return bot.create(tx)
