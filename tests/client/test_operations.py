"""What a method asks, and what it makes of the answer; no server."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest

from yabot_client.calls import Answer, Call
from yabot_client.errors import Misconfigured, UntrustedAnswer
from yabot_client.operations import Operations
from yabot_client.tagged import Tagged

HERE = timezone(timedelta(hours=-5))


@dataclass
class Server:
    """Answers everything alike, and remembers what was asked."""

    answer: Answer = field(default_factory=lambda: Answer(200, {"ETag": '"2"'}, {"items": []}))
    asked: list[Call] = field(default_factory=list)

    def __call__(self, call: Call) -> Answer:
        self.asked.append(call)
        return self.answer


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def client(server: Server) -> Operations:
    return Operations(server)


def test_a_change_sends_what_was_given_and_nothing_else(server: Server, client: Operations) -> None:
    client.award_besitos("42", amount=5, reason="order", idempotency_key="order-7")
    client.transfer_besitos(from_="1", to="2", amount=3)
    awarded, transferred = server.asked
    assert awarded == Call(
        operation="award_besitos",
        method="POST",
        path="/api/v1/user/42/besitos/award",
        scope="besitos:write",
        body={"amount": 5, "reason": "order"},
        has_body=True,
        changes=True,
        idempotency_key="order-7",
    )
    assert transferred.body == {"from": "1", "to": "2", "amount": 3}
    assert transferred.idempotency_key is None


def test_null_is_sent_where_a_field_is_needed(server: Server, client: Operations) -> None:
    client.put_user_preferences("42", language=None, notifications_enabled=False, theme="dark")
    assert server.asked[0].body == {
        "language": None,
        "notifications_enabled": False,
        "theme": "dark",
    }


def test_a_query_has_times_in_utc_and_lists_one_by_one(server: Server, client: Operations) -> None:
    noon = datetime(2026, 11, 28, 12, tzinfo=HERE)
    client.list_audit(since=noon, until="2026-11-29T00:00:00Z", limit=5)
    client.follow_events(event_type=["user_registered", "user_deleted"])
    client.list_users()
    audit, events, users = (call.query for call in server.asked)
    assert dict(audit) == {
        "since": "2026-11-28T17:00:00Z",
        "until": "2026-11-29T00:00:00Z",
        "limit": "5",
    }
    assert events == (("event_type", "user_registered"), ("event_type", "user_deleted"))
    assert users == ()


def test_a_time_of_no_zone_is_nobodys(client: Operations) -> None:
    with pytest.raises(Misconfigured, match="needs a time zone"):
        client.list_audit(since=datetime(2026, 11, 28, 12))


def test_an_id_stays_one_part_of_the_path(server: Server, client: Operations) -> None:
    client.get_workflow("order:a/../b?x=ñ#1")
    assert server.asked[0].path == "/api/v1/admin/workflows/order%3Aa%2F..%2Fb%3Fx%3D%C3%B1%231"
    for nothing in ("", ".", ".."):
        with pytest.raises(Misconfigured, match="cannot be an id"):
            client.get_workflow(nothing)


def test_what_no_path_can_say_is_no_id(server: Server, client: Operations) -> None:
    with pytest.raises(Misconfigured, match="An id has half a surrogate pair") as wrong:
        client.get_user("Ana\ud800")
    assert "Ana" not in str(wrong.value)
    assert (wrong.value.__context__, server.asked) == (None, [])


def test_an_etag_comes_with_what_it_is_of(server: Server, client: Operations) -> None:
    server.answer = Answer(200, {"ETag": '"7"'}, {"theme": "dark"})
    found = client.get_user_preferences("42")
    assert (found.value["theme"], found.etag) == ("dark", '"7"')
    client.put_user_preferences(
        "42", language="es", notifications_enabled=True, theme="auto", if_match=found.etag
    )
    assert server.asked[-1].if_match == '"7"'


def test_an_etag_that_was_lost_on_the_way_is_told_of(server: Server, client: Operations) -> None:
    server.answer = Answer(200, {}, {"theme": "dark"})
    with pytest.raises(UntrustedAnswer, match="lacks its ETag"):
        client.get_user_preferences("42")


def test_what_is_known_is_returned_while_it_holds(server: Server, client: Operations) -> None:
    known = client.list_items()
    server.answer = Answer(304, {"ETag": '"2"'}, None)
    assert client.list_items(known=known) is known
    assert server.asked[-1].if_none_match == '"2"'
    server.answer = Answer(200, {"ETag": '"3"'}, {"items": []})
    assert client.list_items(known=known) == Tagged({"items": []}, '"3"')


def test_what_has_no_body_returns_nothing(server: Server, client: Operations) -> None:
    server.answer = Answer(204, {}, None)
    assert client.delete_user("42", reason="asked") is None  # type: ignore[func-returns-value]
    assert server.asked[0].query == (("reason", "asked"),)


def test_every_method_names_the_scope_that_it_says(server: Server, client: Operations) -> None:
    client.get_user_besitos("42")
    said = re.search(r"Needs the scope `([^`]*)`", Operations.get_user_besitos.__doc__ or "")
    assert said is not None
    assert said.group(1) == server.asked[0].scope == "besitos:read"
