"""Several causes on one user: what each does, and what it must have done, as a plain model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import strategies as st

from tests.features.users.storage.world import World, ana
from yabot.clock import utc_now
from yabot.events.operations import UserInteraction
from yabot.features.narrative.state import PROGRESS
from yabot.features.narrative.story.model import Choice, Fragment, Hint, Story
from yabot.features.users.model import Profile, UserState
from yabot.features.users.service import User
from yabot.log.unit_of_work import UnitOfWork

USER = "7"
# Near enough to now that nobody's last login has to be refreshed.
DAWN = utc_now().replace(microsecond=0)


def _fragment(name: str, *choices: Choice) -> Fragment:
    words = {"es": f"{name}."}
    return Fragment(fragment_id=name, title=words, content=words, choices=choices)


def _choice(name: str, leads_to: str, hint: str | None = None) -> Choice:
    return Choice(id=name, text={"es": name}, next_fragment=leads_to, unlocks_hint=hint)


STORY = Story(
    story="small",
    languages=("es",),
    start="gate",
    fragments={
        "gate": _fragment("gate", _choice("enter", "hall", "key"), _choice("wait", "gate")),
        "hall": _fragment("hall", _choice("back", "gate"), _choice("sleep", "hall")),
    },
    hints={"key": Hint(id="key", title={"es": "Llave"}, text={"es": "Abre."})},
)
CHOICES = {
    (fragment.fragment_id, choice.id): choice
    for fragment in STORY.fragments.values()
    for choice in fragment.choices
}


@dataclass(frozen=True)
class Start:
    """/start: registers whom it does not know."""


@dataclass(frozen=True)
class Read:
    """/story: begins it."""


@dataclass(frozen=True)
class Press:
    fragment: str
    choice: str


@dataclass(frozen=True)
class Speak:
    language: str


@dataclass(frozen=True)
class Log:
    """Changes profile and state in one unit, so that a reader could see half of it."""

    minute: int


@dataclass(frozen=True)
class Forget:
    """/forget."""


Action = Start | Read | Press | Speak | Log | Forget


@dataclass(frozen=True)
class Arrival:
    """An action that comes ``copies`` times, each after some turns of the event loop."""

    action: Action
    copies: int
    delay: int


actions = st.one_of(
    st.just(Start()),
    st.just(Start()),
    st.just(Read()),
    st.builds(lambda pair: Press(*pair), st.sampled_from(sorted(CHOICES))),
    st.builds(lambda pair: Press(*pair), st.sampled_from(sorted(CHOICES))),
    st.builds(Speak, st.sampled_from(["en", "es"])),
    st.builds(Log, st.integers(0, 5)),
    st.just(Forget()),
)
# Most plans begin with somebody who comes, so that the others find a user to race for.
arrivals = st.builds(
    lambda first, rest: [Arrival(first, 1, 0), *rest],
    st.sampled_from([Start(), Start(), Start(), Forget()]),
    st.lists(
        st.builds(Arrival, actions, st.integers(1, 3), st.integers(0, 40)), min_size=4, max_size=12
    ),
)


async def perform(world: World, work: UnitOfWork, action: Action) -> None:
    """As the bot's handlers do: everybody but /start needs a user who is there."""
    user = await world.users.find(USER)
    if user is None:
        if not isinstance(action, Start):
            work.leave_receipt()
            return
        user = await world.users.meet(work, ana())
    await world.users.state(user)
    work.publish(UserInteraction(action=type(action).__name__), USER)
    if isinstance(action, (Read, Press)):
        await _play(world, work, user, action)
    else:
        _change(world, work, user, action)


async def _play(world: World, work: UnitOfWork, user: User, action: Read | Press) -> None:
    match action:
        case Read():
            await world.narrative.resume(work, user)
            if work.documents:
                # No event of the story's tells it.
                work.publish(UserInteraction(action="began"), USER)
        case Press(fragment, choice):
            await world.narrative.choose(work, user, fragment, choice)


def _change(world: World, work: UnitOfWork, user: User, action: Action) -> None:
    match action:
        case Speak(language):
            world.users.update_preferences(work, user, {"language": language})
        case Log(minute):
            world.users.update_profile(work, user, {"last_login": DAWN + timedelta(minutes=minute)})
            world.users.update_state(work, user, lambda state: noting(state, minute))
        case Forget():
            world.users.delete(work, user, "requested_by_user")


def noting(state: UserState, minute: int) -> UserState:
    current = state.current_state.model_copy(update={"session_data": {"minute": minute}})
    return state.model_copy(update={"current_state": current})


def assert_whole(profile: Profile, state: UserState) -> None:
    """Profile and state tell of the same unit."""
    minute = state.current_state.session_data.get("minute")
    logged = (profile.last_login - DAWN) / timedelta(minutes=1)
    assert profile.user_id == state.id == USER
    if minute is not None:
        assert logged == minute


@dataclass
class Reader:
    """What one registration has come to."""

    fragment: str | None = None
    completed: list[str] = field(default_factory=list)
    choices: dict[str, str] = field(default_factory=dict)
    hints: list[str] = field(default_factory=list)
    language: str | None = None
    minute: int | None = None

    def walk(self, fragment: str, choice: str, *, found: bool) -> None:
        assert self.fragment == fragment
        taken = CHOICES[fragment, choice]
        if fragment not in self.completed:
            self.completed.append(fragment)
        self.choices[fragment] = choice
        assert found == (taken.unlocks_hint is not None and taken.unlocks_hint not in self.hints)
        if found:
            self.hints.append(str(taken.unlocks_hint))
        self.fragment = taken.next_fragment


@dataclass
class Model:
    """One cause after another, without stores."""

    version: int = 0
    reader: Reader | None = None

    def follow(self, action: Action, told: Sequence[str]) -> None:
        """Take the step that the events say was taken; it must have been possible."""
        if "user_registered" in told:
            assert isinstance(action, Start)
            assert self.reader is None
            self.reader = Reader()
            self.version += 1
        elif {"began", "decision_made", "user_updated", "user_deleted"} & {*told}:
            assert self.reader is not None
            self._step(self.reader, action, found="narrative_hint_unlocked" in told)
            self.version += 1

    def _step(self, reader: Reader, action: Action, *, found: bool) -> None:
        match action:
            case Read():
                assert reader.fragment is None
                reader.fragment = STORY.start
            case Press(fragment, choice):
                reader.walk(fragment, choice, found=found)
            case Speak(language):
                reader.language = language
            case Log(minute):
                reader.minute = minute
            case Forget():
                self.reader = None


def as_reader(state: UserState) -> Reader:
    progress = PROGRESS.of(state)
    return Reader(
        fragment=progress.current_fragment,
        completed=list(progress.completed_fragments),
        choices={made.fragment_id: made.choice_id for made in progress.choices_made},
        hints=list(progress.hints_unlocked),
        language=state.preferences.language,
        minute=state.current_state.session_data.get("minute"),
    )
