"""Every metric, named and explained once; served as /metrics in Prometheus' format."""

from functools import cache
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

Metric = TypeVar("Metric", Counter, Gauge, Histogram)

REGISTRY = CollectorRegistry()
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _counter(name: str, explanation: str, *labels: str) -> Counter:
    return Counter(f"yabot_{name}", explanation, labels, registry=REGISTRY)


def _gauge(name: str, explanation: str, *labels: str) -> Gauge:
    return Gauge(f"yabot_{name}", explanation, labels, registry=REGISTRY)


def _histogram(name: str, explanation: str, *labels: str) -> Histogram:
    return Histogram(f"yabot_{name}", explanation, labels, registry=REGISTRY, buckets=SECONDS)


UPDATES = _counter("updates", "Updates handled.", "operation", "outcome")
UNREADABLE = _counter("updates_unreadable", "Updates kept that could not be read.", "type")
HANDLING = _histogram("update_handling_seconds", "From the lane to the commit of an update.")
REDECIDED = _counter(
    "redecisions", "Decisions made again: a guard, or a store that is there, had failed."
)
GROUP_TALK = _counter("group_talk", "Updates from groups that were not for the bot: not kept.")
TURNED_AWAY = _counter(
    "updates_turned_away", "Updates of readers who sent too many: done without a handler."
)
LEGACY_MERGED = _counter(
    "legacy_merged", "Users of the old bot's store taken in while both bots work.", "outcome"
)
LEGACY_WRITTEN = _counter("legacy_written", "Users written into the old bot's store.")
LEGACY_COLLISIONS = _counter(
    "legacy_collisions",
    "Times that the old bot was writing its store while it was replaced: that write is lost.",
)
LEGACY_WAITING = _gauge("legacy_waiting", "Users whom the old bot's store does not show yet.")
LEGACY_WAITING_AGE = _gauge(
    "legacy_waiting_age_seconds", "How long the first of them has been waiting."
)
COMMITS = _counter("commits", "Units of work: committed, duplicate or guard_failed.", "result")
COMMITTING = _histogram("commit_seconds", "From handing in a unit of work to its being durable.")
WEBHOOK = _counter("webhook_requests", "Requests to the webhook, by HTTP status.", "status")
HANGUPS = _counter(
    "http_hangups",
    "Connections ended because a head, a body or the reader of an answer did not come in time,"
    " because what came was no request, or because they were crowded.",
    "missing",
)
TOKENS_REFUSED = _counter(
    "api_tokens_refused",
    "Requests to the API without a valid token, by why it is none.",
    "code",
)
REQUESTS_THROTTLED = _counter(
    "api_requests_throttled",
    "Those of them that were told to wait: their peer has failed too often.",
)
CERTIFICATE_ENDS = _gauge(
    "tls_certificate_ends_timestamp_seconds",
    "When the certificate in use ends, in seconds since 1970.",
    "setting",
)
CERTIFICATE_STALE = _gauge(
    "tls_certificate_stale",
    "1 while another certificate, key or authority is there that cannot be used, else 0.",
    "setting",
)
SENDS = _counter(
    "sends",
    "Bot API calls: sent, delayed, refused, failed (given up), uncertain (maybe sent), unreadable.",
    "outcome",
)
DEGRADED_REPLIES = _counter(
    "degraded_replies",
    "Answers that only said that it did not work: unavailable, failed, or without_sql.",
    "kind",
)
PUBLISHED = _counter("events_published", "Events brought to their stream in Redis.")
PUBLISH_FAILURES = _counter("event_publish_failures", "Tries to publish that Redis did not take.")
BACKLOG = _gauge("backlog_rows", "Rows that still wait to take effect elsewhere.", "queue")
BACKLOG_AGE = _gauge("backlog_age_seconds", "Age of the oldest row that waits.", "queue")
STORE_UP = _gauge("store_up", "1 while the store answers, else 0.", "store")
STORE_DOWNTIME = _counter("store_downtime_seconds", "Time for which the store was away.", "store")
LOOP_LAG = _gauge("event_loop_lag_seconds", "How late the event loop was at the last look.")
EVENTS_HANDLED = _counter(
    "events_handled",
    "Events by subscriber: ok, failed (to be tried again), dead, or retried (by an operator).",
    "consumer",
    "outcome",
)
EVENT_WAITING = _histogram(
    "event_waiting_seconds", "From an event's time stamp to its being handled.", "group"
)
EVENT_HANDLING = _histogram("event_handling_seconds", "From decision to commit.", "consumer")
EVENTS_IN_FLIGHT = _gauge("events_in_flight", "Events in the lanes of a group.", "group")
GROUP_LAG = _gauge("group_lag_events", "Events that a group has yet to settle.", "group")
GROUP_LAG_AGE = _gauge("group_lag_seconds", "Age of the oldest event yet to settle.", "group")
PARTITIONS_OWNED = _gauge("partitions_owned", "Partitions in which this process works.", "group")
WORKFLOWS = _gauge("workflows", "Workflows by what they are and where they stand.", "kind", "state")
WORKFLOWS_FAILING = _gauge(
    "workflows_failing", "Workflows whose deadline or compensation failed, and waits.", "kind"
)
API_REQUESTS = _counter(
    "api_requests",
    "Requests to the internal API; - is who has shown no valid token, or no known operation.",
    "service",
    "operation",
    "status",
)
INBOUND = _counter(
    "inbound_events",
    "Events of other services: taken, late (taken all the same), repeated, refused, set_aside.",
    "outcome",
)
INBOUND_BUFFERED = _gauge("inbound_buffered", "Events that wait for those that belong before them.")
INBOUND_ASIDE = _gauge("inbound_aside", "Entries that do not fit and wait to become dead letters.")
SEQUENCE_GAPS = _counter("sequence_gaps", "Positions that the log does not have any more.")
API_RESTS = _counter(
    "api_rests", "Pauses before the next request of a service, for readers' updates under way."
)
API_TURNED_AWAY = _counter(
    "api_turned_away",
    "Requests of services that came too soon: too_busy or quota_exceeded.",
    "service",
    "code",
)


@cache
def labelled(metric: Metric, *values: str) -> Metric:
    """``metric.labels``, for hot paths: the lookup takes as long as the counting."""
    return metric.labels(*values)
