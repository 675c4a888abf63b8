"""Which node of a Cluster has which slots, and which slot a command needs."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

Address = tuple[str, int]

SCRIPTS = frozenset(("EVAL", "EVALSHA"))
READS = frozenset(("XREAD", "XREADGROUP"))


@dataclass(frozen=True, slots=True)
class SlotRange:
    """Slots from ``first`` to ``last``, both included, and the node that takes writes to them."""

    first: int
    last: int
    primary: Address


@dataclass(frozen=True, slots=True)
class SlotMap:
    """The map as one node sees it; maps are equal if slots and primaries are, whatever replicas."""

    ranges: tuple[SlotRange, ...] = ()
    nodes: frozenset[Address] = field(default=frozenset(), compare=False)

    @classmethod
    def read(cls, answer: Sequence[Sequence[Any]], told_by: Address) -> "SlotMap":
        """Read the answer of CLUSTER SLOTS; a node without an address is ``told_by``."""
        ranges, nodes = [], set()
        for first, last, *holders in answer:
            addresses = [_address(holder, told_by) for holder in holders]
            ranges.append(SlotRange(int(first), int(last), addresses[0]))
            nodes.update(addresses)
        return cls(tuple(sorted(ranges, key=lambda each: each.first)), frozenset(nodes))

    @property
    def primaries(self) -> frozenset[Address]:
        return frozenset(each.primary for each in self.ranges)

    @property
    def served(self) -> int:
        """How many slots have a node; all of them are 16384."""
        return sum(each.last - each.first + 1 for each in self.ranges)

    @property
    def is_whole(self) -> bool:
        return self.served == REDIS_CLUSTER_HASH_SLOTS

    def primary_of(self, slot: int) -> Address | None:
        index = bisect_right(self.ranges, slot, key=lambda each: each.first) - 1
        if index < 0 or slot > self.ranges[index].last:
            return None
        return self.ranges[index].primary


def slot_of(command: Sequence[Any]) -> int:
    """The slot of the first key; the server itself refuses keys of several slots."""
    name = str(command[0]).upper()
    if name in SCRIPTS:
        key = command[3]
    elif name in READS:
        key = command[list(map(_text, command)).index("STREAMS") + 1]
    else:
        key = command[1]
    return key_slot(_text(key).encode())


def host_of(told: str | None, told_by: Address) -> str:
    """The host of an answer; a node leaves its own name out if it does not know it."""
    return told_by[0] if told in {None, "", "?"} else str(told)


def _address(holder: Sequence[Any], told_by: Address) -> Address:
    return (host_of(holder[0], told_by), int(holder[1]))


def _text(part: Any) -> str:
    return part.decode() if isinstance(part, bytes) else str(part)
