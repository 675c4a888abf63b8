"""A group of subscribers without its loops."""

from yabot.bus.groups.group import SubscriberGroup


async def look(group: SubscriberGroup) -> None:
    """Once: for what is assigned to it, and into the log."""
    await group.assignment.run_once()
    await group.run_once()
