"""Faults made on purpose: what Telegram and the network between can do to a bot."""
