"""Where a member of the old bot's object ends, or seems to: by its brackets, or by the user behind.

Everything here reads a text from its beginning to its end once.
"""

import re

_SCALAR = re.compile(r"[^,}\]\n]*+")
TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?P<closed>"?)|[{}\[\]]', re.DOTALL)
STEPS = {"{": 1, "[": 1, "}": -1, "]": -1}
# Inside a text its quotes would be escaped.
USER = (
    r'"\s*+[-+]?\d{1,20}+\s*+"\s*+:\s*+\{\s*+"(?:telegram_id|username|first_name|kisses|inventory'
    r"|achievements|role|vip_expiry|last_daily_claim|current_narrative_fragment"
    r'|narrative_choices|metadata)"\s*+:'
)
A_USER = re.compile(USER)
# The old bot begins with the very id: whatever stands before, this is no part of another user.
SURELY_A_USER = re.compile(r'"(\d++)"\s*+:\s*+\{\s*+"telegram_id"\s*+:\s*+"?\1\b')


def closing(text: str, start: int, limit: int) -> int | None:
    """Behind the bracket that closes the one at ``start``; of a bare word, behind it."""
    if not text.startswith(("{", "["), start):
        found = _SCALAR.match(text, start, limit)
        return found.end() if found and found.end() > start else None
    depth = 0
    for token in TOKEN.finditer(text, start, limit):
        depth += STEPS.get(token[0], 0)
        if depth == 0:
            return token.end()
    return None


def next_user(text: str, start: int) -> int | None:
    """Where somebody begins behind the user at ``start``, and not within what is kept of them."""
    depth, at = 0, start
    for found in A_USER.finditer(text, start + 1):
        begin = found.start()
        if SURELY_A_USER.match(text, begin):
            return begin
        for token in TOKEN.finditer(text, at, begin):
            at = token.end()
            depth += STEPS.get(token[0], 0)
            if token["closed"] == "":
                # A quote is missing: what look like texts are what stands between them.
                return begin
        if depth <= 1:
            return begin
    return None


def lacks_a_bracket(text: str) -> bool:
    """Whether all that begins in the object ends in it, and it does not itself."""
    depth = 0
    for token in TOKEN.finditer(text):
        depth += STEPS.get(token[0], 0)
        if token["closed"] == "" or depth == 0:
            return False
    return depth == 1


def before_comma(text: str) -> str:
    return text.rstrip(" \t\r\n,")
