"""Every operation of the API.

Made by ``make client`` from the OpenAPI document: change nothing here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, cast

from yabot_client.calls import Call, Send
from yabot_client.pages import Pages
from yabot_client.tagged import Tagged, etag, tagged
from yabot_client.types import (
    AuditEntry,
    AuditEntryPage,
    Besitos,
    BesitosMovement,
    BesitosMovementPage,
    BesitosTransaction,
    ChangedLetters,
    ChoiceGiven,
    Envelope,
    EventAccepted,
    EventOutcomes,
    EventPage,
    EventsBehind,
    FragmentBody,
    FragmentChangeBody,
    FragmentChangeBodyPage,
    ItemDetails,
    Items,
    LetterBody,
    LetterBodyPage,
    LetterDetails,
    LetterGroups,
    MetadataGiven,
    PostedEvent,
    Preferences,
    RegisteredUser,
    RequestsOfLastHour,
    Revoked,
    StoryBody,
    SubscriberGroupBody,
    SubscriberGroupList,
    SubscriptionState,
    UserChoicesBody,
    UserContext,
    UserInventory,
    UserProfile,
    UserSummary,
    UserSummaryPage,
    WorkflowBody,
    WorkflowBodyPage,
    WorkflowDetails,
)
from yabot_client.writing import given, query, segment


class Operations:
    """Every operation of the API.

    What a method may raise beside what it names, as classes of ``codes``:

    - every operation: BodyNotDecryptable, CertificateMissing, CertificateWrong,
      InternalError, InvalidRequest, MalformedRequest, NotOpen, QuotaExceeded, ScopeMissing,
      StoreUnavailable, TokenAudienceWrong, TokenBoundElsewhere, TokenExpired,
      TokenIssuerWrong, TokenKeyUnknown, TokenLastsTooLong, TokenMalformed, TokenMissing,
      TokenNotYetValid, TokenReplayed, TokenRevoked, TokenSignatureWrong, TokenUnbound,
      TooBusy, TooManyFailures, TransportUnprotected
    - every change: AnswerForgotten, IdempotencyKeyReused, OutcomeUnknown
    - every operation with a body: BodyMalformed, BodyMissing, BodyTooLarge,
      MediaTypeUnsupported
    - every operation without one: BodyUnexpected

    What may be left out is not sent when it is None.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    def award_besitos(
        self,
        user_id: str,
        *,
        amount: int,
        reason: str,
        source: str | None = None,
        idempotency_key: str | None = None,
    ) -> BesitosTransaction:
        """Give a user besitos: they count as earned, and may open hints of the story.

        One Idempotency-Key moves besitos once for good, also when its answer is kept no more.

        Needs the scope `besitos:write`.

        - user_id: Telegram's id of the user.
        - reason: what for: users read it in /balance, in the words of the text
          `besitos-reason-<reason>` where there is one
        - source: which part of the service wants it

        Raises BesitosMovedBefore, UserUnknown.
        """
        answer = self._send(
            Call(
                operation="award_besitos",
                method="POST",
                path=f"/api/v1/user/{segment(user_id)}/besitos/award",
                scope="besitos:write",
                body={"amount": amount, "reason": reason, **given({"source": source})},
                has_body=True,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return cast(BesitosTransaction, answer.body)

    def cancel_user_subscription(
        self,
        user_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Tagged[SubscriptionState]:
        """Cancel the subscription that runs: access stays until its end, and nothing is paid
        back.

        One that is cancelled already stays as it is.

        Needs the scope `subscriptions:write`.

        - user_id: Telegram's id of the user.

        Raises NoSubscription, PreconditionFailed, UserUnknown.
        """
        answer = self._send(
            Call(
                operation="cancel_user_subscription",
                method="POST",
                path=f"/api/v1/user/{segment(user_id)}/subscription/cancel",
                scope="subscriptions:write",
                if_match=if_match,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return tagged(answer)

    def delete_user(
        self,
        user_id: str,
        *,
        reason: str | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        """Delete a user, as /forget does: besitos, items, subscription and progress are lost.

        Ids alone stay, in the ledger and in events. Nobody asks the user whether they mean
        it: that is the client's part. The ETag that If-Match names is that of the user.

        Needs the scope `users:write`.

        - user_id: Telegram's id of the user.
        - reason: In a word, for the event that tells it.

        Raises PreconditionFailed, UserUnknown.
        """
        self._send(
            Call(
                operation="delete_user",
                method="DELETE",
                path=f"/api/v1/user/{segment(user_id)}",
                scope="users:write",
                query=query({"reason": reason}),
                if_match=if_match,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )

    def discard_dead_letters(
        self,
        *,
        ids: Sequence[int],
        note: str,
        idempotency_key: str | None = None,
    ) -> ChangedLetters:
        """Give dead letters up, with a note: all of these, or none when one cannot be.

        Needs the scope `admin`.

        - ids: ids of dead letters
        - note: why; it is kept with them

        Raises DeadLetterState, DeadLetterUnknown.
        """
        answer = self._send(
            Call(
                operation="discard_dead_letters",
                method="POST",
                path="/api/v1/admin/dead-letter-discards",
                scope="admin",
                body={"ids": ids, "note": note},
                has_body=True,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return cast(ChangedLetters, answer.body)

    def extend_user_subscription(
        self,
        user_id: str,
        *,
        plan_type: Literal["premium", "vip"],
        days: int | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Tagged[SubscriptionState]:
        """Start a subscription, or add time to the one that runs; a cancelled one is active
        again.

        Of a running subscription of the other plan the time that is left is converted at its
        worth.

        Needs the scope `subscriptions:write`.

        - user_id: Telegram's id of the user.

        Raises PreconditionFailed, SubscriptionTooLong, UserUnknown.
        """
        answer = self._send(
            Call(
                operation="extend_user_subscription",
                method="POST",
                path=f"/api/v1/user/{segment(user_id)}/subscription",
                scope="subscriptions:write",
                body={"plan_type": plan_type, **given({"days": days})},
                has_body=True,
                if_match=if_match,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return tagged(answer)

    def follow_events(
        self,
        *,
        after: str | None = None,
        limit: int | None = None,
        event_type: Sequence[str] | None = None,
    ) -> EventsBehind:
        """Everything that happens, for whoever follows it without Redis.

        Each event comes once, however often and with whatever limit you ask, and one user's
        events come in their order. A page is the next `limit` events; with `event_type`,
        those of them that are of such a type, which may be none while there are more.

        Needs the scope `events:read`.

        - after: The cursor `next` of the answer before. `begin`, as without one, is the
          oldest event that is kept; `latest` gives nothing but a cursor behind the newest.
        - limit: At most so many of them.
        - event_type: Only events of this type; it may be given several times.

        Raises CursorInvalid, EventsRemoved, LogRewound.
        """
        answer = self._send(
            Call(
                operation="follow_events",
                method="GET",
                path="/api/v1/events",
                scope="events:read",
                query=query({"after": after, "limit": limit, "event_type": event_type}),
            )
        )
        return cast(EventsBehind, answer.body)

    def iterate_events(
        self,
        *,
        after: str | None = None,
        limit: int | None = None,
        event_type: Sequence[str] | None = None,
    ) -> Pages[Envelope]:
        """All that :meth:`follow_events` answers, page after page.

        ``limit`` is of each page; ``after`` is a ``cursor`` of Pages, to go on from.
        """
        return Pages(
            lambda after: self.follow_events(after=after, limit=limit, event_type=event_type), after
        )

    def get_dead_letter(
        self,
        letter_id: int,
    ) -> LetterDetails:
        """A dead letter: its event, why it failed, and the events that led to it.

        Needs the scope `admin`.

        Raises DeadLetterUnknown.
        """
        answer = self._send(
            Call(
                operation="get_dead_letter",
                method="GET",
                path=f"/api/v1/admin/dead-letters/{segment(letter_id)}",
                scope="admin",
            )
        )
        return cast(LetterDetails, answer.body)

    def get_fragment(
        self,
        fragment_id: str,
        *,
        known: Tagged[FragmentBody] | None = None,
    ) -> Tagged[FragmentBody]:
        """A fragment with its choices and metadata, as readers see it.

        The ETag is that of the fragment alone; the header X-Story-Revision names the revision
        of the story in which it stands.

        Needs the scope `narrative:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.

        - fragment_id: As the story's file names it.

        Raises FragmentUnknown, NoStory.
        """
        answer = self._send(
            Call(
                operation="get_fragment",
                method="GET",
                path=f"/api/v1/narrative/{segment(fragment_id)}",
                scope="narrative:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def get_item(
        self,
        item_id: str,
        *,
        known: Tagged[ItemDetails] | None = None,
    ) -> Tagged[ItemDetails]:
        """One item.

        Needs the scope `items:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.

        - item_id: As the story's file names it.

        Raises ItemUnknown.
        """
        answer = self._send(
            Call(
                operation="get_item",
                method="GET",
                path=f"/api/v1/items/{segment(item_id)}",
                scope="items:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def get_story(
        self,
        *,
        known: Tagged[StoryBody] | None = None,
    ) -> Tagged[StoryBody]:
        """The story that readers see, with an entry for each fragment.

        The ETag is that of the whole story.

        Needs the scope `narrative:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.

        Raises NoStory.
        """
        answer = self._send(
            Call(
                operation="get_story",
                method="GET",
                path="/api/v1/narrative",
                scope="narrative:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def get_user(
        self,
        user_id: str,
        *,
        known: Tagged[RegisteredUser] | None = None,
    ) -> Tagged[RegisteredUser]:
        """A user as one thing: what SQL and MongoDB know of them, as of one moment.

        Needs the scope `users:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.

        - user_id: Telegram's id of the user.

        Raises UserUnknown.
        """
        answer = self._send(
            Call(
                operation="get_user",
                method="GET",
                path=f"/api/v1/user/{segment(user_id)}",
                scope="users:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def get_user_besitos(
        self,
        user_id: str,
        *,
        known: Tagged[Besitos] | None = None,
    ) -> Tagged[Besitos]:
        """What a user has, and has earned.

        Needs the scope `besitos:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.

        - user_id: Telegram's id of the user.

        Raises UserUnknown.
        """
        answer = self._send(
            Call(
                operation="get_user_besitos",
                method="GET",
                path=f"/api/v1/user/{segment(user_id)}/besitos",
                scope="besitos:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def get_user_choices(
        self,
        user_id: str,
        *,
        known: Tagged[UserChoicesBody] | None = None,
    ) -> Tagged[UserChoicesBody]:
        """Where a user stands in the story, and the choices that they see there.

        Asking moves nobody: who has not begun has the start's choices before them.

        Needs the scope `narrative:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.

        - user_id: Telegram's id of the user.

        Raises NoStory, UserUnknown.
        """
        answer = self._send(
            Call(
                operation="get_user_choices",
                method="GET",
                path=f"/api/v1/user/{segment(user_id)}/choices",
                scope="narrative:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def get_user_inventory(
        self,
        user_id: str,
        *,
        known: Tagged[UserInventory] | None = None,
    ) -> Tagged[UserInventory]:
        """What a user owns; the ETag is that of the inventory alone.

        Needs the scope `items:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.

        - user_id: Telegram's id of the user.

        Raises UserUnknown.
        """
        answer = self._send(
            Call(
                operation="get_user_inventory",
                method="GET",
                path=f"/api/v1/user/{segment(user_id)}/inventory",
                scope="items:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def get_user_preferences(
        self,
        user_id: str,
        *,
        known: Tagged[Preferences] | None = None,
    ) -> Tagged[Preferences]:
        """A user's preferences; the ETag is that of the preferences alone.

        Needs the scope `users:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.

        - user_id: Telegram's id of the user.

        Raises UserUnknown.
        """
        answer = self._send(
            Call(
                operation="get_user_preferences",
                method="GET",
                path=f"/api/v1/user/{segment(user_id)}/preferences",
                scope="users:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def get_user_profile(
        self,
        user_id: str,
        *,
        known: Tagged[UserProfile] | None = None,
    ) -> Tagged[UserProfile]:
        """What Telegram tells of a user.

        Needs the scope `users:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.

        - user_id: Telegram's id of the user.

        Raises UserUnknown.
        """
        answer = self._send(
            Call(
                operation="get_user_profile",
                method="GET",
                path=f"/api/v1/user/{segment(user_id)}/profile",
                scope="users:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def get_user_state(
        self,
        user_id: str,
        *,
        known: Tagged[UserContext] | None = None,
    ) -> Tagged[UserContext]:
        """Where a user stands: menu, preferences, progress, inventory.

        The ETag is that of all of it: it changes with every step of the user.

        Needs the scope `users:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.

        - user_id: Telegram's id of the user.

        Raises UserUnknown.
        """
        answer = self._send(
            Call(
                operation="get_user_state",
                method="GET",
                path=f"/api/v1/user/{segment(user_id)}/state",
                scope="users:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def get_user_subscription(
        self,
        user_id: str,
        *,
        known: Tagged[SubscriptionState] | None = None,
    ) -> Tagged[SubscriptionState]:
        """The subscription that gives a user access, or else the newest one, or the free plan.

        It changes by itself: `access` ends with `end_date`, and `status` follows a moment
        later.

        Needs the scope `subscriptions:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.

        - user_id: Telegram's id of the user.

        Raises UserUnknown.
        """
        answer = self._send(
            Call(
                operation="get_user_subscription",
                method="GET",
                path=f"/api/v1/user/{segment(user_id)}/subscription",
                scope="subscriptions:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def get_workflow(
        self,
        workflow_id: str,
    ) -> WorkflowDetails:
        """Where a workflow stands, what it has done, what failed, and when it goes on.

        Needs the scope `admin`.

        - workflow_id: kind:key

        Raises WorkflowUnknown.
        """
        answer = self._send(
            Call(
                operation="get_workflow",
                method="GET",
                path=f"/api/v1/admin/workflows/{segment(workflow_id)}",
                scope="admin",
            )
        )
        return cast(WorkflowDetails, answer.body)

    def grant_item(
        self,
        user_id: str,
        *,
        item_id: str,
        quantity: int | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Tagged[UserInventory]:
        """Give a user an item, for which nobody pays here, and give what they own then.

        Needs the scope `items:write`.

        - user_id: Telegram's id of the user.

        Raises ItemUnique, ItemUnknown, PreconditionFailed, TooManyItems, UserUnknown.
        """
        answer = self._send(
            Call(
                operation="grant_item",
                method="POST",
                path=f"/api/v1/user/{segment(user_id)}/inventory/grant",
                scope="items:write",
                body={"item_id": item_id, **given({"quantity": quantity})},
                has_body=True,
                if_match=if_match,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return tagged(answer)

    def let_subscriber_group_go_on(
        self,
        name: str,
        *,
        idempotency_key: str | None = None,
    ) -> SubscriberGroupBody:
        """Let a group go on that has stopped; it does so within seconds, in whatever process.

        Needs the scope `admin`.

        - name: the feature whose subscribers they are

        Raises GroupNotStopped, GroupUnknown.
        """
        answer = self._send(
            Call(
                operation="let_subscriber_group_go_on",
                method="POST",
                path=f"/api/v1/admin/subscriber-groups/{segment(name)}/go-on",
                scope="admin",
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return cast(SubscriberGroupBody, answer.body)

    def list_audit(
        self,
        *,
        kind: str | None = None,
        user_id: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> AuditEntryPage:
        """What operators and services did, what was undone, refused or came late: newest first.

        Needs the scope `admin`.

        - user_id: by id
        - since: not before that
        - until: before that
        - limit: At most so many of them.
        - after: The cursor `next` of the page before, with the same filters as there.

        Raises CursorInvalid.
        """
        answer = self._send(
            Call(
                operation="list_audit",
                method="GET",
                path="/api/v1/admin/audit",
                scope="admin",
                query=query(
                    {
                        "kind": kind,
                        "user_id": user_id,
                        "since": since,
                        "until": until,
                        "limit": limit,
                        "after": after,
                    }
                ),
            )
        )
        return cast(AuditEntryPage, answer.body)

    def iterate_audit(
        self,
        *,
        kind: str | None = None,
        user_id: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Pages[AuditEntry]:
        """All that :meth:`list_audit` answers, page after page.

        ``limit`` is of each page; ``after`` is a ``cursor`` of Pages, to go on from.
        """
        return Pages(
            lambda after: self.list_audit(
                kind=kind, user_id=user_id, since=since, until=until, limit=limit, after=after
            ),
            after,
        )

    def list_dead_letter_groups(
        self,
        *,
        state: Literal["dead", "retrying", "retry", "resolved", "discarded"] | None = None,
    ) -> LetterGroups:
        """Dead letters, counted by subscriber, type of event and error.

        Needs the scope `admin`.

        - state: dead: given up, and waits for you
        """
        answer = self._send(
            Call(
                operation="list_dead_letter_groups",
                method="GET",
                path="/api/v1/admin/dead-letter-groups",
                scope="admin",
                query=query({"state": state}),
            )
        )
        return cast(LetterGroups, answer.body)

    def list_dead_letters(
        self,
        *,
        state: Literal["dead", "retrying", "retry", "resolved", "discarded"] | None = None,
        consumer: str | None = None,
        event_type: str | None = None,
        error_code: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> LetterBodyPage:
        """Dead letters, the youngest first.

        Needs the scope `admin`.

        - state: without it, in any
        - consumer: the subscriber that failed
        - limit: At most so many of them.
        - after: The cursor `next` of the page before, with the same filters as there.

        Raises CursorInvalid.
        """
        answer = self._send(
            Call(
                operation="list_dead_letters",
                method="GET",
                path="/api/v1/admin/dead-letters",
                scope="admin",
                query=query(
                    {
                        "state": state,
                        "consumer": consumer,
                        "event_type": event_type,
                        "error_code": error_code,
                        "limit": limit,
                        "after": after,
                    }
                ),
            )
        )
        return cast(LetterBodyPage, answer.body)

    def iterate_dead_letters(
        self,
        *,
        state: Literal["dead", "retrying", "retry", "resolved", "discarded"] | None = None,
        consumer: str | None = None,
        event_type: str | None = None,
        error_code: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Pages[LetterBody]:
        """All that :meth:`list_dead_letters` answers, page after page.

        ``limit`` is of each page; ``after`` is a ``cursor`` of Pages, to go on from.
        """
        return Pages(
            lambda after: self.list_dead_letters(
                state=state,
                consumer=consumer,
                event_type=event_type,
                error_code=error_code,
                limit=limit,
                after=after,
            ),
            after,
        )

    def list_fragment_changes(
        self,
        fragment_id: str,
        *,
        limit: int | None = None,
        after: str | None = None,
    ) -> FragmentChangeBodyPage:
        """How other services have replaced a fragment, newest first.

        A story that is imported leaves no trace here; the next change then names another
        `base_revision`.

        Needs the scope `narrative:read`.

        - fragment_id: As the story's file names it.
        - limit: At most so many of them.
        - after: The cursor `next` of the page before, with the same filters as there.

        Raises CursorInvalid, FragmentUnknown, NoStory.
        """
        answer = self._send(
            Call(
                operation="list_fragment_changes",
                method="GET",
                path=f"/api/v1/narrative/{segment(fragment_id)}/history",
                scope="narrative:read",
                query=query({"limit": limit, "after": after}),
            )
        )
        return cast(FragmentChangeBodyPage, answer.body)

    def iterate_fragment_changes(
        self,
        fragment_id: str,
        *,
        limit: int | None = None,
        after: str | None = None,
    ) -> Pages[FragmentChangeBody]:
        """All that :meth:`list_fragment_changes` answers, page after page.

        ``limit`` is of each page; ``after`` is a ``cursor`` of Pages, to go on from.
        """
        return Pages(
            lambda after: self.list_fragment_changes(fragment_id, limit=limit, after=after), after
        )

    def list_items(
        self,
        *,
        known: Tagged[Items] | None = None,
    ) -> Tagged[Items]:
        """All items: there are never more than thirty.

        Needs the scope `items:read`.

        While nothing has changed since ``known`` was answered, it is returned itself.
        """
        answer = self._send(
            Call(
                operation="list_items",
                method="GET",
                path="/api/v1/items",
                scope="items:read",
                if_none_match=etag(known),
            )
        )
        return tagged(answer, known)

    def list_requests(
        self,
        *,
        service: str | None = None,
        limit: int | None = None,
    ) -> RequestsOfLastHour:
        """How much each service asked of this process within the last hour, and what was
        refused.

        Of several processes each answers for itself; `yabot_api_requests_total` counts in
        all.

        Needs the scope `admin`.

        - service: Only what this service was refused.
        - limit: At most so many of them.
        """
        answer = self._send(
            Call(
                operation="list_requests",
                method="GET",
                path="/api/v1/admin/requests",
                scope="admin",
                query=query({"service": service, "limit": limit}),
            )
        )
        return cast(RequestsOfLastHour, answer.body)

    def list_subscriber_groups(
        self,
    ) -> SubscriberGroupList:
        """All groups of subscribers: how far each is behind, and whether and why it has stopped.

        Needs the scope `admin`.
        """
        answer = self._send(
            Call(
                operation="list_subscriber_groups",
                method="GET",
                path="/api/v1/admin/subscriber-groups",
                scope="admin",
            )
        )
        return cast(SubscriberGroupList, answer.body)

    def list_user_besitos_movements(
        self,
        user_id: str,
        *,
        limit: int | None = None,
        after: str | None = None,
    ) -> BesitosMovementPage:
        """How a user's besitos came and went, the newest first.

        Needs the scope `besitos:read`.

        - user_id: Telegram's id of the user.
        - limit: At most so many of them.
        - after: The cursor `next` of the page before, with the same filters as there.

        Raises CursorInvalid, UserUnknown.
        """
        answer = self._send(
            Call(
                operation="list_user_besitos_movements",
                method="GET",
                path=f"/api/v1/user/{segment(user_id)}/besitos/movements",
                scope="besitos:read",
                query=query({"limit": limit, "after": after}),
            )
        )
        return cast(BesitosMovementPage, answer.body)

    def iterate_user_besitos_movements(
        self,
        user_id: str,
        *,
        limit: int | None = None,
        after: str | None = None,
    ) -> Pages[BesitosMovement]:
        """All that :meth:`list_user_besitos_movements` answers, page after page.

        ``limit`` is of each page; ``after`` is a ``cursor`` of Pages, to go on from.
        """
        return Pages(
            lambda after: self.list_user_besitos_movements(user_id, limit=limit, after=after), after
        )

    def list_user_events(
        self,
        user_id: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        order: Literal["newest", "oldest"] | None = None,
    ) -> EventPage:
        """What the log keeps of a user, the newest or the oldest first.

        Also of who has never written to the bot, then nothing, and of who is forgotten:
        events name users by their ids alone.

        Needs the scope `events:read`.

        - user_id: Telegram's id of the user.
        - after: The cursor `next` of the page before, with the same filters as there.
        - limit: At most so many of them.

        Raises CursorInvalid.
        """
        answer = self._send(
            Call(
                operation="list_user_events",
                method="GET",
                path=f"/api/v1/user/{segment(user_id)}/events",
                scope="events:read",
                query=query({"after": after, "limit": limit, "order": order}),
            )
        )
        return cast(EventPage, answer.body)

    def iterate_user_events(
        self,
        user_id: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        order: Literal["newest", "oldest"] | None = None,
    ) -> Pages[Envelope]:
        """All that :meth:`list_user_events` answers, page after page.

        ``limit`` is of each page; ``after`` is a ``cursor`` of Pages, to go on from.
        """
        return Pages(
            lambda after: self.list_user_events(user_id, after=after, limit=limit, order=order),
            after,
        )

    def list_users(
        self,
        *,
        limit: int | None = None,
        after: str | None = None,
        username: str | None = None,
    ) -> UserSummaryPage:
        """All users as SQL knows them, in the order of their ids as text.

        Several may have been seen under one username: Telegram gives a name that somebody has
        dropped to somebody else.

        Needs the scope `users:read`.

        - limit: At most so many of them.
        - after: The cursor `next` of the page before, with the same filters as there.
        - username: Only those who were seen last under this username, in any case.

        Raises CursorInvalid.
        """
        answer = self._send(
            Call(
                operation="list_users",
                method="GET",
                path="/api/v1/users",
                scope="users:read",
                query=query({"limit": limit, "after": after, "username": username}),
            )
        )
        return cast(UserSummaryPage, answer.body)

    def iterate_users(
        self,
        *,
        limit: int | None = None,
        after: str | None = None,
        username: str | None = None,
    ) -> Pages[UserSummary]:
        """All that :meth:`list_users` answers, page after page.

        ``limit`` is of each page; ``after`` is a ``cursor`` of Pages, to go on from.
        """
        return Pages(
            lambda after: self.list_users(limit=limit, after=after, username=username), after
        )

    def list_workflows(
        self,
        *,
        kind: str | None = None,
        state: str | None = None,
        user_id: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> WorkflowBodyPage:
        """Workflows of a kind, in a state, of a user; those that began last come first.

        Needs the scope `admin`.

        - user_id: by id
        - limit: At most so many of them.
        - after: The cursor `next` of the page before, with the same filters as there.

        Raises CursorInvalid.
        """
        answer = self._send(
            Call(
                operation="list_workflows",
                method="GET",
                path="/api/v1/admin/workflows",
                scope="admin",
                query=query(
                    {
                        "kind": kind,
                        "state": state,
                        "user_id": user_id,
                        "limit": limit,
                        "after": after,
                    }
                ),
            )
        )
        return cast(WorkflowBodyPage, answer.body)

    def iterate_workflows(
        self,
        *,
        kind: str | None = None,
        state: str | None = None,
        user_id: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Pages[WorkflowBody]:
        """All that :meth:`list_workflows` answers, page after page.

        ``limit`` is of each page; ``after`` is a ``cursor`` of Pages, to go on from.
        """
        return Pages(
            lambda after: self.list_workflows(
                kind=kind, state=state, user_id=user_id, limit=limit, after=after
            ),
            after,
        )

    def post_event(
        self,
        *,
        event_id: str,
        event_type: str,
        version: int,
        timestamp: str,
        correlation_id: str,
        causation_id: str,
        payload: Mapping[str, Any],
        user_id: str | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> EventAccepted:
        """Tell of something that happened elsewhere.

        It is stored when you have the answer, and takes effect soon after, ordered by its
        `timestamp` and behind its causes; Redis and the workers may be away meanwhile. Which
        types are taken, `INBOUND_EVENT_TYPES` says.

        Needs the scope `events:write`.

        - event_id: a UUID; an event takes effect once, however often it is sent
        - version: of the payload
        - timestamp: when it happened, with its time zone; at most five minutes ahead
        - correlation_id: the same for all that one cause set going
        - causation_id: the event_id of the event that it came of, if any
        - user_id: whom it is about
        - traceparent: W3C trace context

        Raises EventRefused.
        """
        answer = self._send(
            Call(
                operation="post_event",
                method="POST",
                path="/api/v1/events",
                scope="events:write",
                body={
                    "event_id": event_id,
                    "event_type": event_type,
                    "version": version,
                    "timestamp": timestamp,
                    "correlation_id": correlation_id,
                    "causation_id": causation_id,
                    "payload": payload,
                    **given({"user_id": user_id, "traceparent": traceparent}),
                },
                has_body=True,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return cast(EventAccepted, answer.body)

    def post_events(
        self,
        *,
        events: Sequence[PostedEvent],
        idempotency_key: str | None = None,
    ) -> EventOutcomes:
        """Tell of several things that happened elsewhere.

        All that are accepted are stored together. Those that are refused can be sent again,
        mended, under another key.

        Needs the scope `events:write`.
        """
        answer = self._send(
            Call(
                operation="post_events",
                method="POST",
                path="/api/v1/events/batch",
                scope="events:write",
                body={"events": events},
                has_body=True,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return cast(EventOutcomes, answer.body)

    def put_fragment(
        self,
        fragment_id: str,
        *,
        title: Mapping[str, str],
        content: Mapping[str, str],
        choices: Sequence[ChoiceGiven] | None = None,
        metadata: MetadataGiven | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Tagged[FragmentBody]:
        """Replace a fragment that the story has; readers see it within a second.

        The story that comes of it is held to the same rules as a story file. If-Match is
        required: the ETag of the fragment that was read.

        Needs the scope `narrative:write`.

        - fragment_id: As the story's file names it.
        - title: by language: all of the story's
        - content: Telegram's HTML

        Raises FragmentInvalid, FragmentUnknown, NoStory, PreconditionFailed,
        PreconditionRequired.
        """
        answer = self._send(
            Call(
                operation="put_fragment",
                method="PUT",
                path=f"/api/v1/narrative/{segment(fragment_id)}",
                scope="narrative:write",
                body={
                    "title": title,
                    "content": content,
                    **given({"choices": choices, "metadata": metadata}),
                },
                has_body=True,
                if_match=if_match,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return tagged(answer)

    def put_token_revocation(
        self,
        token_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> Revoked:
        """Let a token be worth nothing, whoever has signed it; nobody need have seen it.

        Every instance has heard of it within seconds. It cannot be taken back.

        Needs the scope `admin`.

        - token_id: The token's jti.
        """
        answer = self._send(
            Call(
                operation="put_token_revocation",
                method="PUT",
                path=f"/api/v1/tokens/{segment(token_id)}/revocation",
                scope="admin",
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return cast(Revoked, answer.body)

    def put_user_preferences(
        self,
        user_id: str,
        *,
        language: str | None,
        notifications_enabled: bool,
        theme: Literal["auto", "light", "dark"],
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Tagged[Preferences]:
        """Replace a user's preferences, and give them as they are then.

        The ETag is that of the preferences alone.

        Needs the scope `users:write`.

        - user_id: Telegram's id of the user.
        - language: null: as Telegram's language_code says

        Raises PreconditionFailed, UserUnknown.
        """
        answer = self._send(
            Call(
                operation="put_user_preferences",
                method="PUT",
                path=f"/api/v1/user/{segment(user_id)}/preferences",
                scope="users:write",
                body={
                    "language": language,
                    "notifications_enabled": notifications_enabled,
                    "theme": theme,
                },
                has_body=True,
                if_match=if_match,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return tagged(answer)

    def put_user_profile(
        self,
        user_id: str,
        *,
        first_name: str,
        last_name: str | None,
        username: str | None,
        language_code: str | None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Tagged[UserProfile]:
        """Replace what is known of a user until Telegram tells it anew, with whatever they do
        next.

        It gives the profile as it is then: a language's tag in lower case.

        Needs the scope `users:write`.

        - user_id: Telegram's id of the user.
        - username: without the @
        - language_code: of their Telegram

        Raises PreconditionFailed, UserUnknown.
        """
        answer = self._send(
            Call(
                operation="put_user_profile",
                method="PUT",
                path=f"/api/v1/user/{segment(user_id)}/profile",
                scope="users:write",
                body={
                    "first_name": first_name,
                    "last_name": last_name,
                    "username": username,
                    "language_code": language_code,
                },
                has_body=True,
                if_match=if_match,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return tagged(answer)

    def register_user(
        self,
        *,
        user_id: str,
        first_name: str,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
        idempotency_key: str | None = None,
    ) -> RegisteredUser:
        """Register somebody who has not written to the bot yet.

        The bot cannot write to them before they have written to it.

        Needs the scope `users:write`.

        - user_id: Telegram's id of the user
        - username: without the @
        - language_code: of their Telegram

        Raises UserExists.
        """
        answer = self._send(
            Call(
                operation="register_user",
                method="POST",
                path="/api/v1/users",
                scope="users:write",
                body={
                    "user_id": user_id,
                    "first_name": first_name,
                    **given(
                        {
                            "last_name": last_name,
                            "username": username,
                            "language_code": language_code,
                        }
                    ),
                },
                has_body=True,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return cast(RegisteredUser, answer.body)

    def resume_workflow(
        self,
        workflow_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> WorkflowBody:
        """Let a worker try again to undo what a stuck workflow has done.

        Needs the scope `admin`.

        - workflow_id: kind:key

        Raises WorkflowNotStuck, WorkflowUnknown.
        """
        answer = self._send(
            Call(
                operation="resume_workflow",
                method="POST",
                path=f"/api/v1/admin/workflows/{segment(workflow_id)}/resume",
                scope="admin",
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return cast(WorkflowBody, answer.body)

    def retry_dead_letters(
        self,
        *,
        ids: Sequence[int],
        idempotency_key: str | None = None,
    ) -> ChangedLetters:
        """Have a worker try dead letters again: all of these, or none when one cannot be.

        Needs the scope `admin`.

        - ids: ids of dead letters

        Raises DeadLetterState, DeadLetterUnknown.
        """
        answer = self._send(
            Call(
                operation="retry_dead_letters",
                method="POST",
                path="/api/v1/admin/dead-letter-retries",
                scope="admin",
                body={"ids": ids},
                has_body=True,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return cast(ChangedLetters, answer.body)

    def spend_besitos(
        self,
        user_id: str,
        *,
        amount: int,
        reason: str,
        source: str | None = None,
        idempotency_key: str | None = None,
    ) -> BesitosTransaction:
        """Take besitos from a user, who must have as many.

        One Idempotency-Key moves besitos once for good, also when its answer is kept no more.

        Needs the scope `besitos:write`.

        - user_id: Telegram's id of the user.
        - reason: what for: users read it in /balance, in the words of the text
          `besitos-reason-<reason>` where there is one
        - source: which part of the service wants it

        Raises BesitosInsufficient, BesitosMovedBefore, UserUnknown.
        """
        answer = self._send(
            Call(
                operation="spend_besitos",
                method="POST",
                path=f"/api/v1/user/{segment(user_id)}/besitos/spend",
                scope="besitos:write",
                body={"amount": amount, "reason": reason, **given({"source": source})},
                has_body=True,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return cast(BesitosTransaction, answer.body)

    def take_item(
        self,
        user_id: str,
        *,
        item_id: str,
        quantity: int | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Tagged[UserInventory]:
        """Take an item from a user, all of the quantity or nothing, and give what is left.

        Needs the scope `items:write`.

        - user_id: Telegram's id of the user.

        Raises ItemNotOwned, ItemUnknown, PreconditionFailed, UserUnknown.
        """
        answer = self._send(
            Call(
                operation="take_item",
                method="POST",
                path=f"/api/v1/user/{segment(user_id)}/inventory/take",
                scope="items:write",
                body={"item_id": item_id, **given({"quantity": quantity})},
                has_body=True,
                if_match=if_match,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return tagged(answer)

    def transfer_besitos(
        self,
        *,
        from_: str,
        to: str,
        amount: int,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> BesitosTransaction:
        """Give a user's besitos to another: both sides with one commit.

        The bot tells neither of them; /balance shows it. Who has too little learns nothing of
        the other. One Idempotency-Key moves besitos once for good.

        Needs the scope `besitos:write`.

        - from_: Telegram's id of who gives
        - to: Telegram's id of who receives

        Raises BesitosInsufficient, BesitosMovedBefore, RecipientUnknown, SameUser,
        SenderUnknown.
        """
        answer = self._send(
            Call(
                operation="transfer_besitos",
                method="POST",
                path="/api/v1/besitos/transfers",
                scope="besitos:write",
                body={"from": from_, "to": to, "amount": amount, **given({"reason": reason})},
                has_body=True,
                changes=True,
                idempotency_key=idempotency_key,
            )
        )
        return cast(BesitosTransaction, answer.body)
