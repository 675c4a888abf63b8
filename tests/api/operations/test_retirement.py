"""What goes is announced: in every answer, in the document and on its page."""

import pytest

from tests.api.echo import echo_served, echoing
from yabot.api.openapi.document import build_document
from yabot.api.openapi.page import render_page


@pytest.mark.standard
async def test_every_answer_says_since_when_and_until_when() -> None:
    async with echo_served() as echo:
        going, staying = await echo.send("GET", "/murmur"), await echo.send("GET", "/echo")
    assert going.status == 200
    # Midnight of that day, in UTC: RFC 9745 and RFC 8594.
    assert going.headers["deprecation"] == "@1793491200"
    assert going.headers["sunset"] == "Sat, 01 May 2027 00:00:00 GMT"
    assert not {"deprecation", "sunset"} & staying.headers.keys()


def test_the_document_and_the_page_say_what_to_use_instead() -> None:
    document = build_document([echoing()])
    going = document["paths"]["/api/v1/murmur"]["get"]
    assert going["deprecated"] is True
    assert going["x-sunset"] == "2027-05-01"
    assert "gone on 2027-05-01: use `get_echo`" in going["description"]
    assert {"Deprecation", "Sunset"} <= going["responses"]["200"]["headers"].keys()
    assert "deprecated" not in document["paths"]["/api/v1/echo"]["get"]
    assert "<p class=warning>Deprecated</p>" in render_page(document)
