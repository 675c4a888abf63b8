"""Finds where a member of the old bot's object ends, or seems to: by brackets, or the next user.

Everything here reads a text from its beginning to its end once.
"""

import re

_SCALAR = re.compile(r"[^,}\]\n]*+")
TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?P<closed>"?)|[{}\[\]]', re.DOTALL)
STEPS = {"{": 1, "[": 1, "}": -1, "]": -1}
# The beginning of a user; inside a text its quotes would be escaped.
USER = (
    r'"\s*+[-+]?\d{1,20}+\s*+"\s*+:\s*+\{\s*+"(?:telegram_id|username|first_name|kisses|inventory'
    r"|achievements|role|vip_expiry|last_daily_claim|current_narrative_fragment"
    r'|narrative_choices|metadata)"\s*+:'
)
A_USER = re.compile(USER)
# The old bot's users begin with their own id: so this is a user, whatever stands before it.
SURELY_A_USER = re.compile(r'"(\d++)"\s*+:\s*+\{\s*+"telegram_id"\s*+:\s*+"?\1\b')


def closing(text: str, start: int, limit: int) -> int | None:
    """The place behind the bracket that closes the one at ``start``, or behind a bare word."""
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
    """Where the next user begins behind the one at ``start``, and not inside that one."""
    depth, at = 0, start
    for found in A_USER.finditer(text, start + 1):
        begin = found.start()
        if SURELY_A_USER.match(text, begin):
            return begin
        for token in TOKEN.finditer(text, at, begin):
            at = token.end()
            depth += STEPS.get(token[0], 0)
            if token["closed"] == "":
                # A quote is missing: what looks like texts is what stands between texts.
                return begin
        if depth <= 1:
            return begin
    return None


def lacks_a_bracket(text: str) -> bool:
    """Whether only the object's own last bracket is missing."""
    depth = 0
    for token in TOKEN.finditer(text):
        depth += STEPS.get(token[0], 0)
        if token["closed"] == "" or depth == 0:
            return False
    return depth == 1


def before_comma(text: str) -> str:
    return text.rstrip(" \t\r\n,")
