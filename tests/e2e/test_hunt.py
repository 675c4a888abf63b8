"""The whole program takes every road with secrets in each place; all that it writes is searched.

A new secret is one line of ``CONFIDED``. Nothing here says where it could leak: all output is
looked through, also the engines'.
"""

import asyncio
import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest
from aiohttp import ClientSession

from tests.api.auth.operating import Operator
from tests.api.client import ApiClient, Json
from tests.api.tokens import token_for
from tests.client.services import service_beside
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import Reader, said_by_bot
from tests.features.legacy.old_bot import new_profile
from tests.features.subscriptions.shop import buy
from tests.hunting import Hunt, files_in, processes
from tests.waiting import PATIENCE, wait_until
from yabot.clock import rfc3339, utc_now
from yabot.playground.client import PlaygroundClient
from yabot_client import Client
from yabot_client.codes import UserExists

# What readers, other services and operators trust the program with, each once and nowhere else.
CONFIDED = {
    "a first name": 'Wilhelmina\'Quixote "de" Ñandú-71',
    "a username": "qzx_reader_secretname_84",
    "a reader's text": "I-confess/everything to nobody: ¿sí?",
    "a command's argument": "start-argument-Kw93hfQ2",
    "a caption": "caption'of-a-photo 5b2Tz9",
    "a name of the API": "Ximena%Otero+Api\\name-63",
    "a reason of the API": "reason_jq84_of_nobody_else",
    "an idempotency key": "idem-Key/4471 of-nobody-else",
    "a stranger's token": "stranger-token-Zp5v9KcX2mQ8rT1w",
    "a value that is no preference": "preference-Yh27-Lm90-of-nobody",
    "an old name": "Old'Name-of-Hortensia-3391",
    "a secret of the environment": "webhook-secret_Rz41_of_the_environment",
    "what the old bot kept": "kept-since-2019-Dv37-of-Hortensia",
    "a name in an encrypted body": "Encarnación-Tq62 \\ of nobody",
    "an event of another service": "event-Zd19'of another service",
    "words of a trigger": "trigger-says-Bv66-to-nobody",
    "a field of a body": "field-Ht51-never-declared",
}
JWT = "eyJhbGciOiJFZDI1NTE5IiwidHlwIjoiSldUIn0.{}.{}"
ENGINES = ("mongod", "valkey")


@pytest.mark.slow
@pytest.mark.criterion("sec.4")
async def test_nothing_that_is_confided_is_ever_written_down(
    new_program: NewProgram, tmp_path: Path
) -> None:
    log_file = tmp_path / "logs" / "yabot.log"
    program = new_program(
        LOG_FILE_PATH=str(log_file), WEBHOOK_SECRET=CONFIDED["a secret of the environment"]
    )
    program.start()
    _log_every_operation(program)
    imported = new_program("legacy", "import", str(_old_store(tmp_path)), name="import")
    imported.settings |= {"YABOT_DATA_DIR": str(program.data)}
    assert imported.run() in {0, 1}
    # What the import could not bring to MongoDB in its seconds, the program brings.
    wait_until(lambda: program.stores.document(900_001) is not None)
    token = token_for(program)
    answered: dict[str, bytes] = {}
    async with PlaygroundClient(program.url) as client:
        charge = await _readers_roads(program, client)
    async with ClientSession(f"http://127.0.0.1:{program.settings['API_PORT']}") as session:
        await _services_roads(ApiClient(session, token=token), answered)
        with_failures = await _failing(program, ApiClient(session, token=token))
    answered |= {f"failure {n}": each for n, each in enumerate(with_failures)}
    await asyncio.to_thread(_events_roads, program)
    keys = await asyncio.to_thread(
        _encrypted_roads, program, Operator(new_program, program, tmp_path), tmp_path
    )
    seen = _looked_at(program)
    assert program.stop() == 0

    hunt = Hunt({**CONFIDED, **_own_secrets(program, token), **keys, "a charge": charge})
    outputs = {
        **answered,
        **seen,
        "standard output": program.said.encode(),
        "standard error": program.errors.encode(),
        **files_in(log_file.parent, *_commands(tmp_path)),
        **{f"{name}.log": (program.data / name / "engine.log").read_bytes() for name in ENGINES},
    }
    assert program.logged("api.failed")
    assert program.logged("update.failed")
    # It names the transaction, to whoever may read the audit.
    audit = outputs["audit_log"].replace(CONFIDED["an idempotency key"].encode(), b"")
    leaks = hunt.found({**outputs, "audit_log": audit})
    assert not leaks, leaks
    assert _readable_by_others(program.data, log_file.parent) == []


