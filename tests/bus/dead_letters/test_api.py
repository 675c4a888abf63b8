"""Dead letters as other services see and change them: on both databases, over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.client import ApiClient, serving
from tests.bus.dead_letters.mending import states
from tests.bus.dead_letters.operating import discard
from tests.bus.dead_letters.putting import put
from tests.storage.dumps import rows_of
from tests.storage.meanwhile import Meanwhile
from yabot.api.operations.cursors import Cursors
from yabot.api.operations.door import Door
from yabot.api.tables import api_answers
from yabot.bus.dead_letters.api import routes
from yabot.bus.dead_letters.service import DeadLetters
from yabot.log.commit_log import CommitLog, Committed
from yabot.log.tables import audit_log
from yabot.redaction import Redactor
from yabot.storage.relational.database import Database
from yabot_client import AsyncClient
from yabot_client.codes import DeadLetterUnknown

KIND = ("pay", "toy_poked", "timeout")
RETRIES, DISCARDS = "/admin/dead-letter-retries", "/admin/dead-letter-discards"


@pytest.fixture
async def api(database: Database, commits: CommitLog) -> AsyncIterator[ApiClient]:
    letters, redactor = DeadLetters(database), Redactor(["hush-hush"])
    async with serving(routes(letters, Cursors(database), redactor, Door(commits))) as client:
        yield client


@pytest.fixture
async def yabot(api: ApiClient) -> AsyncIterator[AsyncClient]:
    async with api.typed() as client:
        yield client


async def audited(database: Database, kind: str) -> list[dict[str, Any]]:
    rows = await rows_of(database, audit_log)
    return [json.loads(row["details"]) for row in rows if row["kind"] == kind]


async def test_groups_pages_and_one_are_shown(database: Database, yabot: AsyncClient) -> None:
    await put(database, *[(*KIND, "dead")] * 3, ("hint", "toy_poked", "refused", "resolved"))
    (group,) = (await yabot.list_dead_letter_groups())["groups"]
    assert (group["consumer"], group["letters"], group["ids"]) == ("pay", 3, [1, 2, 3])

    first = await yabot.list_dead_letters(limit=2)
    assert [each["id"] for each in first["items"]] == [4, 3]
    second = await yabot.list_dead_letters(limit=2, after=first["next"])
    assert ([each["id"] for each in second["items"]], second["next"]) == ([2, 1], None)
    some = (await yabot.list_dead_letters(state="resolved", consumer="hint"))["items"]
    assert [(each["id"], each["error_code"]) for each in some] == [(4, "refused")]

    shown = await yabot.get_dead_letter(1)
    assert (shown["state"], shown["attempts"], shown["error"]) == ("dead", 6, "because")
    assert shown["envelope"]["payload"] == {"word": "poison"}
    assert shown["before"] == []
    with pytest.raises(DeadLetterUnknown):
        await yabot.get_dead_letter(9)


async def test_a_secret_in_a_letter_is_not_shown(database: Database, yabot: AsyncClient) -> None:
    """Other services may have sent anything."""
    await put(database, (*KIND, "dead"), word="the password is hush-hush")
    shown = await yabot.get_dead_letter(1)
    assert "hush-hush" not in json.dumps(shown)
    assert shown["envelope"]["payload"]["word"].startswith("the password is ***")


async def test_a_retry_that_is_asked_often_happens_once(
    database: Database, commits: CommitLog, api: ApiClient
) -> None:
    await put(database, *[(*KIND, "dead")] * 3)
    done: list[Committed] = []
    commits.followers.append(done.append)
    asking = (api.post(RETRIES, {"ids": [1, 3, 1]}, key="one") for _ in range(8))
    answers = await asyncio.gather(*asking)
    assert {answer.status for answer in answers} == {200}
    assert [answer.body for answer in answers] == [{"ids": [1, 3]}] * 8
    assert await states(database) == ["retry", "dead", "retry"]
    # Effect, audit and answer are one commit.
    assert [each.cause.id for each in done] == ["api:orders:one"]
    assert await audited(database, "dead_letters_retried") == [
        {"letters": [1, 3], "by": "service:orders"}
    ]
    assert [row["key"] for row in await rows_of(database, api_answers)] == ["one"]
    # It was about those two as they were then.
    again = await api.post(RETRIES, {"ids": [1, 3]})
    assert (again.status, again.code) == (409, "dead_letter_state")


async def test_a_discard_keeps_the_note(database: Database, yabot: AsyncClient) -> None:
    await put(database, (*KIND, "dead"), (*KIND, "retry"))
    for _ in range(2):
        answered = await yabot.discard_dead_letters(
            ids=[2, 1], note=" by hand ", idempotency_key="one"
        )
        assert answered == {"ids": [1, 2]}
    assert await states(database) == ["discarded", "discarded"]
    assert (await yabot.get_dead_letter(2))["note"] == "by hand"
    (told,) = await audited(database, "dead_letters_discarded")
    assert told == {"letters": [1, 2], "by": "service:orders", "note": "by hand"}


@pytest.mark.parametrize(
    ("ids", "expected"),
    [([1, 9], (404, "dead_letter_unknown")), ([1, 2], (409, "dead_letter_state"))],
)
async def test_all_are_changed_or_none(
    database: Database, api: ApiClient, ids: list[int], expected: tuple[int, str]
) -> None:
    await put(database, (*KIND, "dead"), (*KIND, "resolved"))
    for path, body in ((RETRIES, {"ids": ids}), (DISCARDS, {"ids": ids, "note": "why"})):
        refused = await api.post(path, body)
        assert (refused.status, refused.code) == expected
    assert await states(database) == ["dead", "resolved"]


@pytest.mark.parametrize("path", [RETRIES, DISCARDS])
async def test_all_are_changed_or_none_whoever_else_is_at_it(
    database: Database, commits: CommitLog, path: str
) -> None:
    """Somebody gives one of them up while it is looked which can be changed."""
    await put(database, *[(*KIND, "dead")] * 2)
    meanwhile = Meanwhile(database)
    letters = DeadLetters(meanwhile)
    body = {"ids": [1, 2], **({} if path == RETRIES else {"note": "why"})}

    async def discard_one() -> None:
        await discard(database, [1], "somebody else's")

    offered = routes(letters, Cursors(database), Redactor([]), Door(commits))
    async with serving(offered) as api:
        meanwhile.arm(discard_one)
        refused = await api.post(path, body)
    assert meanwhile.has_happened
    assert (refused.status, refused.code) == (409, "dead_letter_state")
    assert await states(database) == ["discarded", "dead"]


@pytest.mark.parametrize(
    "body", [{"ids": []}, {"ids": [0]}, {"ids": list(range(1, 502))}, {"ids": ["1"]}, {}]
)
async def test_so_many_at_once_and_by_their_numbers(api: ApiClient, body: object) -> None:
    assert (await api.post(RETRIES, body)).code == "invalid_request"


async def test_giving_up_wants_a_note(api: ApiClient) -> None:
    for note in ("", "  ", "x" * 501):
        assert (await api.post(DISCARDS, {"ids": [1], "note": note})).code == "invalid_request"


@pytest.mark.parametrize("path", ["dead-letters", "dead-letter-groups", "dead-letters/1"])
async def test_only_administrators_look_and_change(api: ApiClient, path: str) -> None:
    api.scopes = ["events:read", "events:write"]
    assert (await api.get(f"/admin/{path}")).code == "scope_missing"
    assert (await api.post(RETRIES, {"ids": [1]})).code == "scope_missing"
    assert (await api.post(DISCARDS, {"ids": [1], "note": "x"})).code == "scope_missing"
