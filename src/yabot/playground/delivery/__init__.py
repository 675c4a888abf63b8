"""Delivers updates to the bot's webhook, until it confirms them."""
