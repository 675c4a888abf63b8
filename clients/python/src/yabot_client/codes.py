"""What the API may refuse: a class for each code that its document names.

Made by ``make client`` from the OpenAPI document: change nothing here.
"""

from collections.abc import Mapping

from yabot_client.errors import Refused


class AnswerForgotten(Refused):
    """This took effect once; its answer has gone, as that is long ago or the user was forgotten."""


class BesitosInsufficient(Refused):
    """Who is to give has fewer besitos than that; nothing was moved."""


class BesitosMovedBefore(Refused):
    """The Idempotency-Key moved besitos so long ago that the answer is kept no more; nothing was
    moved now.
    """


class BodyMalformed(Refused):
    """The body is no JSON that this takes: UTF-8, each key once, finite numbers."""


class BodyMissing(Refused):
    """This needs a body."""


class BodyNotDecryptable(Refused):
    """The service encrypts, and the body is no JWE that YABOT takes: encrypt it to the first key
    of /.well-known/yabot-keys, with ECDH-ES and A256GCM.
    """


class BodyTooLarge(Refused):
    """The body is larger than 256 KiB."""


class BodyUnexpected(Refused):
    """This takes no body."""


class CertificateMissing(Refused):
    """This needs a client certificate: show one that an authority of API_TLS_CLIENT_CA_FILE has
    signed.
    """


class CertificateWrong(Refused):
    """The token or its service holds with another client certificate: show that one, get a token
    for this one, or change the name by yabot service protect.
    """


class CursorInvalid(Refused):
    """The cursor is not of this list with these filters; begin again without one."""


class DeadLetterState(Refused):
    """In the state of one of them this cannot be done: none is changed."""


class DeadLetterUnknown(Refused):
    """There is no such dead letter."""


class EventRefused(Refused):
    """The event breaks a rule of its type, or is of a type that other services may not send."""


class EventsRemoved(Refused):
    """What stood behind the cursor is older than the log is kept. Go on with the link `next`,
    where the log begins now; what you know of the state is out of date.
    """


class FragmentInvalid(Refused):
    """With this fragment the story would break its rules; errors say which."""


class FragmentUnknown(Refused):
    """The story has no such fragment; GET /api/v1/narrative names those that it has."""


class GroupNotStopped(Refused):
    """Only a group that has stopped can go on."""


class GroupUnknown(Refused):
    """There is no such group of subscribers."""


class IdempotencyKeyReused(Refused):
    """The Idempotency-Key was used for another request."""


class InternalError(Refused):
    """The program failed; its log says why, by the correlation id."""


class InvalidRequest(Refused):
    """A parameter or a part of the body breaks a rule."""


class ItemNotOwned(Refused):
    """The user has fewer of this item; nothing was taken."""


class ItemUnique(Refused):
    """Of this item a user has one at most."""


class ItemUnknown(Refused):
    """There is no such item; GET /api/v1/items names all."""


class LogRewound(Refused):
    """The cursor is not of this log: the database is an older copy. Begin again without a
    cursor.
    """


class MalformedRequest(Refused):
    """The request cannot be read."""


class MediaTypeUnsupported(Refused):
    """The body has to be application/json, without an encoding."""


class NoStory(Refused):
    """There is no story yet; `yabot story import` brings one."""


class NoSubscription(Refused):
    """The user has no subscription that runs."""


class NotOpen(Refused):
    """The program is starting or stopping; ask again, or elsewhere."""


class OutcomeUnknown(Refused):
    """SQL has not confirmed whether this took effect; send the same again, with the same key."""


class PreconditionFailed(Refused):
    """It has changed since it was read: read it again."""


class PreconditionRequired(Refused):
    """This is done only with If-Match: the ETag of what was read, so that nothing newer is lost."""


class QuotaExceeded(Refused):
    """The service has sent all requests of this minute; Retry-After says when."""


class RecipientUnknown(Refused):
    """There is no user with the id in `to`."""


class SameUser(Refused):
    """Nobody gives besitos to themselves."""


class ScopeMissing(Refused):
    """The token lacks the scope that this needs."""


class SenderUnknown(Refused):
    """There is no user with the id in `from`."""


class StoreUnavailable(Refused):
    """A store that this needs does not answer; ask again later."""


class SubscriptionTooLong(Refused):
    """The subscription would end more than 3653 days from now."""


class TokenAudienceWrong(Refused):
    """The token is not for YABOT: aud is yabot."""


class TokenBoundElsewhere(Refused):
    """The claim req of the token names another request: method, path, query string and body have
    to arrive exactly as they were signed, so no proxy may rewrite them.
    """


class TokenExpired(Refused):
    """The token has expired: get or sign another one."""


class TokenIssuerWrong(Refused):
    """The key is not that of whom the token names: a service signs as itself, in iss and in sub."""


