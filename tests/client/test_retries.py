"""What is sent again, when, with what, and what never is."""

from dataclasses import replace
from email.utils import formatdate
from socket import socket

import pytest

from tests.client.asking import CHANGE, ONCE, READ, Asker, OwnTime
from tests.client.conftest import NewAsker
from tests.client.faulty import (
    Behaviour,
    FaultyServer,
    Got,
    drips_headers,
    hints_without_end,
    keeps_silent,
    refuses,
    resets,
    says,
    truncates,
)
from tests.waiting import PATIENCE, wait_until
from yabot_client import Call, Refused, Unreachable, YabotError
from yabot_client.clock import Clock
from yabot_client.retrying import FIRST, LATER

pytestmark = pytest.mark.standard
FINE = says(200, {"is": "fine"})
BUSY = refuses(503, "too_busy")
# Seconds in which a server that keeps silent is given up. Nothing else is to be so quick.
SOON = 0.1


@pytest.mark.parametrize("fault", [resets, truncates, BUSY, refuses(429, "quota_exceeded")])
@pytest.mark.parametrize("call", [READ, CHANGE])
def test_a_passing_fault_is_never_seen(
    ask: Asker, server: FaultyServer, fault: Behaviour, call: Call
) -> None:
    server.behaves(fault, fault, FINE)
    assert ask(call).body == {"is": "fine"}
    assert len(server.got) == 3


def test_all_tries_of_a_change_have_one_key(ask: Asker, server: FaultyServer) -> None:
    server.behaves(resets, refuses(503, "outcome_unknown"), FINE, FINE)
    ask(CHANGE)
    ask(CHANGE)
    *tries, other = [got.headers["idempotency-key"] for got in server.got]
    assert len(set(tries)) == 1
    assert other not in tries
    assert {got.body for got in server.got} == {b'{"theme":"dark"}'}


def test_a_key_of_the_caller_is_taken(ask: Asker, server: FaultyServer) -> None:
    server.behaves(resets, FINE)
    ask(replace(CHANGE, idempotency_key="order-7"))
    assert {got.headers["idempotency-key"] for got in server.got} == {"order-7"}


@pytest.mark.parametrize("fault", [resets, truncates, keeps_silent])
def test_what_may_have_been_done_and_has_no_key_is_sent_once(
    new_asker: NewAsker, server: FaultyServer, fault: Behaviour
) -> None:
    server.behaves(fault, FINE)
    ask = new_asker(timeout=patience_with(fault))
    assert isinstance(end_of(ask, server, ONCE), Unreachable)
    assert len(server.got) == 1


def test_what_was_not_done_is_sent_again_without_a_key(ask: Asker, server: FaultyServer) -> None:
    server.behaves(refuses(429, "quota_exceeded"), FINE)
    assert ask(ONCE).body == {"is": "fine"}
    server.behaves(BUSY, FINE)
    with pytest.raises(Refused):
        ask(ONCE)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 422, 500])
def test_an_answer_is_an_answer(ask: Asker, server: FaultyServer, status: int) -> None:
    server.behaves(refuses(status, "because"), FINE)
    with pytest.raises(Refused) as refused:
        ask(CHANGE)
    assert (refused.value.status, refused.value.code) == (status, "because")
    assert len(server.got) == 1


def test_there_are_as_many_tries_as_said(new_asker: NewAsker, server: FaultyServer) -> None:
    server.behaves(BUSY)
    for retries in (0, 2):
        server.got.clear()
        with pytest.raises(Refused):
            new_asker(retries=retries)()
        assert len(server.got) == 1 + retries


def test_waits_grow_and_differ(new_asker: NewAsker, server: FaultyServer, time: OwnTime) -> None:
    server.behaves(BUSY)
    for _ in range(2):
        with pytest.raises(Refused):
            new_asker()()
    bounds = [FIRST * 2**n for n in range(4)] * 2
    assert all(0 <= wait <= most for wait, most in zip(time.slept, bounds, strict=True))
    assert len(set(time.slept)) == 8


@pytest.mark.parametrize("status", sorted(LATER))
def test_it_comes_again_when_it_is_told_to(
    ask: Asker, server: FaultyServer, time: OwnTime, status: int
) -> None:
    server.behaves(refuses(status, "later", Retry_After="7"), FINE)
    ask()
    assert 7 <= sum(time.slept) <= 7 + FIRST


def test_a_date_counts_from_when_the_answer_was_made(
    ask: Asker, server: FaultyServer, time: OwnTime
) -> None:
    made = 1_000_000_000  # whatever our clock shows
    later = {"Date": formatdate(made, usegmt=True), "Retry_After": formatdate(made + 9)}
    server.behaves(refuses(503, "too_busy", **later), FINE)
    ask()
    assert 9 <= sum(time.slept) <= 9 + FIRST


