"""Writes the typed half of the client from our OpenAPI document. It is not shipped."""
