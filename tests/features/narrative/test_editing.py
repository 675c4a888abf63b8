"""Fragments that other services replace."""

import asyncio
from typing import Any

import pytest

from tests.api.client import Answered, ApiClient
from tests.features.harness import Harness
from tests.storage.dumps import rows_of
from yabot.features.narrative.story import Story
from yabot.features.narrative.tables import fragment_changes

Json = dict[str, Any]


async def read(api: ApiClient, fragment_id: str = "hall") -> tuple[Json, str]:
    """A fragment as it may be sent back, and its ETag."""
    answered = await api.get(f"/narrative/{fragment_id}")
    named = {"fragment_id", "revision"}
    body = {name: value for name, value in answered.body.items() if name not in named}
    return body, answered.headers["ETag"]


def retitled(body: Json, title: str) -> Json:
    return {**body, "title": {**body["title"], "en": title}}


async def retitle(api: ApiClient, fragment_id: str, title: str, **headers: str) -> Answered:
    body, etag = await read(api, fragment_id)
    path = f"/narrative/{fragment_id}"
    return await api.put(path, retitled(body, title), If_Match=etag, **headers)


async def changes(harness: Harness) -> list[Json]:
    return [dict(row) for row in await rows_of(harness.services.database, fragment_changes)]


async def test_a_fragment_is_replaced_for_every_reader(
    api: ApiClient, harness: Harness, tale: Story
) -> None:
    ana = await harness.join()
    _, other = await read(api, "garden")
    answered = await retitle(api, "gate", "The gate, mended")
    assert answered.status == 200
    assert answered.body["title"] == {"es": "La verja", "en": "The gate, mended"}
    assert (await ana.say("/story"))[0].startswith("<b>The gate, mended</b>")
    shown = await api.get("/narrative/gate")
    assert shown.body == answered.body
    for header in ("ETag", "X-Story-Revision"):
        assert shown.headers[header] == answered.headers[header]
    assert shown.headers["X-Story-Revision"] != tale.revision
    assert (await read(api, "garden"))[1] == other


async def test_all_of_it_is_replaced(api: ApiClient) -> None:
    _, etag = await read(api)
    body = {
        "title": {"es": "Una sala", "en": "A hall"},
        "content": {"es": "<b>Llena.</b>", "en": "<b>Full.</b>"},
        "choices": [
            {"id": "out", "text": {"es": "Salir", "en": "Leave"}, "next_fragment": "garden"},
            {
                "id": "down",
                "text": {"es": "Bajar", "en": "Go down"},
                "next_fragment": "cellar",
                "requires_hint": "key",
            },
        ],
        "metadata": {"tags": ["inside"], "difficulty": 5, "reactions": {"🔥": 3, "❤": 1}},
    }
    answered = await api.put("/narrative/hall", body, If_Match=etag)
    assert answered.status == 200
    assert answered.body["choices"][1]["requires_hint"] == "key"
    assert answered.body["choices"][1]["unlocks_hint"] is None
    assert answered.body["metadata"] == {
        "tags": ["inside"],
        "vip_required": False,
        "difficulty": 5,
        "reactions": {"🔥": 3, "❤": 1},
        "ending": False,
    }


async def test_nothing_is_replaced_that_nobody_says_to_have_read(
    api: ApiClient, harness: Harness
) -> None:
    body, etag = await read(api)
    refused = await api.put("/narrative/hall", body)
    assert (refused.status, refused.code) == (428, "precondition_required")
    assert (await retitle(api, "hall", "Another hall")).status == 200
    late = await api.put("/narrative/hall", retitled(body, "My hall"), If_Match=etag)
    assert (late.status, late.code) == (412, "precondition_failed")
    nowhere = await api.put("/narrative/attic", body, If_Match="*")
    assert (nowhere.status, nowhere.code) == (404, "fragment_unknown")
    assert len(await changes(harness)) == 1


