"""A primary with replicas, watched by three Sentinels."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError, ResponseError

from labs.node import Node, Setting
from labs.waiting import until
from yabot.embedded.ports import LOOPBACK

MASTER = "mymaster"
SENTINELS = 3
QUORUM = "2"


class SentinelLab:
    """``password`` and ``sentinel_password``: of the nodes, and of the Sentinels.

    ``dead_after_ms``: how long the primary is silent until a Sentinel takes it for dead.
    """

    def __init__(
        self,
        folder: Path,
        *,
        password: str | None = None,
        sentinel_password: str | None = None,
        replicas: int = 1,
        dead_after_ms: int = 1000,
    ) -> None:
        self._dead_after_ms = dead_after_ms
        self._password = password
        self.primary = Node(folder / "node-0", self._data(), password=password)
        following: Setting = ("replicaof", LOOPBACK, str(self.primary.port))
        self.replicas = [
            Node(folder / f"node-{n}", [*self._data(), following], password=password)
            for n in range(1, replicas + 1)
        ]
        self.sentinels = [
            Node(
                folder / f"sentinel-{n}",
                self._watching(sentinel_password),
                password=sentinel_password,
                is_sentinel=True,
            )
            for n in range(SENTINELS)
        ]

    @property
    def nodes(self) -> list[Node]:
        return [self.primary, *self.replicas]

    def start(self) -> None:
        """Once a failover would succeed."""
        for node in self.nodes:
            node.start()
        # A Sentinel asks a primary for its replicas at once, and then only every ten seconds.
        until(self._in_step)
        for sentinel in self.sentinels:
            sentinel.start()
        until(self._is_well)

    def end(self) -> None:
        for node in [*self.sentinels, *self.nodes]:
            node.end()

    def environment(self) -> dict[str, str]:
        """What YABOT is told, apart from the passwords."""
        addresses = ",".join(sentinel.address for sentinel in self.sentinels)
        return {"REDIS_SENTINELS": addresses, "REDIS_SENTINEL_MASTER": MASTER}

    def present_primary(self) -> Node:
        """The node that most Sentinels call so."""
        found = [self._primary_of(sentinel) for sentinel in self.sentinels]
        port = max(set(found), key=found.count)
        return next(node for node in self.nodes if node.port == port)

    def replace(self, former: Node) -> Node:
        """By a failover, of a primary that does not run; the new one, which all Sentinels know."""
        first = self.sentinels[0]

        def is_replaced() -> bool:
            if self._primary_of(first) != former.port:
                return True
            # Refused while one is under way, and while no replica is known to be well.
            with suppress(ResponseError):
                first.ask("SENTINEL", "FAILOVER", MASTER)
            return False

        until(is_replaced)
        until(lambda: former.port not in map(self._primary_of, self.sentinels))
        return self.present_primary()

    def mend(self) -> None:
        """All nodes run, and those that are not the primary follow it."""
        for node in self.nodes:
            node.revive()
        primary = self.present_primary()
        for node in self.nodes:
            if node is not primary:
                node.ask("REPLICAOF", LOOPBACK, str(primary.port))
        until(self._is_well)

    def _is_well(self) -> bool:
        return self._in_step() and all(map(self._knows_all, self.sentinels))

    def _in_step(self) -> bool:
        """One primary, and its replicas have what it has."""
        try:
            about = [node.ask("INFO", "replication") for node in self.nodes]
        except RedisError:
            return False
        links = [each["master_link_status"] for each in about if each["role"] == "slave"]
        return links == ["up"] * (len(self.nodes) - 1)

    def _knows_all(self, sentinel: Node) -> bool:
        state = self._state(sentinel)
        return (
            int(state["num-other-sentinels"]) == SENTINELS - 1
            and int(state["num-slaves"]) == len(self.replicas)
            and state["flags"] == "master"
            and self._replicas_are_well(sentinel)
        )

    def _replicas_are_well(self, sentinel: Node) -> bool:
        found = sentinel.ask("SENTINEL", "REPLICAS", MASTER)
        return all(_pairs(each)["flags"] == "slave" for each in found)

    def _state(self, sentinel: Node) -> dict[str, Any]:
        return _pairs(sentinel.ask("SENTINEL", "MASTER", MASTER))

    def _primary_of(self, sentinel: Node) -> int:
        return int(self._state(sentinel)["port"])

    def _data(self) -> list[Setting]:
        settings: list[Setting] = [
            ("appendonly", "yes"),
            ("save", '""'),
            ("repl-diskless-sync-delay", "0"),
        ]
        if self._password is not None:
            settings.append(("masterauth", self._password))
        return settings

    def _watching(self, sentinel_password: str | None) -> list[Setting]:
        settings: list[Setting] = [
            ("sentinel", "monitor", MASTER, LOOPBACK, str(self.primary.port), QUORUM),
            ("sentinel", "down-after-milliseconds", MASTER, str(self._dead_after_ms)),
            ("sentinel", "failover-timeout", MASTER, "5000"),
        ]
        if self._password is not None:
            settings.append(("sentinel", "auth-pass", MASTER, self._password))
        if sentinel_password is not None:
            settings.append(("sentinel", "sentinel-pass", sentinel_password))
        return settings


def _pairs(answer: Any) -> dict[str, Any]:
    """redis-py reads some answers into a dictionary, and others not."""
    return answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=True))
