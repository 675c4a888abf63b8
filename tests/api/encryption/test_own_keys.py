"""YABOT's own keys for encrypted bodies, as a process knows them."""

import json
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from tests.api.auth.forging import unb64
from tests.api.auth.test_keys import Replaced
from yabot import clock
from yabot.api.answering.problems import Refused
from yabot.api.auth.key_kinds import ENCRYPTION
from yabot.api.auth.keys import LIFETIME
from yabot.api.encryption.own_keys import OwnKeys
from yabot.api.jose.encryption import RecipientKey
from yabot.api.jose.signing import Presented, PublicKey
from yabot.errors import ConfigurationError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
async def own(folder: Path) -> OwnKeys:
    keys = OwnKeys(folder)
    keys.make()
    await keys.look()
    return keys


def public_of(own: OwnKeys, use: str) -> list[str]:
    return [each["kid"] for each in own.public() if each["use"] == use]


def listed(own: OwnKeys) -> dict[str, Any]:
    """What the list says, with its signature checked by the key that answers are checked by."""
    return dict(Presented.read(own.published).claims(own.answering.public))


async def test_keys_that_are_replaced_while_they_are_looked_at_are_not_missed(
    own: OwnKeys, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the list and the private parts."""
    monkeypatch.setattr(own, "_encryption", Replaced(folder, ENCRYPTION))
    await own.look()
    assert [each["kid"] for each in listed(own)["keys"]] == [each["kid"] for each in own.public()]


async def test_before_anybody_has_made_keys_each_request_is_told(folder: Path) -> None:
    own = OwnKeys(folder)
    await own.look()
    assert own.decrypting("any") is None
    for ask in (lambda: own.answering, lambda: own.published):
        with pytest.raises(Refused, match="yabot service keys") as refused:
            ask()
        assert refused.value.kind.status == 503
    OwnKeys(folder).make()
    await own.look()
    assert own.answering.kid in public_of(own, "sig")


async def test_the_list_is_signed_by_the_key_in_use_and_holds_for_a_day(own: OwnKeys) -> None:
    header = json.loads(unb64(own.published.split(".")[0]))
    assert header == {"typ": "yabot-keys+jwt", "alg": "Ed25519", "kid": own.answering.kid}
    said = listed(own)
    assert said["iss"] == "yabot"
    assert said["exp"] - said["iat"] == 86_400
    assert said["keys"] == own.public()
    assert not any("d" in key for key in said["keys"])
    to_encrypt = [key for key in said["keys"] if key["use"] == "enc"]
    assert RecipientKey.read(json.dumps(to_encrypt[0])).kid in public_of(own, "enc")


async def test_a_rotation_reaches_whoever_keeps_a_list_for_a_day(own: OwnKeys) -> None:
    (former,), answered_by = public_of(own, "enc"), own.answering
    new, answers = own.rotate(at_once=False)
    await own.look()
    assert public_of(own, "enc") == [former, new.key.kid]
    assert own.answering == answered_by
    # Encrypted for either, it is read: before, and for a day afterwards.
    assert own.decrypting(former)
    assert own.decrypting(new.key.kid)
    clock.set_ahead(LIFETIME)
    await own.look()
    assert public_of(own, "enc") == [new.key.kid, former]
    assert own.answering.kid == answers.key.kid
    assert own.decrypting(former)
    # Whoever learnt of the new one from the old list checks the new list with it.
    assert listed(own)["keys"] == own.public()
    clock.set_ahead(2 * LIFETIME + timedelta(seconds=1))
    await own.look()
    assert own.decrypting(former) is None
    assert public_of(own, "enc") == [new.key.kid]


async def test_after_a_leak_the_others_are_worth_nothing(own: OwnKeys) -> None:
    (former,), answered_by = public_of(own, "enc"), own.answering
    new, answers = own.rotate(at_once=True)
    await own.look()
    assert own.decrypting(former) is None
    assert [own.answering.kid] == [answers.key.kid] == public_of(own, "sig")
    assert public_of(own, "enc") == [new.key.kid]
    assert own.answering != answered_by


async def test_what_was_known_goes_on_while_the_folder_cannot_be_read(
    own: OwnKeys, folder: Path
) -> None:
    (known,), answering, published = public_of(own, "enc"), own.answering, own.published
    rmtree(folder)
    with pytest.raises(ConfigurationError, match="the keys for encrypted bodies have gone"):
        await own.look()
    assert own.decrypting(known) is not None
    assert (own.answering, own.published) == (answering, published)


async def test_a_folder_that_cannot_be_written_is_named_and_the_rest_goes_on(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "encryption").touch()
    own = OwnKeys(folder)
    with pytest.raises(ConfigurationError, match=f"API_KEYS_DIR: {folder}/encryption"):
        own.make()
    await own.look()
    assert own.decrypting("any") is None


async def test_a_copy_without_private_parts_is_told(own: OwnKeys, folder: Path) -> None:
    rmtree(folder / "answers" / "private")
    with pytest.raises(ConfigurationError, match="the private part of the key in use"):
        await own.look()
    assert PublicKey.read(own.answering.public.text).kid in public_of(own, "sig")
