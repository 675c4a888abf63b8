from yabot.feature import Feature
from yabot.features.items.model import Item
from yabot.storage.documents.model import Collection

FEATURE = Feature(name="items", collections=(Collection("items", Item, indexes=(("type",),)),))
