"""The story, as other services ask for it."""

import pytest

from tests.api.client import ApiClient
from tests.features.harness import Harness
from yabot.features.narrative.story import Story


async def test_a_fragment_is_given_with_all_that_belongs_to_it(api: ApiClient, tale: Story) -> None:
    answered = await api.get("/narrative/gate")
    assert answered.status == 200
    assert answered.body == {
        "fragment_id": "gate",
        "revision": tale.fragments["gate"].revision,
        "title": {"es": "La verja", "en": "The gate"},
        "content": {"es": "Cerrada.", "en": "Shut."},
        "choices": [
            {
                "id": "enter",
                "text": {"es": "Entrar", "en": "Enter"},
                "next_fragment": "hall",
                "unlocks_hint": "key",
                "requires_hint": None,
            }
        ],
        "metadata": {
            "tags": [],
            "vip_required": False,
            "difficulty": 1,
            "reactions": {"❤": 2},
            "ending": False,
        },
    }
    assert answered.headers["X-Story-Revision"] == tale.revision


async def test_who_has_the_fragment_is_told_so_and_in_which_story_it_stands(
    api: ApiClient, tale: Story
) -> None:
    etag = (await api.get("/narrative/gate")).headers["ETag"]
    same = await api.get("/narrative/gate", If_None_Match=etag)
    assert same.status == 304
    assert same.headers["X-Story-Revision"] == tale.revision
    assert (await api.get("/narrative/hall", If_None_Match=etag)).status == 200


async def test_a_fragment_that_is_not_there_is_404_with_what_to_do(api: ApiClient) -> None:
    answered = await api.get("/narrative/attic")
    assert (answered.status, answered.code) == (404, "fragment_unknown")
    assert "GET /api/v1/narrative" in answered.body["detail"]


async def test_the_story_is_listed_in_its_order(api: ApiClient, tale: Story) -> None:
    listed = await api.get("/narrative")
    assert listed.status == 200
    assert [each["fragment_id"] for each in listed.body["fragments"]] == [
        "gate",
        "hall",
        "cellar",
        "garden",
    ]
    hall = listed.body["fragments"][1]
    assert hall["leads_to"] == ["gate", "garden", "cellar", "garden"]
    assert hall["metadata"]["difficulty"] == 2
    assert listed.body["revision"] == tale.revision
    assert (await api.get("/narrative", If_None_Match=listed.headers["ETag"])).status == 304


async def choices(api: ApiClient, user_id: str) -> dict[str, bool]:
    """Whether each opens."""
    answered = await api.get(f"/user/{user_id}/choices")
    assert answered.status == 200
    return {each["id"]: each["open"] for each in answered.body["choices"]}


async def test_who_has_not_begun_has_the_first_page_before_them_and_stays_there(
    api: ApiClient, harness: Harness, tale: Story
) -> None:
    ana = await harness.join()
    for _ in range(2):
        answered = await api.get(f"/user/{ana.user_id}/choices")
        assert answered.body == {
            "story_revision": tale.revision,
            "fragment_id": "gate",
            "has_begun": False,
            "open": True,
            "choices": [
                {
                    "id": "enter",
                    "text": {"es": "Entrar", "en": "Enter"},
                    "next_fragment": "hall",
                    "vip_required": False,
                    "open": True,
                }
            ],
        }


async def test_the_choices_of_a_user_are_those_that_they_see(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    await ana.say("/story")
    await ana.press("c:gate:enter")
    # The key, found on the way, shows a choice, and what needs the lamp is hidden; the VIP door is
    # seen, and shut.
    assert await choices(api, ana.user_id) == {"back": True, "open": True, "down": False}
    await api.post(f"/user/{ana.user_id}/subscription", {"plan_type": "vip"})
    assert await choices(api, ana.user_id) == {"back": True, "open": True, "down": True}


async def test_who_stands_behind_a_vip_door_when_it_shuts_sees_their_way_out(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    await api.post(f"/user/{ana.user_id}/subscription", {"plan_type": "vip"})
    await ana.say("/story")
    await ana.press("c:gate:enter")
    await ana.press("c:hall:down")
    harness.pass_time(days=31)
    answered = await api.get(f"/user/{ana.user_id}/choices")
    assert (answered.body["fragment_id"], answered.body["open"]) == ("cellar", False)
    assert await choices(api, ana.user_id) == {"up": True}


async def test_who_has_the_choices_already_is_told_that_they_are_the_same(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/choices"
    etag = (await api.get(path)).headers["ETag"]
    assert (await api.get(path, If_None_Match=etag)).status == 304
    await ana.say("/story")
    assert (await api.get(path, If_None_Match=etag)).status == 200


async def test_nobody_has_no_choices(api: ApiClient) -> None:
    answered = await api.get("/user/4242/choices")
    assert (answered.status, answered.code) == (404, "user_unknown")


@pytest.mark.parametrize("path", ["/narrative", "/narrative/gate", "/user/4242/choices"])
async def test_the_story_is_for_those_who_may_read_it(api: ApiClient, path: str) -> None:
    api.scopes = ["users:read", "narrative:write"]
    refused = await api.get(path)
    assert (refused.status, refused.code) == (403, "scope_missing")
