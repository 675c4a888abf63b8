"""Telegram counts the places of entities in UTF-16 code units."""


def length(text: str) -> int:
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)
