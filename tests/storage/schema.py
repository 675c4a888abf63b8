"""What the stores hold of all features."""

from yabot.app.features import FEATURES
from yabot.app.stores import schema_of
from yabot.feature import collections_of

COLLECTIONS = tuple(collections_of(FEATURES))
SCHEMA = schema_of(FEATURES)
