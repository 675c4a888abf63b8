"""What is sent and answered, as JSON has it: times are text, RFC 3339 in UTC.

Made by ``make client`` from the OpenAPI document: change nothing here.
"""

from typing import Any, Literal, NotRequired, TypedDict


class AuditEntry(TypedDict):
    id: int
    kind: str
    user_id: str | None
    """whom it is about: a user, or a chat, by id"""

    details: dict[str, Any]
    """what, by whom and why, as its kind says it"""

    created_at: str


class AuditEntryPage(TypedDict):
    items: list[AuditEntry]
    next: str | None
    """the cursor of the next page; null when this is the last"""


class Besitos(TypedDict):
    """What a user has."""

    balance: int
    earned: int
    """all that was ever awarded to them; gifts of other users do not count"""


# Besitos from one user to another.
BesitosGiven = TypedDict(
    "BesitosGiven", {"from": str, "to": str, "amount": int, "reason": NotRequired[str]}
)


class BesitosMoved(TypedDict):
    """Besitos to be awarded or spent."""

    amount: int
    reason: str
    """what for: users read it in /balance, in the words of the text `besitos-reason-<reason>`
    where there is one
    """

    source: NotRequired[str | None]
    """which part of the service wants it"""


class BesitosMovement(TypedDict):
    """One side of a transaction, as the user sees it."""

    id: int
    amount: int
    """negative when the user gave"""

    kind: Literal["award", "spend", "transfer", "closing"]
    reason: str
    """what for, in a word"""

    source: str
    """who gave or took: `api:…` is a service"""

    transaction_id: str | None
    """null for what another user gave"""

    created_at: str


class BesitosMovementPage(TypedDict):
    items: list[BesitosMovement]
    next: str | None
    """the cursor of the next page; null when this is the last"""


class BesitosTransaction(TypedDict):
    """Besitos that have moved."""

    transaction_id: str
    """of the ledger: `api:<service>:<Idempotency-Key>`"""

    amount: int
    reason: str
    source: str


class ChangedLetters(TypedDict):
    ids: list[int]


class ChoiceBody(TypedDict):
    id: str
    text: dict[str, str]
    next_fragment: str
    unlocks_hint: str | None
    requires_hint: str | None
    """only who has the hint sees the choice"""


class ChoiceGiven(TypedDict):
    id: str
    text: dict[str, str]
    """by language: all of the story's"""

    next_fragment: str
    unlocks_hint: NotRequired[str | None]
    requires_hint: NotRequired[str | None]


class ChoiceMade(TypedDict):
    fragment_id: str
    choice_id: str
    made_at: str


class NarrativeProgress(TypedDict):
    current_fragment: str | None
    completed_fragments: list[str]
    choices_made: list[ChoiceMade]
    hints_unlocked: list[str]


class CurrentState(TypedDict):
    menu_context: str
    session_data: dict[str, Any]
    narrative_progress: NarrativeProgress


class DiscardBody(TypedDict):
    ids: list[int]
    """ids of dead letters"""

    note: str
    """why; it is kept with them"""


class Envelope(TypedDict):
    """An event as it is stored and published; absent values are left out of its JSON."""

    event_id: str
    """a UUID, of version 7 where YABOT made it; an event that comes again has the same one"""

    event_type: str
    """also the name of its Pub/Sub channel"""

    version: int
    """of the payload; rises with a change that may break"""

    timestamp: str
    """RFC 3339 in UTC with microseconds; for each user strictly increasing among YABOT's own
    events
    """

    user_id: NotRequired[str | None]
    """whom it is about: a Telegram id as text"""

    sequence: NotRequired[int | None]
    """counts YABOT's own events about the user from 1, without gaps"""

    correlation_id: str
    """of everything that one update or request set going"""

    causation_id: str
    """the update, request or event that it was published for"""

    payload: dict[str, Any]
    """as listed below for each type"""

    traceparent: NotRequired[str | None]
    """W3C trace context"""


class EventAccepted(TypedDict):
    """An event that takes effect soon, in its order among others."""

    event_id: str
    """a UUID; an event takes effect once, however often it is sent"""


