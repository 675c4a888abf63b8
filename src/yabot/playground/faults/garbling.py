"""Answers as a later Bot API may give them: the call is carried out, but today's clients cannot
read the result.
"""

from typing import Any

# A kind that no client knows yet.
NEW_KIND = {"type": "of_tomorrow"}
_PARTNERS = ("source", "receiver")


def undecodable(result: Any) -> Any:
    """Make a result undecodable; ids, amounts and other plain values stay where they are."""
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
