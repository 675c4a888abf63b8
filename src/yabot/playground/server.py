"""The playground's server: it lives in the caller's event loop and on this machine only."""

from contextlib import AsyncExitStack
from pathlib import Path

from yabot.observability.logging import get_logger
from yabot.playground.app import build_app
from yabot.playground.bot_api.calls import Calls
from yabot.playground.bot_api.endpoint import BotApiEndpoint
from yabot.playground.bot_api.polling import Polling
from yabot.playground.delivery.courier import Courier
from yabot.playground.faults.injector import FaultInjector
from yabot.playground.feed import Feed
from yabot.playground.inspector import Inspector
from yabot.playground.listener import Listener
from yabot.playground.observer import Observer
from yabot.playground.reader.context import Context
from yabot.playground.store import bot, people
from yabot.playground.store.bot import Bot
from yabot.playground.store.database import Database, Transaction

log = get_logger(__name__)


class PlaygroundServer:
    """A Bot API server and its page at ``url``; users, chats and updates survive in the store.

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
        self._running: AsyncExitStack | None = None

    async def start(self) -> None:
        """Returns when the server answers. Port 0 takes a free one.

        Raises ``ConfigurationError`` for a taken port, a host that is not loopback or a store
        in use, ``StartupError`` for a store that cannot be opened.
        """
        async with AsyncExitStack() as stack:
            await self._open_store(stack)
            listener = await self._listen(stack)
            self.url = listener.url
            self._running = stack.pop_all()
        log.info("playground.started", url=self.url)

    async def stop(self) -> None:
        """Ends long polls and streams, answers what runs, closes the store; within 2 seconds."""
        if self._running is None:
            return
        running, self._running = self._running, None
        await running.aclose()
        log.info("playground.stopped")

    @property
    def open_streams(self) -> int:
        """How many pages watch."""
        return len(self._feed)

    @property
    def is_polled(self) -> bool:
        """Whether a bot waits for updates at this moment."""
        return self._polling.waiting > 0

    async def _open_store(self, stack: AsyncExitStack) -> None:
        self._feed = Feed()
        self._faults = FaultInjector(self._feed)
        self._database = Database(self._store_path, self._announce)
        self._polling = Polling(self._database)
        self._calls = Calls(self._database, self._polling)
        self._courier = Courier(self._database, self._calls, self._faults)
        await self._database.open()
        stack.push_async_callback(self._database.close)
        self.bot_token = (await self._database.run(_bot_and_first_user)).token

    async def _listen(self, stack: AsyncExitStack) -> Listener:
        endpoint = BotApiEndpoint(self._calls, self._faults, self.bot_token)
        context = Context(self._database, self._feed, self._inspector, self._faults)
        listener = Listener(build_app(context, endpoint), self._host, self._port)
        endpoint.hang_up = listener.hang_up
        await listener.start()
        if self._inspector is not None:
            observer = Observer(self._inspector, self._feed)
            observer.start()
            stack.push_async_callback(observer.stop)
        stack.push_async_callback(listener.stop)
        stack.callback(self._feed.close)
        stack.callback(self._polling.close)
        self._courier.start()
        stack.push_async_callback(self._courier.stop)
        return listener

    def _announce(self, committed: Transaction) -> None:
        if committed.has_new_updates:
            self._polling.ring()
            self._courier.ring()
        if committed.has_new_webhook:
            self._polling.ring()
            self._courier.reconsider()
        for change in committed.changes:
            self._feed.publish(change)


def _bot_and_first_user(tx: Transaction) -> Bot:
    found = bot.load(tx)
    if found is not None:
        return found
    people.add_user(tx, "Alma", None, None, "es")
    return bot.create(tx)