class PostedEvent(TypedDict):
    """The envelope of an event, with the payload of its type: /asyncapi.json describes them."""

    event_id: str
    """a UUID; an event takes effect once, however often it is sent"""

    event_type: str
    version: int
    """of the payload"""

    timestamp: str
    """when it happened, with its time zone; at most five minutes ahead"""

    user_id: NotRequired[str | None]
    """whom it is about"""

    correlation_id: str
    """the same for all that one cause set going"""

    causation_id: str
    """the event_id of the event that it came of, if any"""

    payload: dict[str, Any]
    traceparent: NotRequired[str | None]
    """W3C trace context"""


class EventBatch(TypedDict):
    """Several events, of which each is accepted or refused for itself."""

    events: list[PostedEvent]


class EventOutcome(TypedDict):
    """What became of one of several events."""

    event_id: str
    """a UUID; an event takes effect once, however often it is sent"""

    outcome: Literal["accepted", "refused"]
    reason: str | None
    """why it was refused; null when it was accepted"""


class EventOutcomes(TypedDict):
    """What became of several events, in the order in which they were sent."""

    outcomes: list[EventOutcome]


class EventPage(TypedDict):
    """Events of a user, as they were published."""

    items: list[Envelope]
    next: str | None
    """the cursor of the next page; null when this is the last"""


class EventsBehind(TypedDict):
    """Events behind a cursor, as they were published."""

    items: list[Envelope]
    next: str
    """the cursor to ask with for what follows, now or later"""

    more: bool
    """whether more stood there already"""


class Fault(TypedDict):
    """One place in the request, and what is wrong there; never the value that was sent."""

    pointer: str
    """JSON pointer into the body, or the parameter's name"""

    detail: str


class MetadataBody(TypedDict):
    tags: list[str]
    vip_required: bool
    difficulty: int
    reactions: dict[str, int]
    """which emoji pays how many besitos"""

    ending: bool


class FragmentBody(TypedDict):
    fragment_id: str
    revision: str
    """changes with this fragment alone; the ETag is made of it"""

    title: dict[str, str]
    content: dict[str, str]
    """Telegram's HTML"""

    choices: list[ChoiceBody]
    metadata: MetadataBody


class FragmentChangeBody(TypedDict):
    number: int
    """counts all changes of the story's fragments"""

    changed_at: str
    changed_by: str
    """`service:` and the name of who asked for it"""

    base_revision: str
    """of the story for which it was decided"""

    before: FragmentBody
    after: FragmentBody


class FragmentChangeBodyPage(TypedDict):
    items: list[FragmentChangeBody]
    next: str | None
    """the cursor of the next page; null when this is the last"""


class FragmentEntry(TypedDict):
    """A fragment in the list of all."""

    fragment_id: str
    revision: str
    title: dict[str, str]
    metadata: MetadataBody
    leads_to: list[str]
    """the fragments of its choices, in their order"""


class MetadataGiven(TypedDict):
    tags: NotRequired[list[str]]
    vip_required: NotRequired[bool]
    difficulty: NotRequired[int]
    reactions: NotRequired[dict[str, int]]
    """which emoji pays how many besitos"""

    ending: NotRequired[bool]


class FragmentGiven(TypedDict):
    """All of a fragment: what is left out, it has not. Its id is the path's."""

    title: dict[str, str]
    """by language: all of the story's"""

    content: dict[str, str]
    """Telegram's HTML"""

    choices: NotRequired[list[ChoiceGiven]]
    metadata: NotRequired[MetadataGiven]


class InventoryEntry(TypedDict):
    item_id: str
    quantity: int


Inventory = list[InventoryEntry]


class ItemDetails(TypedDict):
    """Something that users can come to own."""

    item_id: str
    name: dict[str, str]
    """by language"""

    type: Literal["gift", "achievement", "virtual_item"]
    description: dict[str, str]
    """by language"""

    emoji: str
    price: int | None
    """in besitos; null: it is not for sale"""

    unique: bool
    """true: a user has one at most"""


class ItemQuantity(TypedDict):
    """So many of one item."""

    item_id: str
    quantity: NotRequired[int]


class Items(TypedDict):
    """All that there are: the cheapest first, and last what is not for sale."""

    items: list[ItemDetails]


class OldChoice(TypedDict):
    fragment: str
    choice: str


class OldTerm(TypedDict):
    """A subscription as the old bot tells it, where it cannot be kept as it is told."""

    role: Literal["free", "premium", "vip"]
    until: str | None
    given: str