class TokenKeyUnknown(Refused):
    """No key is known by the kid of the token: register it with yabot service add or rotate, or
    get another token with yabot token issue.
    """


class TokenLastsTooLong(Refused):
    """From iat to exp a service's own token lasts 10 minutes at most, one for a single request
    60 seconds, another one 24 hours: get one that lasts less.
    """


class TokenMalformed(Refused):
    """This is no token that YABOT reads."""


class TokenMissing(Refused):
    """This needs a token: send it as Authorization: Bearer, once."""


class TokenNotYetValid(Refused):
    """The token holds from a later moment on: the clock that has made it may be ahead."""


class TokenReplayed(Refused):
    """The token holds for one request and has been used: sign another one for each, also to
    repeat a request.
    """


class TokenRevoked(Refused):
    """The token has been revoked: get or sign another one."""


class TokenSignatureWrong(Refused):
    """The key that the token names has not signed it: sign it with the private part of that key."""


class TokenUnbound(Refused):
    """The service encrypts: each of its requests needs a token of its own, whose claim req names
    the request.
    """


class TooBusy(Refused):
    """Too much is under way, or others keep changing the same; ask again later."""


class TooManyFailures(Refused):
    """Too many requests from here had no valid token: wait, and send a valid one."""


class TooManyItems(Refused):
    """Of one item a user has 1000000 at most."""


class TransportUnprotected(Refused):
    """The connection that has reached YABOT comes from another machine and is not encrypted:
    call it by https (API_TLS_CERT_FILE), or encrypt its bodies (yabot service protect
    --encrypt-to).
    """


class UserExists(Refused):
    """There is such a user already."""


class UserUnknown(Refused):
    """There is no such user."""


class WorkflowNotStuck(Refused):
    """Only a workflow that is stuck can be resumed."""


class WorkflowUnknown(Refused):
    """There is no such workflow."""


CODES: Mapping[str, type[Refused]] = {
    "answer_forgotten": AnswerForgotten,
    "besitos_insufficient": BesitosInsufficient,
    "besitos_moved_before": BesitosMovedBefore,
    "body_malformed": BodyMalformed,
    "body_missing": BodyMissing,
    "body_not_decryptable": BodyNotDecryptable,
    "body_too_large": BodyTooLarge,
    "body_unexpected": BodyUnexpected,
    "certificate_missing": CertificateMissing,
    "certificate_wrong": CertificateWrong,
    "cursor_invalid": CursorInvalid,
    "dead_letter_state": DeadLetterState,
    "dead_letter_unknown": DeadLetterUnknown,
    "event_refused": EventRefused,
    "events_removed": EventsRemoved,
    "fragment_invalid": FragmentInvalid,
    "fragment_unknown": FragmentUnknown,
    "group_not_stopped": GroupNotStopped,
    "group_unknown": GroupUnknown,
    "idempotency_key_reused": IdempotencyKeyReused,
    "internal_error": InternalError,
    "invalid_request": InvalidRequest,
    "item_not_owned": ItemNotOwned,
    "item_unique": ItemUnique,
    "item_unknown": ItemUnknown,
    "log_rewound": LogRewound,
    "malformed_request": MalformedRequest,
    "media_type_unsupported": MediaTypeUnsupported,
    "no_story": NoStory,
    "no_subscription": NoSubscription,
    "not_open": NotOpen,
    "outcome_unknown": OutcomeUnknown,
    "precondition_failed": PreconditionFailed,
    "precondition_required": PreconditionRequired,
    "quota_exceeded": QuotaExceeded,
    "recipient_unknown": RecipientUnknown,
    "same_user": SameUser,
    "scope_missing": ScopeMissing,
    "sender_unknown": SenderUnknown,
    "store_unavailable": StoreUnavailable,
    "subscription_too_long": SubscriptionTooLong,
    "token_audience_wrong": TokenAudienceWrong,
    "token_bound_elsewhere": TokenBoundElsewhere,
    "token_expired": TokenExpired,
    "token_issuer_wrong": TokenIssuerWrong,
    "token_key_unknown": TokenKeyUnknown,
    "token_lasts_too_long": TokenLastsTooLong,
    "token_malformed": TokenMalformed,
    "token_missing": TokenMissing,
    "token_not_yet_valid": TokenNotYetValid,
    "token_replayed": TokenReplayed,
    "token_revoked": TokenRevoked,
    "token_signature_wrong": TokenSignatureWrong,
    "token_unbound": TokenUnbound,
    "too_busy": TooBusy,
    "too_many_failures": TooManyFailures,
    "too_many_items": TooManyItems,
    "transport_unprotected": TransportUnprotected,
    "user_exists": UserExists,
    "user_unknown": UserUnknown,
    "workflow_not_stuck": WorkflowNotStuck,
    "workflow_unknown": WorkflowUnknown,
}
