"""What holds behind a crash, and while keys are rotated under way."""

import asyncio
import json
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from random import randint
from time import time
from typing import Any

import pytest

from tests.api.auth.forging import unb64
from tests.api.auth.operating import Operator
from tests.api.encryption.registering import registered
from tests.api.encryption.service import Disbelieved, Inner, Service
from tests.api.encryption.wire import Came, Sent, send
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.waiting import until

pytestmark = pytest.mark.slow

FIRST = {"language": "es", "notifications_enabled": True, "theme": "light"}
WANTED = {"language": "en", "notifications_enabled": False, "theme": "dark"}


@dataclass
class Talk:
    program: Program
    service: Service
    user_id: int

    @property
    def preferences(self) -> str:
        return f"/api/v1/user/{self.user_id}/preferences"

    async def send(self, sent: Sent) -> Came:
        return await send(sent, int(self.program.settings["API_PORT"]))

    async def put(self, wanted: Any, service: Service | None = None) -> Inner:
        """Raises Disbelieved."""
        asking = service or self.service
        sent = asking.request("PUT", self.preferences, wanted)
        return asking.read(sent, await self.send(sent))

    async def published(self) -> str:
        return (await self.send(Sent("GET", "/.well-known/yabot-keys"))).content.decode()

    async def signed_by(self) -> str:
        """The kid of the key that signs now."""
        return str(json.loads(unb64((await self.published()).split(".")[0]))["kid"])

    def pass_time(self, **units: float) -> None:
        self.program.pass_time(**units)
        self.service.ahead = self.program.ahead.total_seconds()


@pytest.fixture
def operator(new_program: NewProgram, mortal: Program, tmp_path: Path) -> Operator:
    return Operator(new_program, mortal, tmp_path)


@pytest.fixture
def service(operator: Operator, mortal: Program) -> Iterator[Service]:
    with registered(operator, mortal.ahead.total_seconds()) as service:
        yield service


@pytest.fixture
async def talk(mortal: Program, service: Service) -> Talk:
    talk = Talk(mortal, service, randint(10**10, 10**11))
    about = {"user_id": str(talk.user_id), "first_name": "Lucía", "language_code": "es"}
    signed = {"Idempotency-Key": f"new-{talk.user_id}"}
    posted = service.request("POST", "/api/v1/users", about, signed)
    assert service.read(posted, await talk.send(posted)).status == 201
    return talk


@pytest.mark.criterion("4.3.4")
async def test_the_same_request_is_refused_behind_a_crash_too(talk: Talk) -> None:
    # It holds for as long as one can: the program has to be back by then.
    issued = int(time() + talk.service.ahead) + 25
    sent = talk.service.request("PUT", talk.preferences, WANTED, iat=issued, exp=issued + 60)
    assert talk.service.read(sent, await talk.send(sent)).body == WANTED
    assert (await talk.put(FIRST)).body == FIRST
    talk.program.kill9()
    await asyncio.to_thread(talk.program.start)
    came = await talk.send(sent)
    assert came.status == 401
    assert json.loads(came.content)["code"] in {"token_replayed", "token_expired"}
    read = talk.service.request("GET", talk.preferences)
    assert talk.service.read(read, await talk.send(read)).body == FIRST


async def test_no_request_fails_while_keys_are_rotated(talk: Talk, operator: Operator) -> None:
    former = talk.service.encrypt_to["kid"]
    keys = json.loads(operator.types("service", "keys", "--rotate", "--json"))["keys"]
    to_encrypt = [key["kid"] for key in keys if key["use"] == "enc"]
    signs = [key["kid"] for key in keys if key["use"] == "sig"]
    assert to_encrypt[0] == former

    async def learnt() -> bool:
        """From the list, while it goes on asking."""
        assert (await talk.put(WANTED)).body == WANTED
        talk.service.learn_from_list(await talk.published())
        return signs[1] in talk.service.answered_by

    await until(learnt)
    assert talk.service.encrypt_to["kid"] == former
    talk.pass_time(hours=25)

    async def signed_by_the_next() -> bool:
        """Both are taken meanwhile by who has kept the list of yesterday."""
        assert (await talk.put(FIRST)).body == FIRST
        return await talk.signed_by() == str(signs[1])

    await until(signed_by_the_next)
    late = copy(talk.service)
    talk.service.learn_from_list(await talk.published())
    assert talk.service.encrypt_to["kid"] == to_encrypt[1]
    for asking in (talk.service, late):
        assert (await talk.put(WANTED, asking)).body == WANTED
    talk.pass_time(hours=24)
    late.ahead = talk.service.ahead

    async def forgotten() -> bool:
        """The former: what is still encrypted to it is told so, by an answer that holds."""
        assert (await talk.put(FIRST)).body == FIRST
        inner = await talk.put(WANTED, late)
        return inner.status == 400 and inner.code == "body_not_decryptable"

    await until(forgotten)
    assert (await talk.put(WANTED)).body == WANTED


async def test_after_a_leak_what_the_former_keys_were_for_is_refused(
    talk: Talk, operator: Operator
) -> None:
    assert (await talk.put(FIRST)).body == FIRST
    former = copy(talk.service)
    said = operator.types("service", "keys", "--rotate", "--at-once", "--json")
    talk.service.learn(json.loads(said)["keys"])
    (signs,) = talk.service.answered_by

    async def in_use() -> bool:
        return await talk.signed_by() == signs

    await until(in_use)
    assert (await talk.put(WANTED)).body == WANTED
    with pytest.raises(Disbelieved):
        await talk.put(FIRST, former)
    with pytest.raises(Disbelieved):
        former.learn_from_list(await talk.published())
    # Who knows what signs now is told that nothing encrypted for the former is read any more.
    former.answered_by = talk.service.answered_by
    assert (await talk.put(FIRST, former)).code == "body_not_decryptable"
    read = talk.service.request("GET", talk.preferences)
    assert talk.service.read(read, await talk.send(read)).body == WANTED
