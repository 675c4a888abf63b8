"""A Cluster: three masters with the slots between them, and a replica of each."""

from pathlib import Path
from typing import Any

from redis.crc import key_slot
from redis.exceptions import RedisError

from labs.node import Node, Setting
from labs.ports import Reservation
from labs.waiting import PATIENCE, until
from yabot.embedded.ports import LOOPBACK

MASTERS = 3
SLOTS = 16384


class ClusterLab:
    """``dead_after_ms``: how long a node is silent until the others take it for dead, and its
    replica takes its place. On a busy machine living nodes are silent for seconds."""

    def __init__(
        self,
        folder: Path,
        *,
        password: str | None = None,
        masters: int = MASTERS,
        dead_after_ms: int = 2000,
    ) -> None:
        self._bus_ports = [Reservation() for _ in range(2 * masters)]
        self.nodes = [
            Node(
                folder / f"node-{n}",
                _settings(bus.port, password, dead_after_ms),
                password=password,
            )
            for n, bus in enumerate(self._bus_ports)
        ]
        self._masters = masters

    def start(self) -> None:
        """Once every node has every slot's master, and every replica what its master has."""
        for node in self.nodes:
            node.start()
        masters, replicas = self.nodes[: self._masters], self.nodes[self._masters :]
        for n, master in enumerate(masters):
            first, last = SLOTS * n // self._masters, SLOTS * (n + 1) // self._masters - 1
            master.ask("CLUSTER", "ADDSLOTSRANGE", str(first), str(last))
        for n, node in enumerate(self.nodes):
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", str(n + 1))
            if n:
                self._introduce(node)
        for master, replica in zip(masters, replicas, strict=True):
            _follow(replica, id_of(master))
        until(self._is_well)

    def end(self) -> None:
        for node in self.nodes:
            node.end()
        for bus in self._bus_ports:
            bus.release()

    def environment(self) -> dict[str, str]:
        """What YABOT is told, apart from the password."""
        return {"REDIS_URL": f"redis://{self.nodes[0].address}", "REDIS_CLUSTER": "true"}

    @property
    def masters(self) -> list[Node]:
        """Those that are so now. Raises RedisError when a node does not answer."""
        return [node for node in self.nodes if node.ask("ROLE")[0] == "master"]

    def master_of(self, key: str) -> Node:
        """As the first node says that runs."""
        return self.holder_of(key_slot(key.encode()))

    def holder_of(self, slot: int) -> Node:
        """As ``master_of``."""
        found = _slots(next(node for node in self.nodes if node.is_running))
        port = next(port for first, last, port in found if first <= slot <= last)
        return next(node for node in self.nodes if node.port == port)

    def replica_of(self, master: Node) -> Node:
        for node in self.nodes:
            role = node.ask("ROLE")
            if role[0] == "slave" and int(role[2]) == master.port:
                return node
        raise LookupError(f"{master.address} has no replica")

    def replace(self, former: Node, replica: Node) -> None:
        """As by a failover, of a master that does not run; once every other node knows."""
        replica.ask("CLUSTER", "FAILOVER", "TAKEOVER")
        others = [node for node in self.nodes if node is not former]
        until(lambda: all(is_whole(node) and not _names(node, former) for node in others))

    def mend(self) -> None:
        """All nodes run, and each master has its replica."""
        for node in self.nodes:
            node.revive()
        until(self._is_well)

    def begin_move(self, key: str, target: Node) -> None:
        """The key's slot is on its way: what is not there any more is asked for at the target."""
        slot, source = str(key_slot(key.encode())), self.master_of(key)
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", id_of(source))
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", id_of(target))

    def move_keys(self, key: str, target: Node) -> None:
        """All keys of the key's slot."""
        slot, source = str(key_slot(key.encode())), self.master_of(key)
        keys = source.ask("CLUSTER", "GETKEYSINSLOT", slot, "100")
        if keys:
            auth = ["AUTH", target.password] if target.password else []
            where = [LOOPBACK, str(target.port), "", "0", f"{PATIENCE * 1000:.0f}"]
            source.ask("MIGRATE", *where, *auth, "KEYS", *keys)

    def end_move(self, key: str, target: Node) -> None:
        slot = str(key_slot(key.encode()))
        for node in [target, *(node for node in self.masters if node is not target)]:
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", id_of(target))
        until(lambda: self.master_of(key) is target)

    def _introduce(self, node: Node) -> None:
        first = self.nodes[0]
        node.ask("CLUSTER", "MEET", LOOPBACK, str(first.port), str(self._bus_ports[0].port))

    def _is_well(self) -> bool:
        try:
            return all(map(is_whole, self.nodes)) and self._agree() and self._follow_masters()
        except RedisError:
            return False

    def _agree(self) -> bool:
        """All nodes have the same map, with a replica of each master."""
        first, *others = (_holders(node) for node in self.nodes)
        return all(other == first for other in others) and all(
            len(holders) == 2 for holders in first.values()
        )

    def _follow_masters(self) -> bool:
        """Each replica has what its master has."""
        links = [
            about["master_link_status"]
            for about in map(_replication, self.nodes)
            if about["role"] == "slave"
        ]
        return links == ["up"] * self._masters


def id_of(node: Node) -> str:
    return str(node.ask("CLUSTER", "MYID"))


def _follow(replica: Node, master_id: str) -> None:
    """As soon as the replica has heard of that master."""

    def accepted() -> bool:
        try:
            replica.ask("CLUSTER", "REPLICATE", master_id)
        except RedisError:
            return False
        return True

    until(accepted)


def _settings(bus_port: int, password: str | None, dead_after_ms: int) -> list[Setting]:
    settings: list[Setting] = [
        ("cluster-enabled", "yes"),
        ("cluster-port", str(bus_port)),
        ("cluster-node-timeout", str(dead_after_ms)),
        ("appendonly", "yes"),
        ("save", '""'),
        ("repl-diskless-sync-delay", "0"),
    ]
    if password is not None:
        settings.append(("masterauth", password))
    return settings


def _slots(node: Node) -> list[tuple[int, int, int]]:
    """First slot, last slot, and the port of their master."""
    found: list[list[Any]] = node.ask("CLUSTER", "SLOTS")
    return [(int(each[0]), int(each[1]), int(each[2][1])) for each in found]


def is_whole(node: Node) -> bool:
    """As the node itself sees it."""
    return "cluster_state:ok" in str(node.ask("CLUSTER", "INFO"))


def _replication(node: Node) -> dict[str, Any]:
    return dict(node.ask("INFO", "replication"))


def _holders(node: Node) -> dict[tuple[int, int], frozenset[int]]:
    """Slots, and the ports of their master and its replicas."""
    found: list[list[Any]] = node.ask("CLUSTER", "SLOTS")
    return {(int(each[0]), int(each[1])): frozenset(int(h[1]) for h in each[2:]) for each in found}


def _names(node: Node, former: Node) -> bool:
    """Whether it still takes the former one for a master."""
    return any(port == former.port for _, _, port in _slots(node))