@pytest.mark.parametrize("told", ["3600", "9" * 500, "-1", "soon", "", "²"])
def test_no_answer_makes_it_wait_longer_than_a_call_may_last(
    new_asker: NewAsker, server: FaultyServer, time: OwnTime, told: str
) -> None:
    server.behaves(refuses(503, "too_busy", Retry_After=told))
    with pytest.raises(Refused) as refused:
        new_asker(deadline=30)()
    assert sum(time.slept) <= 30
    if told == "3600":
        assert (refused.value.retry_after, time.slept) == (3600, [])


def test_a_call_ends_at_its_deadline(
    new_asker: NewAsker, server: FaultyServer, time: OwnTime
) -> None:
    server.behaves(refuses(503, "too_busy", Retry_After="4"))
    with pytest.raises(Refused):
        new_asker(deadline=10, retries=100)()
    assert len(server.got) == 3
    assert time.passed <= 10


def test_octets_that_go_on_coming_do_not_make_an_answer_later(
    new_asker: NewAsker, server: FaultyServer, time: OwnTime
) -> None:
    def drips(connection: socket, _: Got) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n"
        connection.sendall(head + b"[")
        time.passed += 11
        connection.sendall(b"1]")

    server.behaves(drips)
    with pytest.raises(Unreachable, match="in time"):
        new_asker(timeout=10, retries=0)()


@pytest.mark.parametrize("fault", [drips_headers, hints_without_end])
@pytest.mark.parametrize("limit", ["timeout", "deadline"])
def test_neither_do_headers_that_go_on_coming(
    new_asker: NewAsker, server: FaultyServer, fault: Behaviour, limit: str
) -> None:
    server.behaves(fault)
    limits = {limit: SOON}
    ended = end_of(new_asker(retries=0, clock=Clock(), **limits), server, READ)
    assert (type(ended), str(ended)) == (Unreachable, "YABOT did not answer in time.")


def test_what_has_never_been_connected_has_not_arrived(
    new_asker: NewAsker, server: FaultyServer
) -> None:
    """It waits for a TLS handshake, of which the server knows nothing."""
    ask = new_asker(url=server.url.replace("http:", "https:"), timeout=SOON, retries=0)
    with pytest.raises(Unreachable, match="No connection to YABOT came about in time"):
        ask()


def test_a_server_that_keeps_silent_is_given_up(new_asker: NewAsker, server: FaultyServer) -> None:
    server.behaves(keeps_silent)
    ask = new_asker(timeout=SOON, retries=1)

    def both_tries_have_come() -> bool:
        server.got.clear()
        with pytest.raises(Unreachable, match="in time"):
            ask()
        return len(server.got) == 2

    wait_until(both_tries_have_come)


def test_nobody_there_is_unreachable(new_asker: NewAsker, time: OwnTime) -> None:
    with pytest.raises(Unreachable, match="no connection"):
        new_asker(url="http://127.0.0.1:1")(ONCE)
    assert len(time.slept) == 4


def test_many_calls_in_trouble_are_no_storm(new_asker: NewAsker, server: FaultyServer) -> None:
    server.behaves(BUSY)
    ask = new_asker()
    for _ in range(50):
        with pytest.raises(Refused):
            ask()
    # Ten to begin with, and one for five calls.
    assert 50 + 10 <= len(server.got) <= 50 + 10 + 50 // 5
    server.behaves(FINE)
    for _ in range(5):
        ask()
    server.behaves(BUSY, FINE)
    assert ask().body == {"is": "fine"}


@pytest.mark.parametrize("fault", [resets, BUSY, keeps_silent])
def test_the_error_has_the_key_to_go_on_with(
    new_asker: NewAsker, server: FaultyServer, fault: Behaviour
) -> None:
    server.behaves(fault)
    ask = new_asker(retries=0, timeout=patience_with(fault))
    error = end_of(ask, server, CHANGE)
    (got,) = server.got
    assert error.idempotency_key == got.headers["idempotency-key"]


def patience_with(fault: Behaviour) -> float:
    return SOON if fault is keeps_silent else PATIENCE


def end_of(ask: Asker, server: FaultyServer, call: Call) -> YabotError:
    """The error of a call that has arrived: a busy machine may not even connect so soon, or has
    connected and not yet sent it."""
    while True:
        with pytest.raises(YabotError) as ended:
            ask(call)
        server.settle()
        if server.got:
            return ended.value
