"""Writes a new feature that passes its tests and checks at once, for somebody to make their own."""
