"""The emoji that Telegram accepts as reactions (Bot API, ReactionTypeEmoji)."""

VARIATION_SELECTOR = "\ufe0f"

_ACCEPTED = """
❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌
🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓
🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡
🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀
😡
"""
REACTIONS = frozenset(_ACCEPTED.split())


def as_reaction(emoji: str) -> str:
    """The emoji as Telegram writes it: keyboards add a variation selector, Telegram has none."""
    return emoji.replace(VARIATION_SELECTOR, "")
