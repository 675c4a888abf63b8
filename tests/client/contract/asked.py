"""Each operation of the document, as a service's code asks for it: one line each."""

from collections.abc import Mapping

from tests.bus.inbound.service import REACTION, Sent
from tests.client.contract.world import Ask, World
from yabot_client.operations import Operations
from yabot_client.types import PostedEvent

ES_EN = {"es": "Una sala", "en": "A hall"}


def _post_event(client: Operations, _world: World) -> object:
    return client.post_event(**REACTION.now().envelope)


def _post_events(client: Operations, _world: World) -> object:
    events: list[PostedEvent] = [Sent(name, 1).now().envelope for name in "ab"]  # type: ignore[misc]
    return client.post_events(events=events)


# In this order: some ask for what others have made.
ASKED: Mapping[str, Ask] = {
    # Users.
    "list_users": lambda client, _: client.list_users(limit=2),
    "register_user": lambda client, _: client.register_user(user_id="777", first_name="Iris"),
    "get_user": lambda client, world: client.get_user(world.ana.user_id),
    "get_user_state": lambda client, world: client.get_user_state(world.ana.user_id),
    "get_user_profile": lambda client, world: client.get_user_profile(world.ana.user_id),
    "put_user_profile": lambda client, world: client.put_user_profile(
        world.ana.user_id, first_name="Ana", last_name=None, username="ana_r", language_code="es"
    ),
    "get_user_preferences": lambda client, world: client.get_user_preferences(world.ana.user_id),
    "put_user_preferences": lambda client, world: client.put_user_preferences(
        world.ana.user_id, language="en", notifications_enabled=False, theme="dark"
    ),
    "delete_user": lambda client, world: client.delete_user(
        world.leaver.user_id, reason="moved_away"
    ),
    # Besitos.
    "award_besitos": lambda client, world: client.award_besitos(
        world.ana.user_id, amount=50, reason="order", source="web"
    ),
    "spend_besitos": lambda client, world: client.spend_besitos(
        world.ana.user_id, amount=5, reason="order"
    ),
    "transfer_besitos": lambda client, world: client.transfer_besitos(
        from_=world.ana.user_id, to=world.bob.user_id, amount=3
    ),
    "get_user_besitos": lambda client, world: client.get_user_besitos(world.ana.user_id),
    "list_user_besitos_movements": lambda client, world: client.list_user_besitos_movements(
        world.ana.user_id, limit=2
    ),
    # Subscriptions.
    "extend_user_subscription": lambda client, world: client.extend_user_subscription(
        world.ana.user_id, plan_type="vip", days=7
    ),
    "get_user_subscription": lambda client, world: client.get_user_subscription(world.ana.user_id),
    "cancel_user_subscription": lambda client, world: client.cancel_user_subscription(
        world.ana.user_id
    ),
    # Items.
    "list_items": lambda client, _: client.list_items(),
    "get_item": lambda client, _: client.get_item("orange"),
    "grant_item": lambda client, world: client.grant_item(
        world.ana.user_id, item_id="orange", quantity=2
    ),
    "take_item": lambda client, world: client.take_item(world.ana.user_id, item_id="orange"),
    "get_user_inventory": lambda client, world: client.get_user_inventory(world.ana.user_id),
    # The story.
    "get_story": lambda client, _: client.get_story(),
    "get_fragment": lambda client, _: client.get_fragment("hall"),
    "get_user_choices": lambda client, world: client.get_user_choices(world.ana.user_id),
    "put_fragment": lambda client, _: client.put_fragment(
        "hall",
        title=ES_EN,
        content=ES_EN,
        choices=[{"id": "out", "text": ES_EN, "next_fragment": "garden"}],
        metadata={"tags": ["inside"], "reactions": {"❤": 1}},
        if_match="*",
    ),
    "list_fragment_changes": lambda client, _: client.list_fragment_changes("hall"),
    # Events.
    "post_event": _post_event,
    "post_events": _post_events,
    "follow_events": lambda client, _: client.follow_events(event_type=["user_registered"]),
    "list_user_events": lambda client, world: client.list_user_events(
        world.ana.user_id, order="oldest", limit=3
    ),
    # What operators ask.
    "list_audit": lambda client, _: client.list_audit(since="2026-01-01T00:00:00Z"),
    "list_requests": lambda client, _: client.list_requests(limit=5),
    "list_dead_letters": lambda client, _: client.list_dead_letters(state="dead"),
    "list_dead_letter_groups": lambda client, _: client.list_dead_letter_groups(),
    "get_dead_letter": lambda client, _: client.get_dead_letter(1),
    "retry_dead_letters": lambda client, _: client.retry_dead_letters(ids=[1]),
    "discard_dead_letters": lambda client, _: client.discard_dead_letters(ids=[2], note="by hand"),
    "list_subscriber_groups": lambda client, _: client.list_subscriber_groups(),
    "let_subscriber_group_go_on": lambda client, _: client.let_subscriber_group_go_on("rewards"),
    "list_workflows": lambda client, _: client.list_workflows(kind="order", state="stuck"),
    "get_workflow": lambda client, _: client.get_workflow("order:7"),
    "resume_workflow": lambda client, _: client.resume_workflow("order:7"),
    "put_token_revocation": lambda client, _: client.put_token_revocation("of-nobody-any-more"),
}
