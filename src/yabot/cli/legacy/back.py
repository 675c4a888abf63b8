"""The roll-back to the old bot, for every command that makes one, and its report."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from yabot.cli.progress import Advance, progress_bar
from yabot.error_text import kind_of
from yabot.errors import StartupError, TransientError
from yabot.feature import Services
from yabot.features.legacy.ending.rollback import OnProgress, Rollback, RolledBack
from yabot.features.legacy.events import Reason
from yabot.features.legacy.phases import Migrations
from yabot.features.legacy.side_by_side.dual import FOLDER
from yabot.settings import Settings


@contextmanager
def bars() -> Iterator[OnProgress]:
    """A bar for each step, one after the other."""
    with ExitStack() as shown:
        now = ""
        advance: Advance = lambda _done, _total: None  # noqa: E731

        def show(doing: str, done: int, total: int) -> None:
            nonlocal now, advance
            if doing != now:
                shown.close()
                now, advance = doing, shown.enter_context(progress_bar(doing, "users"))
            advance(done, total)

        yield show


@contextmanager
def file_errors_told(otherwise: object, what_now: str) -> Iterator[None]:
    """Turn an OSError into StartupError, with its file, or ``otherwise`` if it names none."""
    try:
        yield
    except OSError as error:
        place = error.filename or otherwise
        raise StartupError(f"{place} cannot be used: {kind_of(error)}; {what_now}") from error


async def back_to_the_old_bot(
    services: Services, settings: Settings, by: str, reason: Reason | None
) -> RolledBack:
    """``reason``: why the program does it by itself; None: an operator does. Raises InvalidInput,
    StartupError."""
    rollback = Rollback(services, Migrations(services.database, by), settings.data_dir / FOLDER)
    mended = "nothing is lost: mend that, and run `yabot legacy rollback`, it goes on from there"
    with bars() as on_progress, file_errors_told("a file", mended):
        try:
            return await rollback.run(reason, on_progress)
        except TransientError as error:
            raise StartupError(
                f"{error}; nothing is lost: run `yabot legacy rollback`, it goes on from there"
            ) from error


def rolled_back_lines(done: RolledBack) -> Iterator[str]:
    counts = done.counts()
    users, besitos = counts["users"], counts["besitos"]
    if done.restored:
        yield "The old store was missing or torn: it was made anew from the snapshot."
    yield f"The old bot can go on with {done.path}."
    yield (
        f"In it are all {users['in_both']:,} users who were here; of them {users['taken_away']:,}, "
        f"whom only the import had brought, are not here any more, and {users['stay']:,} stay."
    )
    verdict = "" if besitos["reconcile"] else " These differ: run `yabot legacy rollback` again."
    yield (
        f"Besitos: {besitos['here_before']:,} were here, {besitos['in_the_store']:,} are in the "
        f"old store; {besitos['taken_away']:,} have gone back to the migration's account.{verdict}"
    )
    if users["still_waiting"]:
        yield (
            f"{users['still_waiting']:,} users have gone on here meanwhile: stop this bot, and run "
            "`yabot legacy rollback` again before the old one starts."
        )
