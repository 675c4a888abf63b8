"""Stories for tests: a small file to spoil, and a strategy that makes valid stories."""

from hypothesis import strategies as st

from yabot.bot.measure import is_visible
from yabot.features.narrative.story import Choice, Fragment, FragmentMetadata, Hint, Story
from yabot.features.narrative.story.model import MAX_BESITOS, MAX_DIFFICULTY, MAX_EARNED
from yabot.features.narrative.story.reactions import REACTIONS

SMALL_STORY = """\
story: tale
languages: [es, en]
start: gate
moved: {old_gate: gate}
hints:
  key:
    title: {es: La llave, en: The key}
    text: {es: Abre algo., en: It opens something.}
fragments:
  gate:
    title: {es: La verja, en: The gate}
    content: {es: Cerrada., en: Shut.}
    reactions: {"❤": 2}
    choices:
      - {id: enter, text: {es: Entrar, en: Enter}, next: hall, unlocks_hint: key}
  hall:
    title: {es: La sala, en: The hall}
    content: {es: Vacía., en: Empty.}
    difficulty: 2
    choices:
      - {id: back, text: {es: Volver, en: Go back}, next: gate}
      - id: open
        text: {es: Abrir, en: Open it}
        next: garden
        requires_hint: key
  garden:
    title: {es: El jardín, en: The garden}
    content: {es: Fin., en: The end.}
    ending: true
"""

IDS = st.from_regex(r"[a-z0-9_]{1,24}", fullmatch=True)
_LINES = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="<>&"),
    min_size=1,
    max_size=60,
).filter(is_visible)
_MARKUP = st.sampled_from(
    ["{}", "<b>{}</b>", "<i>{}</i>\n\nAfter.", '<a href="https://x.y">{}</a>']
)


@st.composite
def _contents(draw: st.DrawFn) -> str:
    return draw(_MARKUP).format(draw(_LINES))


def _texts(
    languages: tuple[str, ...], text: st.SearchStrategy[str]
) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(dict.fromkeys(languages, text))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Valid stories: a spine that any reader can walk to the end, with rooms beside it.

    Every room (VIP, behind a hint, or neither) leads back to the start or is an ending itself.
    """
    languages = tuple(
        draw(st.lists(st.sampled_from(["es", "en", "no", "fr"]), min_size=1, unique=True))
    )
    names = draw(st.lists(IDS, min_size=2, max_size=9, unique=True))
    spine, rooms = names[: (length := draw(st.integers(2, len(names))))], names[length:]
    hint_ids = draw(st.lists(IDS, max_size=length - 1, unique=True))
    return Story(
        story=draw(IDS),
        languages=languages,
        start=spine[0],
        moved=draw(
            st.dictionaries(
                IDS.filter(lambda old: old not in names), st.sampled_from(spine), max_size=2
            )
        ),
        fragments=_Fragments(draw, languages, hint_ids).all(spine, rooms),
        hints={hint_id: _hint(draw, languages, hint_id) for hint_id in hint_ids},
    )


def _hint(draw: st.DrawFn, languages: tuple[str, ...], hint_id: str) -> Hint:
    title, text = draw(_texts(languages, _LINES)), draw(_texts(languages, _contents()))
    earned = draw(st.none() | st.integers(1, MAX_EARNED))
    return Hint(id=hint_id, title=title, text=text, earned=earned)


class _Fragments:
    def __init__(self, draw: st.DrawFn, languages: tuple[str, ...], hint_ids: list[str]) -> None:
        self._draw = draw
        self._languages = languages
        self._hint_ids = hint_ids

    def all(self, spine: list[str], rooms: list[str]) -> dict[str, Fragment]:
        choices: dict[str, list[Choice]] = {name: [] for name in (*spine, *rooms)}
        hints = [*self._hint_ids, *[None] * len(spine)]
        for here, onward, unlocked in zip(spine, spine[1:], hints, strict=False):
            choices[here].append(self._choice("onward", onward, unlocks=unlocked))
        for number, room in enumerate(rooms):
            beside = self._draw(st.sampled_from(spine[:-1]))
            choices[beside].append(self._choice(f"room_{number}", room, requires=self._any_hint()))
            if self._draw(st.booleans()):
                choices[room].append(self._choice("back", spine[0]))
        vip = {room for room in rooms if self._draw(st.booleans())}
        return {
            name: self._fragment(name, tuple(found), name in vip) for name, found in choices.items()
        }

    def _any_hint(self) -> str | None:
        return self._draw(st.sampled_from([None, *self._hint_ids]))

    def _choice(
        self, choice_id: str, onward: str, unlocks: str | None = None, requires: str | None = None
    ) -> Choice:
        return Choice(
            id=choice_id,
            text=self._draw(_texts(self._languages, _LINES)),
            next_fragment=onward,
            unlocks_hint=unlocks,
            requires_hint=requires,
        )

    def _fragment(self, name: str, choices: tuple[Choice, ...], vip: bool) -> Fragment:
        reactions = st.dictionaries(
            st.sampled_from(sorted(REACTIONS)), st.integers(1, MAX_BESITOS), max_size=3
        )
        return Fragment(
            fragment_id=name,
            title=self._draw(_texts(self._languages, _LINES)),
            content=self._draw(_texts(self._languages, _contents())),
            choices=choices,
            metadata=FragmentMetadata(
                tags=tuple(self._draw(st.lists(IDS, max_size=2, unique=True))),
                vip_required=vip,
                difficulty=self._draw(st.integers(1, MAX_DIFFICULTY)),
                reactions=self._draw(reactions),
                ending=not choices,
            ),
        )
