"""The client and the running program, with what an operator and a developer type."""

from pathlib import Path
from random import randint

import pytest

from tests.api.auth.operating import Operator
from tests.client.services import service_beside
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from yabot.api.jose.signing import SigningKey
from yabot_client import AsyncClient, Client, UntrustedAnswer
from yabot_client.codes import TokenKeyUnknown, TokenUnbound, UserUnknown


@pytest.fixture
def operator(new_program: NewProgram, playing: Program, tmp_path: Path) -> Operator:
    return Operator(new_program, playing, tmp_path)


@pytest.mark.parametrize("encrypts", [False, True])
async def test_a_service_works_with_a_user(
    playing: Program, operator: Operator, tmp_path: Path, encrypts: bool
) -> None:
    user_id = str(randint(10**10, 10**11))
    with service_beside(playing, operator, tmp_path, encrypts=encrypts) as service:
        options = service.options_to_encrypt if encrypts else service.options
        with Client(service.url, **options) as yabot:
            with pytest.raises(UserUnknown):
                yabot.get_user_state(user_id)
            yabot.register_user(user_id=user_id, first_name="Iris", language_code="es")
            paid = [
                yabot.award_besitos(user_id, amount=5, reason="order", idempotency_key=user_id)
                for _ in range(2)
            ]
            assert paid[0] == paid[1]
        async with AsyncClient(service.url, **options) as yabot_async:
            assert (await yabot_async.get_user_state(user_id)).value["user_id"] == user_id
            await yabot_async.delete_user(user_id)


def test_who_is_not_known_so_is_told(playing: Program, operator: Operator, tmp_path: Path) -> None:
    """By YABOT, or, where its word is encrypted, by nobody who could be believed."""
    with service_beside(playing, operator, tmp_path, encrypts=True) as service:
        stranger = {"key": SigningKey.generate().text}
        for options, told, sentence in (
            (service.options, TokenUnbound, "req"),
            (service.options | stranger, TokenKeyUnknown, "kid"),
            (service.options_to_encrypt | stranger, UntrustedAnswer, "token_key_unknown.*hint"),
        ):
            with Client(service.url, **options) as yabot, pytest.raises(told, match=sentence):
                yabot.get_user_state("1")
