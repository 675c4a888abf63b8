"""The running program's API, asked with and without tokens that are worth something."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.api.auth.asking import ask
from tests.api.auth.forging import BAD, Forge, unb64
from tests.api.auth.operating import Operator
from tests.api.tokens import token_for
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.waiting import wait_until

METHODS = ("get", "post", "put", "delete")
SCOPE = ("--scope", "users:read")


@pytest.fixture
def operator(new_program: NewProgram, playing: Program, tmp_path: Path) -> Operator:
    return Operator(new_program, playing, tmp_path)


@pytest.fixture
def orders(operator: Operator) -> Iterator[Forge]:
    """A service that signs its own tokens, registered while the program runs."""
    forge = Forge(f"orders-{uuid4().hex}")
    operator.types("service", "add", forge.service, *SCOPE, *operator.key_file(forge))
    yield forge
    operator.types("service", "remove", forge.service)


@pytest.mark.criterion("4.3.1")
def test_every_operation_asks_for_a_valid_token(playing: Program, orders: Forge) -> None:
    """All that the program says it has: once without a token, once with one that may do nothing."""
    paths = ask(playing, "/openapi.json").body["paths"]
    operations = [
        (method.upper(), re.sub(r"\{[^}]*\}", "1", path))
        for path, found in paths.items()
        if path.startswith("/api/v1/")
        for method in METHODS
        if method in found
    ]
    assert len(operations) > 10
    for method, path in operations:
        without = ask(playing, path, method=method)
        assert (without.status, without.code) == (401, "token_missing"), (method, path)
        assert without.headers["www-authenticate"] == 'Bearer realm="yabot"'
        lacking = ask(playing, path, orders.token(scope=""), method=method)
        assert (lacking.status, lacking.code) == (403, "scope_missing"), (method, path)
    assert ask(playing, token=orders.token()).code == "user_unknown"


@pytest.mark.criterion("4.3.2")
def test_every_kind_of_bad_token_is_refused_and_told_nowhere(
    playing: Program, orders: Forge
) -> None:
    before = len(playing.errors)
    assert ask(playing, token=orders.token()).status == 404
    for kind, (code, make) in BAD.items():
        token = make(orders)
        refused = ask(playing, token=token)
        assert (refused.status, refused.code) == (401, code), kind
        assert refused.headers["www-authenticate"].startswith('Bearer realm="yabot"'), kind
        told = json.dumps(refused.body) + str(refused.headers) + playing.errors[before:]
        assert len(token) < 10 or token not in told, kind


@pytest.mark.criterion("4.3.3")
def test_an_issued_token_says_whose_it_is_and_what_for(
    playing: Program, operator: Operator
) -> None:
    said = operator.types("token", "issue", "--service", "billing", *SCOPE, "--ttl", "5m")
    (token,) = said.splitlines()
    header, claims, _ = token.split(".")
    told = json.loads(unb64(claims))
    assert (told["iss"], told["aud"], told["sub"]) == ("yabot", "yabot", "billing")
    assert told["scope"] == "users:read"
    assert told["exp"] - told["iat"] == 300
    assert told["jti"]
    assert ask(playing, token=token).status == 404
    assert ask(playing, "/api/v1/tokens/x/revocation", token, method="PUT").status == 403
    # Whoever wants to check it finds the key.
    published = {key["kid"] for key in ask(playing, "/.well-known/jwks.json").body["keys"]}
    assert json.loads(unb64(header))["kid"] in published


def test_a_service_gets_another_key_while_it_asks(
    playing: Program, operator: Operator, orders: Forge
) -> None:
    new = Forge(orders.service)
    operator.types("service", "rotate", orders.service, *operator.key_file(new))
    assert [ask(playing, token=each.token()).status for each in (orders, new)] == [404, 404]
    last = Forge(orders.service)
    operator.types("service", "rotate", orders.service, *operator.key_file(last), "--at-once")
    assert ask(playing, token=last.token()).status == 404
    wait_until(lambda: ask(playing, token=new.token()).status == 401)
    listed = json.loads(operator.types("service", "list", "--json"))["services"]
    (about,) = [each for each in listed if each["name"] == orders.service]
    assert about["scopes"] == ["users:read"]
    assert [key["ends_at"] is None for key in about["keys"]] == [False, False, True]


NOT_SURE = "(Whether there is one, YABOT cannot know; give the whole token to be sure.)"


@pytest.mark.criterion("4.3.2")
def test_a_revoked_token_is_refused_by_whichever_way_it_was_revoked(
    playing: Program, operator: Operator, orders: Forge
) -> None:
    by_command, by_request, whole = (orders.token(jti=uuid4().hex) for _ in range(3))
    tokens = [by_command, by_request, whole]
    assert [ask(playing, token=each).status for each in tokens] == [404] * 3
    told = operator.types("token", "revoke", _jti(by_command))
    assert told == f"No token with the jti {_jti(by_command)} is let in any more.\n{NOT_SURE}\n"
    told = operator.types("token", "revoke", whole)
    assert told == f"No token with the jti {_jti(whole)} is let in any more.\n"
    path, admin = f"/api/v1/tokens/{_jti(by_request)}/revocation", token_for(playing, "admin")
    revoked = ask(playing, path, admin, method="PUT")
    assert (revoked.status, revoked.body["token_id"]) == (200, _jti(by_request))
    assert ask(playing, path, admin, method="PUT").body == revoked.body
    wait_until(lambda: all(ask(playing, token=each).status == 401 for each in tokens))
    assert {ask(playing, token=each).code for each in tokens} == {"token_revoked"}
    assert ask(playing, token=orders.token()).status == 404


def test_the_first_question_that_it_says_at_its_start_is_answered(playing: Program) -> None:
    # It may have been started again for these tests.
    *_, line = (line for line in playing.lines if line.startswith("Ask it"))
    curl, _, header, url = shlex.split(line.removeprefix("Ask it"))
    assert curl == "curl"
    assert urlsplit(url).port == int(playing.settings["API_PORT"])
    token = header.removeprefix("Authorization: Bearer ")
    answered = ask(playing, f"{urlsplit(url).path}?{urlsplit(url).query}", token)
    assert answered.status == 200
    assert token not in playing.errors
    # It reads, and does nothing else.
    assert ask(playing, "/api/v1/tokens/x/revocation", token, method="PUT").status == 403


def _jti(token: str) -> str:
    return str(json.loads(unb64(token.split(".")[1]))["jti"])
