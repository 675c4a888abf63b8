"""The map of a Cluster, as nodes tell it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from yabot.bus.topologies.slots import SlotMap, slot_of

ASKED = ("10.0.0.9", 7009)
NODE_A = ["10.0.0.1", 7001, "id-a", {}]
NODE_B = ["10.0.0.2", 7002, "id-b", {}]
REPLICA = ["10.0.0.3", 7003, "id-c", {}]


def test_each_slot_has_the_first_of_its_holders() -> None:
    found = SlotMap.read([[8192, 16383, NODE_B], [0, 8191, NODE_A, REPLICA]], ASKED)
    assert found.primary_of(0) == found.primary_of(8191) == ("10.0.0.1", 7001)
    assert found.primary_of(8192) == found.primary_of(16383) == ("10.0.0.2", 7002)
    assert found.nodes == {("10.0.0.1", 7001), ("10.0.0.2", 7002), ("10.0.0.3", 7003)}
    assert found.is_whole


def test_a_slot_that_nobody_serves_has_no_primary() -> None:
    found = SlotMap.read([[10, 20, NODE_A], [30, 40, NODE_B]], ASKED)
    assert [found.primary_of(slot) for slot in (9, 21, 29, 41)] == [None] * 4
    assert found.served == 22
    assert not found.is_whole


@pytest.mark.parametrize("unknown", ["", None, "?"])
def test_a_node_that_does_not_know_its_name_is_where_it_was_asked(unknown: str | None) -> None:
    found = SlotMap.read([[0, 16383, [unknown, 7001, "id-a"]]], ASKED)
    assert found.primary_of(5) == ("10.0.0.9", 7001)


def test_maps_are_the_same_when_their_primaries_are() -> None:
    with_replica = SlotMap.read([[0, 16383, NODE_A, REPLICA]], ASKED)
    without = SlotMap.read([[0, 16383, NODE_A]], ASKED)
    assert with_replica == without
    assert hash(with_replica) == hash(without)
    assert without != SlotMap.read([[0, 16383, NODE_B]], ASKED)


@given(st.text())
def test_a_command_is_about_the_slot_of_its_first_key(key: str) -> None:
    slot = key_slot(key.encode())
    assert slot_of(["XADD", key, "1-0", "event", "{}"]) == slot
    assert slot_of(["XINFO STREAM", key]) == slot
    assert slot_of(["EVALSHA", "sha", 2, key, "other", "argument"]) == slot
    assert slot_of(["XREAD", b"COUNT", 5, b"BLOCK", 9, b"STREAMS", key, "other", "0", "0"]) == slot


def test_braces_keep_keys_together() -> None:
    assert slot_of(["XLEN", "yabot:events:{7}"]) == slot_of(["XLEN", "yabot:other:{7}"])
