"""The story that comes with the bot."""

from importlib.resources import files

DEMO_FILE = "demo.yaml"


def demo_story() -> str:
    """The text of the demo story's file."""
    stories = files("yabot.features.narrative") / "stories"
    return (stories / DEMO_FILE).read_text(encoding="utf-8")
