"""A program whose three stores can each be taken away, in several ways, and given back."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from tests.e2e.program import Program
from tests.e2e.stores import Stores
from tests.outages.proxy import Proxy
from tests.outages.servers import Server
from tests.waiting import wait_until

Json = dict[str, Any]
Component = Literal["mongodb", "redis", "sql"]
# kill -9, SIGSTOP, a network that swallows everything, one that refuses every connection.
Way = Literal["killed", "frozen", "unreachable", "refused"]


@dataclass(frozen=True)
class Place:
    """Where the program finds a store: a server behind a proxy."""

    server: Server
    proxy: Proxy


@dataclass(frozen=True)
class World:
    program: Program
    stores: Stores
    places: dict[Component, Place]

    def lose(self, component: Component, way: Way) -> None:
        place = self.places[component]
        match way:
            case "killed":
                place.server.kill()
            case "frozen":
                place.server.freeze()
            case "unreachable":
                place.proxy.swallow()
            case "refused":
                place.proxy.refuse()

    async def restore(self, component: Component) -> None:
        """Whatever had happened to it."""
        place = self.places[component]
        place.server.thaw()
        place.proxy.mend()
        await place.server.start()

    def status(self, component: Component) -> Json:
        status, body = self.program.health("ready")
        assert status in {200, 503}
        found: Json = body["components"][component]
        return found

    def until_noticed(self, component: Component) -> None:
        wait_until(lambda: self.status(component)["status"] != "ok")

    def until_well(self) -> None:
        wait_until(lambda: self.program.health("ready")[1].get("status") == "ok")

    def told_in_turn(self, component: Component) -> bool:
        """Whether it was told, once for each time, that it is lost and that it is back, which it
        is. A busy machine may keep a store from answering, and it is lost again."""
        kinds = [kind for kind, _ in self.incidents(component)]
        losses, returns = kinds[::2], kinds[1::2]
        assert set(losses) <= {"store_lost"}, kinds
        assert set(returns) <= {"store_restored"}, kinds
        return len(losses) == len(returns) > 0

    def incidents(self, *of: Component) -> list[tuple[str, str]]:
        """Type and store of each event about these, or any, in the order in which they happened."""
        query = "SELECT envelope FROM outbox WHERE event_type IN (?, ?) ORDER BY created_at"
        rows = self.stores.rows(query, "store_lost", "store_restored")
        events = [json.loads(row["envelope"]) for row in rows]
        told = [(event["event_type"], event["payload"]["store"]) for event in events]
        return [(kind, store) for kind, store in told if not of or store in of]
