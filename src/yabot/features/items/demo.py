"""The items that come with the bot: things from its story."""

from importlib.resources import files

from yabot.features.items.file import parse_items
from yabot.features.items.model import Item

DEMO_FILE = "demo.yaml"


def demo_items() -> list[Item]:
    folder = files("yabot.features.items") / "catalogue"
    return parse_items((folder / DEMO_FILE).read_text(encoding="utf-8"), DEMO_FILE)
