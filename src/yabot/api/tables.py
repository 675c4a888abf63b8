"""What the API keeps in SQL."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment

# The answer to each request that changed something, by service and idempotency key: the same
# request gets the same answer again.
api_answers = Table(
    "api_answers",
    metadata,
    Column("service", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    # The request's fingerprint: another request with the same key is refused.
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    # The headers as JSON.
    Column("headers", Text, nullable=False),
    # Null when the user has been forgotten.
    Column("body", Text),
    # Whom the request was about.
    Column("user_id", Text),
    Column("created_at", Moment, nullable=False),
    Index("ix_api_answers_user_id", "user_id"),
    Index("ix_api_answers_created_at", "created_at"),
    sqlite_with_rowid=False,
)

# The program's own secrets by their purpose, in hexadecimal.
api_secrets = Table(
    "api_secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Services that sign their own tokens.
api_services = Table(
    "api_services",
    metadata,
    Column("name", Text, primary_key=True),
    # Separated by spaces, as tokens have them.
    Column("scopes", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
    # The DNS name that its client certificate must be for; absent: any certificate will do.
    Column("certificate_name", Text),
    # The public X25519 key, as JWK, to which its answers are encrypted; absent: they are not.
    Column("encrypt_to", Text),
    sqlite_with_rowid=False,
)

# The keys with which services sign; each key belongs to one service.
api_service_keys = Table(
    "api_service_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("service", Text, ForeignKey("api_services.name"), nullable=False),
    # The public part, as JWK.
    Column("jwk", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
    # When the key is no longer accepted, because another one has taken its place.
    Column("ends_at", Moment),
    Index("ix_api_service_keys_service", "service"),
    sqlite_with_rowid=False,
)

# Revoked tokens, kept until they would expire.
api_revocations = Table(
    "api_revocations",
    metadata,
    # The token's jti.
    Column("token_id", Text, primary_key=True),
    Column("revoked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# Used tokens among those that are valid for one request each.
api_used_tokens = Table(
    "api_used_tokens",
    metadata,
    Column("service", Text, primary_key=True),
    # The token's jti.
    Column("token_id", Text, primary_key=True),
    # When the token has expired for certain, even if two machines' clocks differ.
    Column("expires_at", Moment, nullable=False),
    Index("ix_api_used_tokens_expires_at", "expires_at"),
    sqlite_with_rowid=False,
)

TABLES: tuple[Table, ...] = (
    *(api_answers, api_secrets),
    *(api_services, api_service_keys, api_revocations, api_used_tokens),
)
