"""What a request needs beside a token: a protected way, and the certificate that was agreed on."""

from datetime import timedelta

import pytest

from tests.api.auth.conftest import BY_TLS, CLIENT, House, request_from, shown
from tests.api.auth.forging import Forge
from yabot import clock
from yabot.api.answering.problems import Refused
from yabot.api.auth.issuing import issue
from yabot.api.auth.services import Protection
from yabot.api.auth.transport import require_protected
from yabot.api.caller import Caller
from yabot.api.jose.encryption import DecryptionKey
from yabot.runtime.peer import NOBODY, Certificate, Peer, thumbprint

pytestmark = pytest.mark.criterion("sec.1")

NAME = "orders.example.org"
OURS, OTHER = b"ours".ljust(32, b"-"), b"other".ljust(32, b"-")


async def refused(house: House, token: str, peer: Peer) -> Refused:
    with pytest.raises(Refused) as found:
        await house.ask(token, peer)
    return found.value


async def test_from_another_machine_in_clear_nobody_is_answered(
    house: House, orders: Forge
) -> None:
    """Whoever it is: also one whose token has been let in another way before."""
    for token in (orders.token(), issue(house.keys, "ana", ["admin"], timedelta(minutes=5))):
        assert await house.code(token, Peer(encrypted=True)) == "ok"
        assert await house.code(token, Peer(local=True)) == "ok"
        told = await refused(house, token, NOBODY)
        assert (told.kind.status, told.code) == (403, "transport_unprotected")
        assert "API_TLS_CERT_FILE" in told.detail
        assert await house.code(token, Peer(encrypted=True)) == "ok"


async def test_what_is_encrypted_may_come_in_clear() -> None:
    """Of the way, that is: behind whoever ends TLS."""
    token = ("orders", frozenset(["users:read"]), "of-a-test", clock.utc_now())
    require_protected(NOBODY, Caller(*token, encrypt_to=DecryptionKey.generate().public))
    with pytest.raises(Refused):
        require_protected(NOBODY, Caller(*token))


async def test_what_a_proxy_says_of_itself_protects_nothing(house: House, orders: Forge) -> None:
    request = request_from(CLIENT, f"Bearer {orders.token()}", peer=NOBODY)
    request.update(scheme="https", client=("127.0.0.1", 1))
    request["headers"].append((b"x-forwarded-proto", b"https"))
    with pytest.raises(Refused) as told:
        await house.door(request)
    assert told.value.code == "transport_unprotected"


async def test_a_request_that_nobody_has_seen_come_is_refused(house: House, orders: Forge) -> None:
    request = request_from(CLIENT, f"Bearer {orders.token()}")
    del request["state"]
    with pytest.raises(Refused) as told:
        await house.door(request)
    assert told.value.code == "transport_unprotected"


async def test_where_certificates_are_asked_for_one_is_needed(house: House, orders: Forge) -> None:
    asked = Peer(encrypted=True, local=True, asked=True)
    told = await refused(house, orders.token(), asked)
    assert (told.kind.status, told.code) == (401, "certificate_missing")
    assert told.headers["WWW-Authenticate"] == 'Bearer realm="yabot"'
    # Before the token, of which it says nothing; and it counts as a failure of that address.
    assert await house.code("junk", asked) == "certificate_missing"
    assert house.refused == ["certificate_missing"] * 2
    assert await house.code(orders.token(), shown()) == "ok"


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ([NAME], "ok"),
        (["www.example.org", NAME], "ok"),
        ([], "certificate_wrong"),
        (["billing.example.org"], "certificate_wrong"),
        (["*.example.org"], "certificate_wrong"),
        (["example.org"], "certificate_wrong"),
        ([f"{NAME}.evil.org"], "certificate_wrong"),
        ([f"x.{NAME}"], "certificate_wrong"),
    ],
)
async def test_a_service_with_a_name_needs_a_certificate_for_exactly_it(
    house: House, names: list[str], code: str
) -> None:
    orders = Forge()
    await house.register(orders, protection=Protection(certificate_name=NAME))
    assert await house.code(orders.token(), shown(OURS, *names)) == code


async def test_a_service_that_gets_a_name_needs_its_certificate_from_then_on(
    house: House, orders: Forge
) -> None:
    token, unnamed = orders.token(), shown(OURS, "billing.example.org")
    assert await house.code(token, unnamed) == "ok"
    await house.protect(orders.service, Protection(certificate_name=NAME.upper()))
    await house.knowledge.look()
    assert await house.code(token, unnamed) == "certificate_wrong"
    assert await house.code(token, shown(OURS, NAME)) == "ok"
    # The token is remembered, the certificate that came with it is not.
    assert await house.code(token, unnamed) == "certificate_wrong"


async def test_a_name_holds_also_where_no_certificate_is_asked_for(house: House) -> None:
    orders = Forge()
    await house.register(orders, protection=Protection(certificate_name=NAME))
    for peer in (BY_TLS, Peer(local=True)):
        told = await refused(house, orders.token(), peer)
        assert told.code == "certificate_missing"
        assert "API_TLS_CLIENT_CA_FILE" in told.detail


async def test_a_token_for_one_certificate_holds_with_no_other(house: House, orders: Forge) -> None:
    """Whoever has signed it."""
    ours, other = shown(OURS), shown(OTHER)
    for token in (
        issue(house.keys, "ana", ["admin"], timedelta(minutes=5), thumbprint(OURS)),
        orders.token(cnf={"x5t#S256": thumbprint(OURS)}),
    ):
        assert await house.code(token, ours) == "ok"
        told = await refused(house, token, other)
        assert (told.kind.status, told.code) == (401, "certificate_wrong")
        assert 'error="invalid_token"' in told.headers["WWW-Authenticate"]
        assert await house.code(token, BY_TLS) == "certificate_missing"
        assert await house.code(token, ours) == "ok"


@pytest.mark.parametrize(
    "cnf",
    [
        {},
        {"jkt": thumbprint(OURS)},
        {"x5t#S256": thumbprint(OURS), "jkt": "x"},
        {"x5t#S256": ""},
        {"x5t#S256": OURS.hex()},
        {"thumbprint": thumbprint(OURS)},
        "x5t#S256",
    ],
)
async def test_a_condition_that_nobody_understands_is_not_passed_over(
    house: House, orders: Forge, cnf: object
) -> None:
    assert await house.code(orders.token(cnf=cnf), shown(OURS)) == "token_malformed"


def test_a_thumbprint_is_what_rfc_8705_says() -> None:
    certificate: Certificate | None = shown(OURS).certificate
    assert certificate is not None
    assert certificate.thumbprint == "b3Vycy0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0"
    assert certificate.fingerprint == OURS.hex()
