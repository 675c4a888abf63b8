"""Gives every VIP reader ten besitos, once for each campaign.

    YABOT_URL=… YABOT_KEY=orders.pem python award_vip_readers.py christmas

It may be stopped or killed at any moment, and started again: it goes on with the page of users at
which it was, and the idempotency keys see to it that nobody gets the present twice.
"""

import os
import sys
from pathlib import Path

from yabot_client import Client
from yabot_client.codes import UserUnknown

AMOUNT = 10


def award_all(yabot: Client, campaign: str, place: Path, limit: int = 100) -> None:
    """Keep the cursor in the file ``place``; ``limit`` users are asked for at once."""
    cursor = place.read_text() if place.exists() else None
    users = yabot.iterate_users(limit=limit, after=cursor)
    for user in users:
        if users.cursor is not None:
            place.write_text(users.cursor)
        try:
            award(yabot, campaign, user["user_id"])
        except UserUnknown:
            # They have left since they were listed.
            continue


def award(yabot: Client, campaign: str, user_id: str) -> None:
    subscription = yabot.get_user_subscription(user_id).value
    if subscription["plan_type"] == "vip" and subscription["access"]:
        key = f"{campaign}:{user_id}"
        yabot.award_besitos(user_id, amount=AMOUNT, reason=campaign, idempotency_key=key)


if __name__ == "__main__":
    campaign = sys.argv[1]
    with Client(
        os.environ["YABOT_URL"], service="orders", key=Path(os.environ["YABOT_KEY"])
    ) as yabot:
        award_all(yabot, campaign, Path(f"{campaign}.cursor"))
