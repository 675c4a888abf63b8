"""The story, as other services ask for it."""

import pytest

from tests.api.client import ApiClient
from tests.features.harness import Harness
from yabot.features.narrative.story import Story
from yabot_client import AsyncClient
from yabot_client.codes import UserUnknown


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


async def test_the_story_is_listed_in_its_order(yabot: AsyncClient, tale: Story) -> None:
    listed = await yabot.get_story()
    fragments = listed.value["fragments"]
    assert [each["fragment_id"] for each in fragments] == ["gate", "hall", "cellar", "garden"]
    hall = fragments[1]
    assert hall["leads_to"] == ["gate", "garden", "cellar", "garden"]
    assert hall["metadata"]["difficulty"] == 2
    assert listed.value["revision"] == tale.revision
    assert await yabot.get_story(known=listed) is listed


async def choices(yabot: AsyncClient, user_id: str) -> dict[str, bool]:
    """Whether each opens."""
    found = await yabot.get_user_choices(user_id)
    return {each["id"]: each["open"] for each in found.value["choices"]}


async def test_who_has_not_begun_has_the_first_page_before_them_and_stays_there(
    yabot: AsyncClient, harness: Harness, tale: Story
) -> None:
    ana = await harness.join()
    for _ in range(2):
        assert (await yabot.get_user_choices(ana.user_id)).value == {
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
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    await ana.say("/story")
    await ana.press("c:gate:enter")
    # The key, found on the way, shows a choice, and what needs the lamp is hidden; the VIP door is
    # seen, and shut.
    assert await choices(yabot, ana.user_id) == {"back": True, "open": True, "down": False}
    await yabot.extend_user_subscription(ana.user_id, plan_type="vip")
    assert await choices(yabot, ana.user_id) == {"back": True, "open": True, "down": True}


async def test_who_stands_behind_a_vip_door_when_it_shuts_sees_their_way_out(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    await yabot.extend_user_subscription(ana.user_id, plan_type="vip")
    await ana.say("/story")
    await ana.press("c:gate:enter")
    await ana.press("c:hall:down")
    harness.pass_time(days=31)
    found = (await yabot.get_user_choices(ana.user_id)).value
    assert (found["fragment_id"], found["open"]) == ("cellar", False)
    assert await choices(yabot, ana.user_id) == {"up": True}


async def test_who_has_the_choices_already_is_told_that_they_are_the_same(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    known = await yabot.get_user_choices(ana.user_id)
    assert await yabot.get_user_choices(ana.user_id, known=known) is known
    await ana.say("/story")
    assert await yabot.get_user_choices(ana.user_id, known=known) != known


async def test_nobody_has_no_choices(yabot: AsyncClient) -> None:
    with pytest.raises(UserUnknown):
        await yabot.get_user_choices("4242")


@pytest.mark.parametrize("path", ["/narrative", "/narrative/gate", "/user/4242/choices"])
async def test_the_story_is_for_those_who_may_read_it(api: ApiClient, path: str) -> None:
    api.scopes = ["users:read", "narrative:write"]
    refused = await api.get(path)
    assert (refused.status, refused.code) == (403, "scope_missing")