def _old_store(folder: Path) -> Path:
    """The old bot's file, with one user who cannot be read."""
    name, kept = CONFIDED["an old name"], {"metadata": {"diary": CONFIDED["what the old bot kept"]}}
    profile = {**new_profile(900_001), "first_name": name, **kept}
    unreadable = {**new_profile(900_002), "first_name": name, "kisses": name, **kept}
    path = folder / "db.json"
    path.write_text(json.dumps({"900001": profile, "900002": unreadable}))
    path.chmod(0o600)
    return path


def _log_every_operation(program: Program) -> None:
    """As mongod does with those that take longer than a tenth of a second."""
    program.stores.mongodb.command("profile", 0, slowms=-1)


async def _readers_roads(program: Program, client: PlaygroundClient) -> str:
    """The charge of a payment."""
    name, username = CONFIDED["a first name"], CONFIDED["a username"]
    user_id = await client.add_user(name, "es", username)
    reader = Reader(client, user_id)
    text, argument = CONFIDED["a reader's text"], CONFIDED["a command's argument"]
    await reader.ask(f"/start {argument}")
    await reader.ask("/story")
    await reader.ask(text)
    await reader.ask(f"/gift {text}")
    before = len(await reader.answers())
    await client.send_document(user_id, b"%PDF", "a.pdf", CONFIDED["a caption"])
    await reader.until(lambda chat: len(said_by_bot(chat)) > before)
    charge = await buy(reader)
    await reader.own_data()
    person = {"id": user_id, "is_bot": False, "first_name": name, "username": username}
    said = {"message_id": 1, "date": 1, "chat": {"id": user_id, "type": "private"}, "from": person}
    unreadable = {
        **said,
        "text": name,
        "forward_origin": {"type": "hidden_user", "date": 1, "o": name},
    }
    await client.deliver({"message": unreadable})
    wait_until(lambda: bool(program.logged("update.unreadable")))
    return charge


async def _services_roads(service: ApiClient, answered: dict[str, bytes]) -> None:
    """Requests of every kind; what they are refused with is kept to be searched."""
    name, key = CONFIDED["a name of the API"], CONFIDED["an idempotency key"]
    reason, field = CONFIDED["a reason of the API"], CONFIDED["a field of a body"]
    registered = await service.post("/users", {"user_id": "777000111", "first_name": name})
    assert registered.status == 201, registered
    user = "/user/777000111"
    paid = await service.post(f"{user}/besitos/award", {"amount": 5, "reason": reason}, key)
    assert paid.status == 200, paid
    preferences = {"language": CONFIDED["a value that is no preference"], "theme": name}
    # The names of its own fields are told to who sends them, and nobody else.
    assert (await service.post("/users", {field: name})).status == 422
    stranger = CONFIDED["a stranger's token"]
    forged = JWT.format(stranger, stranger)
    refused = [
        await service.post(f"{user}/besitos/award", {"amount": 6, "reason": reason}, key),
        await service.put(f"{user}/preferences", preferences),
        await service.put(f"{user}/preferences", preferences, Authorization=f"Bearer {stranger}"),
        await service.get(f"/users?username={stranger}", Authorization=f"Bearer {forged}"),
        await service.get(user, Authorization=f"Basic {stranger}"),
        await service.get(f"/user/{stranger}/state"),
        await service.get(f"/{stranger}", Authorization=""),
        await service.post("/users", f"{name} is no object"),
    ]
    assert {each.status for each in refused} <= {400, 401, 404, 409, 422}
    answered |= {f"refusal {n}": json.dumps(each.body).encode() for n, each in enumerate(refused)}


def _events_roads(program: Program) -> None:
    """What other services write onto the stream, and nobody can read."""
    said, event = CONFIDED["an event of another service"], {"event_type": "user_interaction"}
    of_ours = {"version": 1, "timestamp": rfc3339(utc_now()), "user_id": "777000111"}
    of_ours |= {name: str(uuid4()) for name in ("event_id", "correlation_id", "causation_id")}
    sent = (
        ("event", said),
        ("another", said),
        ("event", json.dumps({**event, "user_id": said})),
        ("event", json.dumps({**event, **of_ours, "payload": {"action": [said]}})),
        ("event", json.dumps({**event, **of_ours, "payload": {"action": "a", said: said}})),
        ("event", json.dumps({**event, **of_ours, "event_type": said, "payload": {}})),
    )
    for field, value in sent:
        program.stores.redis.xadd("yabot:inbound", {field: value})
    wait_until(lambda: len(program.logged("inbound.refused")) >= len(sent))


