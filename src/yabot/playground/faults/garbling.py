"""Answers as a later Bot API may give them: what was asked is done, and today's clients cannot read
of what became of it."""

from typing import Any

# A kind that no client knows yet.
NEW_KIND = {"type": "of_tomorrow"}
_PARTNERS = ("source", "receiver")


def undecodable(result: Any) -> Any:
    """Ids, amounts and what else is plain stay where they are."""
    if isinstance(result, dict) and "transactions" in result:
        return {**result, "transactions": [_of_tomorrow(each) for each in result["transactions"]]}
    if isinstance(result, dict):
        return {**result, **dict.fromkeys(("date", "chat"), NEW_KIND)}
    if isinstance(result, list):
        return [*result, None]
    return {"result": result, **NEW_KIND}


def _of_tomorrow(transaction: dict[str, Any]) -> dict[str, Any]:
    partners = {
        side: {**transaction[side], **NEW_KIND} for side in _PARTNERS if side in transaction
    }
    return {**transaction, **partners}