class OldThings(TypedDict):
    """Names as the old bot wrote them."""

    names: dict[str, str]
    unshelved: list[str]


class Kept(TypedDict):
    fields: dict[str, Any]
    inventory: OldThings
    achievements: OldThings
    term: OldTerm | None
    fragment: str | None
    visited: list[str]
    choices: list[OldChoice]


class LetterBody(TypedDict):
    id: int
    state: Literal["dead", "retrying", "retry", "resolved", "discarded"]
    consumer: str
    group: str
    """of subscribers, in which the consumer is"""

    event_type: str
    event_id: str
    user_id: str | None
    correlation_id: str
    attempts: int
    error_code: str
    error: str
    note: str | None
    """why it was discarded"""

    first_failed_at: str
    last_failed_at: str


class LetterBodyPage(TypedDict):
    items: list[LetterBody]
    next: str | None
    """the cursor of the next page; null when this is the last"""


class LetterDetails(TypedDict):
    id: int
    state: Literal["dead", "retrying", "retry", "resolved", "discarded"]
    consumer: str
    group: str
    """of subscribers, in which the consumer is"""

    event_type: str
    event_id: str
    user_id: str | None
    correlation_id: str
    attempts: int
    error_code: str
    error: str
    note: str | None
    """why it was discarded"""

    first_failed_at: str
    last_failed_at: str
    envelope: dict[str, Any]
    """the event, as `/asyncapi.json` describes it"""

    before: list[dict[str, Any]]
    """what led to it, in order: the chain of its causes, and of the hour before it the last 200
    events of its correlation
    """


class LetterGroupBody(TypedDict):
    """The letters of one subscriber that failed on one type of event with one code."""

    consumer: str
    event_type: str
    error_code: str
    letters: int
    """how many"""

    first_failed_at: str
    last_failed_at: str
    ids: list[int]
    """the lowest of them"""


class LetterGroups(TypedDict):
    groups: list[LetterGroupBody]
    """the largest first"""


class Preferences(TypedDict):
    language: str | None
    notifications_enabled: bool
    theme: Literal["auto", "light", "dark"]


class PreferencesBody(TypedDict):
    """All of a user's preferences."""

    language: str | None
    """null: as Telegram's language_code says"""

    notifications_enabled: bool
    theme: Literal["auto", "light", "dark"]


class Problem(TypedDict):
    """The body of every refusal."""

    type: str
    """a URN that ends with the code"""

    title: str
    status: int
    code: str
    """stable: for programs"""

    detail: str
    """a sentence for people, which may change"""

    correlation_id: str
    """by which operators find the request in their logs"""

    errors: NotRequired[list[Fault]]


class ProfileBody(TypedDict):
    """All of what Telegram tells of a user: it overwrites this when they next do anything."""

    first_name: str
    last_name: str | None
    username: str | None
    """without the @"""

    language_code: str | None
    """of their Telegram"""


class RefusalBody(TypedDict):
    at: str
    status: int
    code: str | None
    operation: str | None
    service: str | None
    """null: without a valid token"""

    address: str | None
    """of whoever has shown no valid token"""

    correlation_id: str


class UserContext(TypedDict):
    user_id: str
    version: int
    """rises with every step"""

    current_state: CurrentState
    preferences: Preferences
    created_at: str
    updated_at: str
    inventory: Inventory
    legacy: Kept


class UserProfile(TypedDict):
    """What Telegram tells of a user."""

    first_name: str
    last_name: str | None
    username: str | None
    language_code: str | None


class RegisteredUser(TypedDict):
    user_id: str
    profile: UserProfile
    registration_date: str
    last_login: str
    """to ten minutes; 1970: brought from another bot, and not here since"""

    is_active: bool
    """false: the bot cannot write to them: they have blocked it, or not written yet"""

    state: UserContext


class Registration(TypedDict):
    """Somebody who has not written to the bot yet; Telegram tells what is left out when they do."""

    user_id: str
    """Telegram's id of the user"""

    first_name: str
    last_name: NotRequired[str | None]
    username: NotRequired[str | None]
    """without the @"""

    language_code: NotRequired[str | None]
    """of their Telegram"""


