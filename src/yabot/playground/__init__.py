"""A Telegram of this machine: a Bot API server and a page to chat with the bot.

The real aiogram client talks HTTP to it, so nothing of the bot is different here.
"""
