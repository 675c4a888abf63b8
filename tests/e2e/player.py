"""A reader who plays the story, and knows at each step what must have become of it."""

from typing import Any

from tests.e2e.journal import Journal
from tests.e2e.reader import Reader, buttons, with_buttons
from tests.e2e.route import STORY, Walk
from tests.e2e.stores import Stores
from tests.waiting import wait_until
from yabot.features.narrative.story.model import Choice, Fragment

Json = dict[str, Any]


class Player:
    """Every step is checked in the chat, on the bus and in MongoDB before it returns."""

    def __init__(self, stores: Stores, reader: Reader) -> None:
        self.reader = reader
        self.walk = Walk()
        self.stores = stores
        self.journal = Journal(stores, reader.user_id)

    async def begin(self) -> None:
        await self.reader.ask("/start")
        self.journal.told("user_registered", "user_interaction")
        (shown,) = await self.reader.ask("/story")
        self.journal.told("user_interaction")
        await self._stands_at(shown)

    async def choose(self, choice: Choice) -> None:
        fragment, finds = self.walk.fragment, self._finds(choice)
        self.walk.take(choice)
        answers = await self.reader.press(data_of(fragment, choice), 2 if finds else 1)
        self._told(fragment, choice, finds)
        await self._stands_at(answers[-1])
        if finds:
            hint = STORY.hints[str(choice.unlocks_hint)]
            assert hint.title[self.reader.language] in answers[0]["text"]

    async def start_again(self) -> None:
        if "story:again" not in self._keyboard(await self.reader.chat()):
            await self.reader.ask("/menu")
            self.journal.told("user_interaction")
        (question,) = await self.reader.press("story:again")
        assert buttons(question) == ["story:restart", "story:stay"]
        self.journal.told("user_interaction")
        self.walk.start_again()
        (shown,) = await self.reader.press("story:restart")
        self.journal.told("user_interaction")
        await self._stands_at(shown)

    def _finds(self, choice: Choice) -> bool:
        return choice.unlocks_hint is not None and choice.unlocks_hint not in self.walk.hints

    def _told(self, fragment: Fragment, choice: Choice, finds: bool) -> None:
        found = ["narrative_hint_unlocked"] if finds else []
        interaction, decision, *hint = self.journal.told(
            "user_interaction", "decision_made", *found
        )
        assert interaction["payload"]["action"] == "choice"
        assert decision["payload"] == {
            "choice_id": choice.id,
            "context": {
                "fragment_id": fragment.fragment_id,
                "next_fragment": choice.next_fragment,
                "story_revision": STORY.revision,
            },
        }
        expected = {"hint_id": choice.unlocks_hint, "fragment_id": fragment.fragment_id}
        assert [event["payload"] for event in hint] == ([expected] if finds else [])

    async def _stands_at(self, shown: Json) -> None:
        """The page is there, its choices are the only ones, and MongoDB knows."""
        fragment, language = self.walk.fragment, self.reader.language
        assert shown["text"].startswith(fragment.title[language])
        chat = await self.reader.until(lambda chat: len(scenes(chat)) == 1)
        choices = [data_of(fragment, choice) for choice in self.walk.open_choices()]
        assert [data for data in self._keyboard(chat) if data.startswith("c:")] == choices
        assert scenes(chat)[0]["message_id"] == shown["message_id"]
        wait_until(lambda: self._progress()["current_fragment"] == self.walk.here)
        assert set(self._progress()["hints_unlocked"]) == self.walk.hints
        assert set(self._progress()["completed_fragments"]) == self.walk.completed

    def _progress(self) -> Json:
        document = self.stores.document(self.reader.user_id)
        assert document is not None
        progress: Json = document["current_state"]["narrative_progress"]
        return progress

    @staticmethod
    def _keyboard(chat: list[Json]) -> list[str]:
        return buttons(scenes(chat)[-1])

    async def to(self, fragment_id: str) -> None:
        """The shortest way there."""
        for choice in self.walk.to_any_of({fragment_id}):
            await self.choose(choice)


def data_of(fragment: Fragment, choice: Choice) -> str:
    return f"c:{fragment.fragment_id}:{choice.id}"


def scenes(chat: list[Json]) -> list[Json]:
    """The messages with a fragment's buttons: choices, reactions, the way back from an ending."""
    return [m for m in with_buttons(chat) if any(data[:2] in {"c:", "r:"} for data in buttons(m))]
