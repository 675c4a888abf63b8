"""The same attacks on the client that services are given: what it believes, YABOT has said."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.auth.forging import Forge, b64, unb64
from tests.api.encryption.attacks import on_answers, on_requests
from tests.api.encryption.jwe import encrypted
from tests.api.encryption.service import Service
from tests.api.encryption.talking import FIRST, WANTED, Talk
from tests.api.encryption.wire import Came, Sent
from tests.waiting import PATIENCE
from yabot_client import AsyncClient, UntrustedAnswer, YabotError

pytestmark = pytest.mark.standard


@pytest.fixture
async def client(talk: Talk, certificates: Path) -> AsyncIterator[AsyncClient]:
    """It comes through the meddler, and tries once."""
    forge, recipient = talk.service.forge, talk.service.recipient
    async with AsyncClient(
        f"https://localhost:{talk.meddler.port}",
        service=forge.service,
        key={**json.loads(forge.jwk), "d": b64(forge.private.private_bytes_raw())},
        decryption_keys=[
            {**json.loads(recipient.jwk), "d": b64(recipient.private.private_bytes_raw())}
        ],
        yabot_keys={"keys": talk.service.keys},
        authority=certificates / "ca/ca.pem",
        retries=0,
        timeout=PATIENCE,
        deadline=PATIENCE,
    ) as client:
        yield client


async def wants(client: AsyncClient, talk: Talk) -> None:
    await client.put_user_preferences(
        str(talk.user_id), language="en", notifications_enabled=False, theme="dark"
    )


@pytest.mark.criterion("4.3.4")
async def test_what_is_changed_on_its_way_is_not_done(
    client: AsyncClient, talk: Talk, others: Service
) -> None:
    older = talk.service.request("PUT", talk.preferences, FIRST)
    assert talk.service.read(older, await talk.send(older)).body == FIRST
    await wants(client, talk)
    assert talk.stored() == WANTED
    assert (await talk.ask("PUT", talk.preferences, FIRST)).body == FIRST
    attacks = on_requests(older, talk.service.encrypt_to, others.forge.token())
    for name, attack in attacks.items():
        talk.meddler.change_request = attack
        with pytest.raises(YabotError):
            await wants(client, talk)
        assert talk.stored() == FIRST, name


@pytest.mark.criterion("4.3.4")
async def test_what_yabot_has_not_answered_is_not_believed(
    client: AsyncClient, talk: Talk, others: Service
) -> None:
    earlier = talk.service.request("GET", talk.preferences)
    older = await talk.send(earlier)
    of_others = await talk.send(others.request("GET", talk.preferences))
    assert (await talk.ask("PUT", talk.preferences, WANTED)).body == WANTED
    published = (await talk.send(Sent("GET", "/.well-known/yabot-keys"))).content.decode()
    for name, attack in on_answers(talk.service, older, of_others, published).items():
        talk.meddler.change_answer = attack
        try:
            found = await client.get_user_preferences(str(talk.user_id))
        except YabotError:
            continue
        # What is outside may be anything, as long as what is inside is what YABOT has said.
        assert (name, found.value["theme"]) == ("another status", "dark")


@pytest.mark.criterion("4.3.4")
@pytest.mark.parametrize("how", ["readable", "encrypted"])
async def test_an_answer_that_whoever_ends_tls_makes_up_is_not_believed(
    client: AsyncClient, talk: Talk, how: str
) -> None:
    """They know the request's jti, whom to encrypt for, and what answers look like."""
    forged = {"language": "en", "notifications_enabled": True, "theme": "forged"}
    tag = '"made-up"'

    def readable(came: Came) -> Came:
        headers = {**came.headers, "content-type": "application/json", "etag": tag}
        return came.but(headers=headers, content=json.dumps(forged).encode())

    def signed_by_themselves(came: Came) -> Came:
        (sent, _), recipient = talk.meddler.heard[-1], json.loads(talk.service.recipient.jwk)
        asked = json.loads(unb64(sent.header("Authorization").split(".")[1]))
        claims = {
            "iss": "yabot",
            "aud": asked["iss"],
            "iat": asked["iat"],
            "req": asked["jti"],
            "status": 200,
            "headers": {"content-type": "application/json", "etag": tag},
            "body": json.dumps(forged),
        }
        forge = Forge("yabot", next(iter(talk.service.answered_by)))
        header = {"alg": "Ed25519", "kid": forge.kid, "typ": "yabot-answer+jwt"}
        signed = forge.signed(header, json.dumps(claims).encode())
        made = encrypted(recipient["kid"], recipient["x"], signed.encode(), cty="JWT")
        return came.but(content=made)

    talk.meddler.change_answer = readable if how == "readable" else signed_by_themselves
    with pytest.raises(UntrustedAnswer):
        await client.get_user_preferences(str(talk.user_id))
