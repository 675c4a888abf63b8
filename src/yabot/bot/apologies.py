"""What a reader hears when their update is not handled, or could not be."""

from yabot.bot.localization import Texts
from yabot.bot.turn import Turn
from yabot.errors import code_of
from yabot.events.operations import Outcome


class Apologies:
    """Each method adds to a fresh turn; it waits for nothing and changes nothing else."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def turn_away(self, turn: Turn, error_code: str, *, told: bool) -> None:
        """Finish without a handler. The reader hears why only if ``told``; a press is answered."""
        turn.reject(error_code)
        user, text = turn.incoming.user, None
        if told and user is not None and turn.chat_id and not turn.incoming.is_from_group:
            text = self._texts.localizer(user.language_code)("slow-down")
        turn.acknowledge(text)
        if text is not None and turn.update.callback_query is None:
            turn.say(text)

    def apologize(self, turn: Turn, outcome: Outcome, text: str, error: Exception) -> None:
        """Say the text with the key ``text``, because of ``error``."""
        turn.outcome, turn.error_code = outcome, code_of(error)
        user = turn.incoming.user
        if user is not None and turn.chat_id:
            turn.acknowledge()
            turn.say(self._texts.localizer(user.language_code)(text))
