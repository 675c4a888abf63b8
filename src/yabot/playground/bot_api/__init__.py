"""The Bot API: Telegram's methods under ``/bot<token>/<method>``, in Telegram's words."""
