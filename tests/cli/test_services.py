"""What an operator says of a service's protection, rightly and wrongly, and of YABOT's own keys."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api.auth.forging import Forge, b64
from tests.cli.operator import Operator
from tests.e2e.programs import NewProgram
from tests.storage.dumps import rows_of
from yabot.api.auth.services import ServiceRegistry
from yabot.api.jose.encryption import DecryptionKey
from yabot.api.jose.signing import SigningKey
from yabot.log.tables import audit_log
from yabot.storage.relational.database import Database

NAME = "orders.example.org"
KEY = DecryptionKey.generate()


@pytest.fixture
def operator(new_program: NewProgram, sqlite_database: Database, tmp_path: Path) -> Operator:
    return Operator(new_program, sqlite_database, API_KEYS_DIR=str(tmp_path / "keys"))


@pytest.fixture
def add(tmp_path: Path) -> list[str]:
    """The command without protection."""
    file = tmp_path / "orders.jwk"
    file.write_text(Forge().jwk)
    return ["service", "add", "orders", "--scope", "users:read", "--public-key", str(file)]


@pytest.fixture
def encrypt_to(tmp_path: Path) -> list[str]:
    file = tmp_path / "orders.enc.jwk"
    file.write_text(KEY.public.text)
    return ["--encrypt-to", str(file)]


async def test_a_service_is_protected_from_its_first_day_and_that_is_shown(
    operator: Operator, add: list[str], encrypt_to: list[str], tmp_path: Path
) -> None:
    code, _, told = await operator.types(*add, *encrypt_to, "--certificate-name", NAME.upper())
    assert code == 0, told
    (listed,) = (await operator.reads("service", "list"))["services"]
    assert (listed["certificate_name"], listed["encrypt_to"]) == (NAME, KEY.kid)
    _, table, _ = await operator.types("service", "list")
    assert table.splitlines()[1].split()[-2:] == [NAME, KEY.kid]
    # Ours, which it is to be given, have been made.
    assert len(list((tmp_path / "keys" / "encryption").rglob("*.json"))) == 2


async def test_what_is_not_named_stays_as_it_was(
    operator: Operator, add: list[str], encrypt_to: list[str], sqlite_database: Database
) -> None:
    async def after(*options: str) -> list[str | None]:
        code, _, told = await operator.types("service", "protect", "orders", *options)
        assert code == 0, told
        (service,) = await ServiceRegistry(sqlite_database, by="nobody").all()
        return list(service.protection.told.values())

    assert (await operator.types(*add))[0] == 0
    assert await after(*encrypt_to) == [None, KEY.kid]
    assert await after("--certificate-name", NAME) == [NAME, KEY.kid]
    assert await after("--no-encryption") == [NAME, None]
    assert await after("--no-certificate-name") == [None, None]
    audited = [
        json.loads(row["details"])
        for row in await rows_of(sqlite_database, audit_log)
        if row["kind"] == "service_protected"
    ]
    assert [each["encrypt_to"] for each in audited] == [KEY.kid, KEY.kid, None, None]
    assert {each["service"] for each in audited} == {"orders"}
    assert all(each["by"].startswith("command line") for each in audited)


WRONG: dict[str, tuple[Callable[[], str] | None, str]] = {
    "a private key": (lambda: KEY.text, "it is a private key, which belongs to its service alone"),
    "a key that signs": (lambda: SigningKey.generate().public.text, "it is no X25519 key"),
    "junk": (lambda: "junk", "it is no X25519 key, neither as JWK nor as PEM"),
    "a key of which no secret can come": (
        lambda: json.dumps({"kty": "OKP", "crv": "X25519", "x": b64(bytes(32))}),
        "nothing can be encrypted for it",
    ),
    "nothing there": (None, "cannot be read: No such file or directory"),
}


@pytest.mark.parametrize(("make", "told"), WRONG.values(), ids=WRONG)
async def test_a_key_that_will_not_do_is_said_with_its_file(
    operator: Operator,
    add: list[str],
    tmp_path: Path,
    sqlite_database: Database,
    make: Callable[[], str] | None,
    told: str,
) -> None:
    file = tmp_path / "wrong.jwk"
    if make is not None:
        file.write_text(make())
    code, _, sentence = await operator.types(*add, "--encrypt-to", str(file))
    assert code == 1
    assert str(file) in sentence
    assert told in sentence
    # Neither the service nor keys of ours have been made.
    assert await rows_of(sqlite_database, audit_log) == []
    assert not (tmp_path / "keys").exists()
    assert json.loads(KEY.text)["d"] not in sentence


@pytest.mark.parametrize(
    "options",
    [
        ("--certificate-name", "not a name"),
        ("--certificate-name", "*.example.org"),
        ("--certificate-name", NAME, "--no-certificate-name"),
    ],
)
async def test_an_option_that_cannot_be_meant_is_a_mistake_of_use(
    operator: Operator, options: tuple[str, ...]
) -> None:
    code, _, _ = await operator.types("service", "protect", "orders", *options)
    assert code == 2


async def test_a_service_that_is_not_there_cannot_be_protected(operator: Operator) -> None:
    code, _, told = await operator.types("service", "protect", "nobody", "--no-encryption")
    assert (code, told) == (1, "there is no service nobody; `yabot service list` shows all")


async def test_our_keys_are_printed_for_services_and_rotated(operator: Operator) -> None:
    first = await operator.reads("service", "keys")
    assert [key["use"] for key in first["keys"]] == ["enc", "sig"]
    assert not any("d" in key for key in first["keys"])
    code, said, told = await operator.types("service", "keys", "--rotate")
    assert code == 0, told
    then = json.loads(said)["keys"]
    assert [then[0], then[2]] == first["keys"]
    assert [key["kid"] in told for key in then] == [False, True, False, True]
    at_once = await operator.reads("service", "keys", "--rotate", "--at-once")
    assert len(at_once["keys"]) == 2
    assert not {key["kid"] for key in at_once["keys"]} & {key["kid"] for key in then}
    assert (await operator.types("service", "keys", "--at-once"))[0] == 2
