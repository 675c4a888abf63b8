"""A message that is no page, such as a hint, of which Telegram refuses the markup."""

import pytest

from tests.bot.sender.desk import Desk, texts_to
from tests.bot.sender.recorder import Recorder, Refusal
from tests.waiting import until

BROKEN = "Bad Request: can't parse entities: Unclosed end tag at byte offset 9"
HINT = "Look <b>up</b x>, always"


async def test_it_comes_in_plain_text(desk: Desk, recorder: Recorder) -> None:
    recorder.script = lambda call: Refusal(400, BROKEN) if "<b>" in call.text else None
    await desk.hand_in(7, "one", HINT, "two")
    await until(desk.all_marked)
    assert texts_to(recorder, 7) == ["one", "two", "Look up, always"]
    assert "parse_mode" not in recorder.parameters["sendMessage"]
    assert await desk.states() == {"one": "sent", HINT: "refused", "two": "sent"}


@pytest.mark.parametrize("said", [BROKEN, "Bad Request: message thread not found"])
async def test_what_plain_text_does_not_mend_is_refused_once(
    desk: Desk, recorder: Recorder, said: str
) -> None:
    """Without markup it would be the same; or Telegram refuses it for something else."""
    text = "hint" if said == BROKEN else HINT
    recorder.script = lambda _call: Refusal(400, said)
    await desk.hand_in(7, text)
    await until(desk.all_marked)
    assert [call.text for call in recorder.calls] == [text]
    assert await desk.states() == {text: "refused"}
