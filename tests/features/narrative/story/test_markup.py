"""The HTML of a story is what Telegram accepts."""

import pytest

from tests.features.narrative.story.problems_of import problems_of, spoiled
from yabot.features.narrative.story import message_html, parse_story

BROKEN = {
    "<b>Shut.": "<b> is never closed",
    "Shut.</b>": "</b> closes nothing",
    "<b>Shut.</b x>": "</b x> is not allowed; write </b>",
    "<b><i>Shut.</b></i>": "<i> must be closed before </b>",
    "<h1>Shut.</h1>": "the tag <h1> is not allowed; "
    "allowed are a, b, blockquote, code, i, s, tg-spoiler, u",
    "<b class='x'>Shut.</b>": "<b class='x'> is not allowed; write <b>",
    "<a>Shut.</a>": '<a> is not allowed; write <a href="https://…">',
    "<a href='javascript:x'>Shut.</a>": "<a href='javascript:x'> is not allowed; write "
    '<a href="https://…">',
    "<code><b>Shut.</b></code>": "<b> cannot stand inside <code>",
    "<blockquote><i><blockquote>Shut.</blockquote></i></blockquote>": "<blockquote> cannot stand "
    "inside <blockquote>",
    "Shut & locked": "a bare '&' must be written &amp;",
    "2 < 3": "a bare '<' must be written &lt;",
    "-> out": "a bare '>' must be written &gt;",
    "Shut &nbsp; locked": "a bare '&' must be written &amp;",
    "Shut &#xD83D;&#xDE00;": "&#xD83D; is only half of a character; write the emoji itself",
    "Shut &#56832;": "&#56832; is only half of a character; write the emoji itself",
    "Shut &#0;": "&#0; means no character",
}


@pytest.mark.parametrize(("html", "said"), BROKEN.items(), ids=BROKEN.keys())
def test_markup_that_telegram_refuses_is_named(html: str, said: str) -> None:
    text = spoiled(("en: Shut.}", f"en: {_quoted(html)}}}"))
    prefix = "fragment 'gate': content in 'en' does not work as Telegram HTML: "
    assert any(problem.endswith(prefix + said) for problem in problems_of(text))


@pytest.mark.parametrize(
    "html",
    [
        "<b>a</b> <i>b</i> <u>c</u> <s>d</s> <code>e</code> <tg-spoiler>f</tg-spoiler>",
        "<blockquote>a <b>b <i>c</i></b></blockquote>",
        '<a href="https://example.org/?a=1&amp;b=2">a</a>',
        "1 &lt; 2 &amp; 3 &gt; 2 &quot;&#8230;&#x2026;",
    ],
)
def test_allowed_markup_is_kept_as_it_is(html: str) -> None:
    story = parse_story(spoiled(("en: Shut.}", f"en: {_quoted(html)}}}")), "tale.yaml")
    assert story.fragments["gate"].content["en"] == html


def test_a_title_is_plain_text_in_the_message() -> None:
    assert message_html("Tom & <Jerry>", "<i>x</i>") == "<b>Tom &amp; &lt;Jerry&gt;</b>\n\n<i>x</i>"


def _quoted(html: str) -> str:
    return "'" + html.replace("'", "''") + "'"