TEXTS = {"es": "Salir", "en": "Leave"}
OUT = {"id": "out", "text": TEXTS, "next_fragment": "garden"}
MISTAKES: dict[str, tuple[Json, str, str]] = {
    "a text that is missing": ({"title": {"en": "A hall"}}, "/title", "has no text in 'es'"),
    "a language of no story": (
        {"title": {"es": "Sala", "en": "Hall", "fr": "Salle"}},
        "/title/fr",
        "languages are es, en",
    ),
    "markup": (
        {"content": {"es": "<b>Llena.", "en": "Full."}},
        "/content/es",
        "does not work as Telegram HTML",
    ),
    "a choice that leads nowhere": (
        {"choices": [OUT, {**OUT, "id": "up", "next_fragment": "attic"}]},
        "/choices/1/next_fragment",
        "'attic' does not exist",
    ),
    "a hint of no story": (
        {"choices": [{**OUT, "unlocks_hint": "torch"}]},
        "/choices/0/unlocks_hint",
        "'torch' does not exist",
    ),
    "one id for two choices": (
        {"choices": [OUT, {**OUT, "next_fragment": "gate"}]},
        "/choices/1",
        "has the id 'out' twice",
    ),
    "no emoji of Telegram's": (
        {"metadata": {"reactions": {"🪑": 1}}},
        "/metadata/reactions/🪑",
        "is none that Telegram allows",
    ),
    "a dead end": ({"choices": []}, "", "is a dead end"),
    "what others lose by it": ({"choices": [OUT]}, "", "'cellar' is unreachable"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_the_story_that_comes_of_it_is_held_to_its_rules(
    api: ApiClient, harness: Harness, mistake: str
) -> None:
    wrong, pointer, sentence = MISTAKES[mistake]
    body, etag = await read(api)
    refused = await api.put("/narrative/hall", {**body, **wrong}, If_Match=etag)
    assert (refused.status, refused.code) == (422, "fragment_invalid")
    told = [fault["detail"] for fault in refused.body["errors"] if fault["pointer"] == pointer]
    assert any(sentence in each for each in told), refused.body["errors"]
    assert await changes(harness) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"fragment_id": "hall"},
        {"title": {"en": ""}},
        {"content": {"en": "x" * 16_385}},
        {"choices": [OUT] * 9},
        {"choices": [{**OUT, "next": "gate"}]},
        {"metadata": {"difficulty": 6}},
        {"metadata": {"reactions": {"x" * 17: 1}}},
        {"metadata": {"reactions": {"❤": 1001}}},
    ],
)
async def test_what_is_no_fragment_is_told_where(api: ApiClient, wrong: Json) -> None:
    body, etag = await read(api)
    refused = await api.put("/narrative/hall", {**body, **wrong}, If_Match=etag)
    assert (refused.status, refused.code) == (422, "invalid_request")
    assert all(fault["pointer"].startswith("/") for fault in refused.body["errors"])


async def test_the_same_request_again_changes_nothing_more(
    api: ApiClient, harness: Harness
) -> None:
    body, etag = await read(api)
    path, wanted = "/narrative/hall", retitled(body, "One hall")
    asking = (api.put(path, wanted, If_Match=etag, Idempotency_Key="one") for _ in range(8))
    answers = await asyncio.gather(*asking)
    assert [answer.status for answer in answers] == [200] * 8
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    # Also when somebody else has gone on since.
    await retitle(api, "hall", "Another hall")
    again = await api.put(path, wanted, If_Match=etag, Idempotency_Key="one")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.body == answers[0].body
    assert len(await changes(harness)) == 2


async def test_what_changes_nothing_leaves_no_trace(api: ApiClient, harness: Harness) -> None:
    body, etag = await read(api)
    answered = await api.put("/narrative/hall", body, If_Match=etag)
    assert (answered.status, answered.headers["ETag"]) == (200, etag)
    assert await changes(harness) == []


async def test_fragments_that_are_replaced_at_the_same_time_all_are(
    api: ApiClient, harness: Harness
) -> None:
    names = ["gate", "hall", "cellar", "garden"]
    answers = await asyncio.gather(*(retitle(api, name, f"New {name}") for name in names))
    assert [answer.status for answer in answers] == [200] * 4
    listed = (await api.get("/narrative")).body["fragments"]
    assert [each["title"]["en"] for each in listed] == [f"New {name}" for name in names]
    assert [row["number"] for row in await changes(harness)] == [1, 2, 3, 4]


async def test_what_became_of_a_fragment_is_told_newest_first(
    api: ApiClient, harness: Harness, tale: Story
) -> None:
    assert (await api.get("/narrative/hall/history")).body == {"items": [], "next": None}
    for title in ("A", "B", "C"):
        await retitle(api, "hall", title)
    await retitle(api, "gate", "D")
    first = (await api.get("/narrative/hall/history?limit=2")).body
    second = (await api.get(f"/narrative/hall/history?limit=2&after={first['next']}")).body
    told = [*first["items"], *second["items"]]
    assert [each["after"]["title"]["en"] for each in told] == ["C", "B", "A"]
    assert [each["before"]["title"]["en"] for each in told] == ["B", "A", "The hall"]
    assert {each["changed_by"] for each in told} == {"service:orders"}
    assert told[-1]["base_revision"] == tale.revision
    assert second["next"] is None
    assert (await api.get("/narrative/attic/history")).code == "fragment_unknown"
    other = await api.get(f"/narrative/gate/history?after={first['next']}")
    assert other.code == "cursor_invalid"


async def test_who_may_only_read_replaces_nothing(api: ApiClient, harness: Harness) -> None:
    body, etag = await read(api)
    api.scopes = ["narrative:read"]
    refused = await api.put("/narrative/hall", retitled(body, "Mine"), If_Match=etag)
    assert (refused.status, refused.code) == (403, "scope_missing")
    assert await changes(harness) == []
