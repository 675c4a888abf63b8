"""A running program says what its events look like."""

import json
import urllib.request

from tests.e2e.program import Program
from tests.waiting import PATIENCE
from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES
from yabot.events.asyncapi import asyncapi_document


def test_the_document_is_served(playing: Program) -> None:
    named = playing.settings["INBOUND_EVENT_TYPES"].split(", ")
    url = f"http://127.0.0.1:{playing.settings['API_PORT']}/asyncapi.json"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        assert json.load(answer) == asyncapi_document(build_catalog(FEATURES, named), 16)
