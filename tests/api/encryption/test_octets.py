"""Whatever is sent is what is handled, and whatever is answered is what comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.auth.conftest import House
from tests.api.client import without_haste
from tests.api.echo import Heads
from tests.api.encryption.partner import Inner, Keys, Partner
from yabot.api.admission.gate import Admission
from yabot.api.binding import HEADER_NAME, HEADER_VALUE, NOT_SIGNED
from yabot.api.encryption.exchange import Exchanges
from yabot.api.encryption.layer import Decrypting, Encrypting
from yabot.api.phases import Message, Receive, Send

KEYS = Keys()
PARTNER = Partner(KEYS.offered)
# The API sets them itself.
OUR_OWN = {*NOT_SIGNED, "x-correlation-id", "cache-control"}
HEADERS = st.dictionaries(
    st.from_regex(HEADER_NAME.replace("64", "12"), fullmatch=True).map(str.lower),
    st.from_regex(HEADER_VALUE.replace("2000", "20"), fullmatch=True),
    max_size=4,
).filter(lambda headers: not headers.keys() & OUR_OWN)


@dataclass
class Handler:
    """Answers with ``status``, ``headers`` and ``pieces``, whatever is asked."""

    status: int
    headers: Mapping[str, str]
    pieces: Sequence[str]
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        message = await receive()
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.heard.append((headers, message["body"]))
        raw = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
        await send({"type": "http.response.body"})


async def exchanged(
    house: House, handler: Handler, body: bytes, signed: Mapping[str, str]
) -> Inner:
    """What the service reads when it has sent that."""
    request = PARTNER.request("PUT", "/x", content=PARTNER.encrypted(body), signed=dict(signed))
    gate = Admission(
        Decrypting(handler),
        house.door,
        without_haste(),
        Exchanges(KEYS, house.used, house.judge),
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.content, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    travelling = [
        (b"authorization", b"Bearer " + request.token.encode()),
        (b"content-type", b"application/jose"),
        (b"if-match", b'"of a proxy"'),
    ]
    scope = {
        "type": "http",
        "method": request.method,
        "path": request.target,
        "raw_path": request.target.encode(),
        "query_string": b"",
        "headers": travelling,
    }
    await Encrypting(gate)(scope, receive, send)
    start, *rest = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    whole = b"".join(each["body"] for each in rest)
    return PARTNER.read(request, Heads(start["status"], headers, whole))


@pytest.mark.standard
@given(
    body=st.binary(max_size=2000),
    signed=HEADERS,
    status=st.integers(200, 599),
    headers=HEADERS,
    pieces=st.lists(st.text(max_size=200), max_size=3),
)
async def test_bodies_and_headers_come_through_as_they_are(
    house: House,
    body: bytes,
    signed: dict[str, str],
    status: int,
    headers: dict[str, str],
    pieces: list[str],
) -> None:
    if house.knowledge.holder(PARTNER.forge.kid) is None:
        await house.register(PARTNER.forge, protection=PARTNER.protection)
    handler = Handler(status, headers, pieces)
    inner = await exchanged(house, handler, body, signed)
    of_body = {"content-type": "application/json", "content-length": str(len(body))}
    assert handler.heard == [({**signed, **of_body}, body)]
    assert (inner.status, inner.text) == (status, "".join(pieces))
    ours = {"x-correlation-id", "cache-control", "ratelimit-limit"}
    ours |= {"ratelimit-remaining", "ratelimit-reset"}
    assert {name: inner.headers[name] for name in inner.headers.keys() - ours} == headers