class RequestCount(TypedDict):
    service: str
    """-: no valid token; *: of too many to tell apart"""

    operation: str
    """its id; -: of no known path and method"""

    status: int
    requests: int


class RequestsOfLastHour(TypedDict):
    since: str
    """an hour ago, or when this process began"""

    asked: list[RequestCount]
    refused: list[RefusalBody]
    """as far as they are kept, the newest first"""


class RetryBody(TypedDict):
    ids: list[int]
    """ids of dead letters"""


class Revoked(TypedDict):
    """A token that is worth nothing any more."""

    token_id: str
    revoked_at: str
    expires_at: str


class StopBody(TypedDict):
    reason: str
    dead_letters: int
    """of the last hundred events"""

    stopped_at: str


class StoryBody(TypedDict):
    story: str
    revision: str
    """of the whole story, as in X-Story-Revision"""

    languages: list[str]
    """the first is the one to fall back on"""

    start: str
    fragments: list[FragmentEntry]
    """all of them, in the story's order"""


class SubscriberGroupBody(TypedDict):
    name: str
    lag: int
    """events that it has yet to settle"""

    stop: StopBody | None
    """null while it works"""


class SubscriberGroupList(TypedDict):
    groups: list[SubscriberGroupBody]


class SubscriptionGiven(TypedDict):
    """Time that nobody pays for here: whoever gives it has been paid, or makes a present."""

    plan_type: Literal["premium", "vip"]
    days: NotRequired[int]


class SubscriptionState(TypedDict):
    """What a user has. Without a subscription it is the free plan, active and without dates."""

    plan_type: Literal["free", "premium", "vip"]
    status: Literal["active", "inactive", "cancelled", "expired"]
    """as stored; cancelled still gives access until end_date"""

    start_date: str | None
    end_date: str | None
    access: bool
    """whether it opens the VIP doors now"""


class WayBody(TypedDict):
    """A choice that the user sees."""

    id: str
    text: dict[str, str]
    next_fragment: str
    vip_required: bool
    open: bool
    """false: the VIP door that it leads through is shut to them now"""


class UserChoicesBody(TypedDict):
    story_revision: str
    fragment_id: str
    """where they stand; who has not begun stands at the start"""

    has_begun: bool
    open: bool
    """false: it is VIP only, and /story does not show it to them now"""

    choices: list[WayBody]
    """those that they see, in the fragment's order"""


class UserInventory(TypedDict):
    """What a user owns, the oldest first; also what is sold and shown no more."""

    items: list[InventoryEntry]


class UserSummary(TypedDict):
    """What SQL knows of a user."""

    user_id: str
    profile: UserProfile
    registration_date: str
    last_login: str
    """to ten minutes; 1970: brought from another bot, and not here since"""

    is_active: bool
    """false: the bot cannot write to them: they have blocked it, or not written yet"""


class UserSummaryPage(TypedDict):
    items: list[UserSummary]
    next: str | None
    """the cursor of the next page; null when this is the last"""


class WorkflowBody(TypedDict):
    id: str
    kind: str
    """the process of which it is one run"""

    user_id: str | None
    state: str
    """its process's, or finished, compensating, failed, stuck: a stuck one waits for you"""

    deadline: str | None
    """when it is looked at next, if nothing happens"""

    attempts: int
    """failures since its last step"""

    failure: str | None
    """why it has failed for good"""

    error: str | None
    """why the last attempt failed"""

    created_at: str
    updated_at: str


class WorkflowBodyPage(TypedDict):
    items: list[WorkflowBody]
    next: str | None
    """the cursor of the next page; null when this is the last"""


class WorkflowDetails(TypedDict):
    id: str
    kind: str
    """the process of which it is one run"""

    user_id: str | None
    state: str
    """its process's, or finished, compensating, failed, stuck: a stuck one waits for you"""

    deadline: str | None
    """when it is looked at next, if nothing happens"""

    attempts: int
    """failures since its last step"""

    failure: str | None
    """why it has failed for good"""

    error: str | None
    """why the last attempt failed"""

    created_at: str
    updated_at: str
    done: list[str]
    """the steps to be undone if it fails, the last one first"""

    data: dict[str, Any]
    """ids and amounts, as its process keeps them"""

    definition: int
    """the version of `data`"""

    correlation_id: str
    """of the cause of its last step"""
