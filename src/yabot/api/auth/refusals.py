"""The refusals of a token, or of the connection that it came by. Each sentence says how to mend it,
and shows nothing of the token.
"""

from yabot.api.answering.problems import Problem, Refused
from yabot.api.auth.claims import LONGEST_OF_BOUND, LONGEST_OF_OURS, LONGEST_OF_SERVICES

_SECONDS = int(LONGEST_OF_BOUND.total_seconds())
_MINUTES = int(LONGEST_OF_SERVICES.total_seconds() // 60)
_HOURS = int(LONGEST_OF_OURS.total_seconds() // 3600)

MISSING = Problem(
    401, "token_missing", "This needs a token: send it as Authorization: Bearer, once."
)
MALFORMED = Problem(401, "token_malformed", "This is no token that YABOT reads.")
SIGNATURE_WRONG = Problem(
    401,
    "token_signature_wrong",
    "The key that the token names has not signed it: sign it with the private part of that key.",
)
KEY_UNKNOWN = Problem(
    401,
    "token_key_unknown",
    "No key is known by the kid of the token: register it with yabot service add or rotate, or get"
    " another token with yabot token issue.",
)
ISSUER_WRONG = Problem(
    401,
    "token_issuer_wrong",
    "The key is not that of whom the token names: a service signs as itself, in iss and in sub.",
)
AUDIENCE_WRONG = Problem(401, "token_audience_wrong", "The token is not for YABOT: aud is yabot.")
EXPIRED = Problem(401, "token_expired", "The token has expired: get or sign another one.")
NOT_YET_VALID = Problem(
    401,
    "token_not_yet_valid",
    "The token holds from a later moment on: the clock that has made it may be ahead.",
)
LASTS_TOO_LONG = Problem(
    401,
    "token_lasts_too_long",
    f"From iat to exp a service's own token lasts {_MINUTES} minutes at most, one for a single"
    f" request {_SECONDS} seconds, another one {_HOURS} hours: get one that lasts less.",
)
UNBOUND = Problem(
    401,
    "token_unbound",
    "The service encrypts: each of its requests needs a token of its own, whose claim req names"
    " the request.",
)
BOUND_ELSEWHERE = Problem(
    401,
    "token_bound_elsewhere",
    "The claim req of the token names another request: method, path, query string and body have to"
    " arrive exactly as they were signed, so no proxy may rewrite them.",
)
REPLAYED = Problem(
    401,
    "token_replayed",
    "The token holds for one request and has been used: sign another one for each, also to repeat"
    " a request.",
)
REVOKED = Problem(401, "token_revoked", "The token has been revoked: get or sign another one.")
CERTIFICATE_MISSING = Problem(
    401,
    "certificate_missing",
    "This needs a client certificate: show one that an authority of API_TLS_CLIENT_CA_FILE has"
    " signed.",
)
CERTIFICATE_WRONG = Problem(
    401,
    "certificate_wrong",
    "The token or its service holds with another client certificate: show that one, get a token for"
    " this one, or change the name by yabot service protect.",
)
TRANSPORT_UNPROTECTED = Problem(
    403,
    "transport_unprotected",
    "The connection that has reached YABOT comes from another machine and is not encrypted: call it"
    " by https (API_TLS_CERT_FILE), or encrypt its bodies (yabot service protect --encrypt-to).",
)
TOO_MANY_FAILURES = Problem(
    429,
    "too_many_failures",
    "Too many requests from here had no valid token: wait, and send a valid one.",
)

# What every operation under /api/v1 may answer.
OF_TOKENS: tuple[Problem, ...] = (
    *(MISSING, MALFORMED, SIGNATURE_WRONG, KEY_UNKNOWN, ISSUER_WRONG, AUDIENCE_WRONG),
    *(EXPIRED, NOT_YET_VALID, LASTS_TOO_LONG, REVOKED, TOO_MANY_FAILURES),
    *(UNBOUND, BOUND_ELSEWHERE, REPLAYED),
    *(CERTIFICATE_MISSING, CERTIFICATE_WRONG, TRANSPORT_UNPROTECTED),
)


def refuse(problem: Problem, detail: str = "") -> Refused:
    """With the challenge of RFC 6750, which names no error if there was no token to look at."""
    challenge = 'Bearer realm="yabot"'
    if problem not in (MISSING, CERTIFICATE_MISSING):
        challenge += f', error="invalid_token", error_description="{problem.meaning}"'
    return problem.refuse(detail, WWW_Authenticate=challenge)