def _encrypted_roads(program: Program, operator: Operator, folder: Path) -> dict[str, str]:
    """What a service encrypts, and what claims to be encrypted; the service's private keys."""
    name = CONFIDED["a name in an encrypted body"]
    with service_beside(program, operator, folder, encrypts=True) as service:
        with Client(service.url, **service.options_to_encrypt) as partner:
            partner.register_user(user_id="777000333", first_name=name)
            assert partner.get_user_profile("777000333").value["first_name"] == name
            with pytest.raises(UserExists):
                partner.register_user(user_id="777000333", first_name=name)
        for content in (name, f"a.b.{name}", "..".join([JWT, name, name]), "\0" + name):
            refused = httpx.put(
                f"{service.url}/api/v1/user/777000333/preferences",
                content=content.encode(),
                headers={"Content-Type": "application/jose", "Authorization": f"Bearer {JWT}"},
                timeout=PATIENCE,
            )
            assert name not in refused.text
        return {
            f"the service's {file.name}": "".join(file.read_text().splitlines()[1:-1])[-40:]
            for file in (folder / "orders.pem", folder / "orders.x25519.pem")
        }


def _commands(folder: Path) -> list[Path]:
    """The folders of what was typed beside the program."""
    return [folder / "import", *folder.glob("command-*")]


async def _failing(program: Program, service: ApiClient) -> list[bytes]:
    """What a mistake of ours looks like from outside: SQL refuses in words of its own."""
    says = CONFIDED["words of a trigger"]
    refuse = f"BEFORE INSERT ON user_profiles BEGIN SELECT RAISE(ABORT, '{says}'); END"
    program.stores.change(f"CREATE TRIGGER refusing {refuse}")
    body: Json = {"user_id": "777000222", "first_name": CONFIDED["a name of the API"]}
    failed = await service.post("/users", body, CONFIDED["an idempotency key"] + "2")
    async with PlaygroundClient(program.url) as client:
        newcomer = await Reader.new(client, CONFIDED["a first name"])
        await newcomer.ask("/start")
    program.stores.change("DROP TRIGGER refusing")
    assert failed.status == 500
    return [json.dumps(failed.body).encode()]


def _own_secrets(program: Program, token: str) -> dict[str, str]:
    """What the program has made by itself, or was handed."""
    _, _, signature = token.split(".")
    keys = {
        f"the key {file.name}": json.loads(file.read_text())["d"]
        for file in program.data.glob("keys/**/*")
        if file.is_file() and '"d"' in file.read_text()
    }
    assert keys
    engines = {
        f"{name}'s password": (program.data / name / "secret").read_text() for name in ENGINES
    }
    with closing(sqlite3.connect(program.data / "playground.db")) as playground:
        ((bot_token,),) = playground.execute("SELECT token FROM bot")
    return {
        **keys,
        **engines,
        "the bot's token": bot_token.partition(":")[2],
        "a token's signature": signature,
    }


def _looked_at(program: Program) -> dict[str, bytes]:
    """What anybody may ask the program, what it keeps of failures, and what `ps` shows."""
    seen = {f"health {what}": program.health(what) for what in ("live", "ready", "startup")}
    why = "SELECT error, error_code, note FROM dead_letters"
    kept = {
        "dead_letters": program.stores.rows(why),
        "audit_log": program.stores.rows("SELECT * FROM audit_log"),
        "workflows": program.stores.rows("SELECT * FROM workflows"),
    }
    assert kept["dead_letters"]
    children = [child.pid for child in psutil.Process(program.pid).children(recursive=True)]
    assert len(children) >= len(ENGINES)
    for process in map(psutil.Process, [program.pid, *children]):
        assert process.rlimit(psutil.RLIMIT_CORE)[0] == 0, process.name()
    return {
        **{name: json.dumps(each).encode() for name, each in {**seen, **kept}.items()},
        "metrics": program.metrics().encode(),
        **processes(children),
    }


def _readable_by_others(*folders: Path) -> list[str]:
    return [
        str(path)
        for folder in folders
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
