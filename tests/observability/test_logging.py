"""The whole way of a line: from any logger, through redaction, to standard error and a file."""

import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from yabot.errors import ConfigurationError
from yabot.observability.handlers import CarefulHandler
from yabot.observability.logging import configure_logging, get_logger
from yabot.settings import ConfigManager, LoggingSettings, Settings

EARLY = get_logger("yabot.early")
TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
LEVELS = ("debug", "info", "warning", "error", "critical")


class Written:
    """Standard error, without pytest's own handlers; ``text`` is what was written there."""

    def __enter__(self) -> "Written":
        self._before, sys.stderr = sys.stderr, io.StringIO()
        root = logging.getLogger()
        self._handlers = root.handlers[:]
        root.handlers[:] = [h for h in root.handlers if isinstance(h, CarefulHandler)]
        return self

    def __exit__(self, *_: object) -> None:
        assert isinstance(sys.stderr, io.StringIO)
        self.text = sys.stderr.getvalue()
        sys.stderr = self._before
        logging.getLogger().handlers[:] = self._handlers

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


def everything(*secrets: str, form: str = "json") -> None:
    configure_logging(LoggingSettings.model_validate({"level": "DEBUG", "format": form}), secrets)


def test_a_line_has_time_level_logger_context_and_its_own_values() -> None:
    everything()
    with Written() as written:
        structlog.contextvars.bind_contextvars(correlation_id="c-1", user_id="42")
        get_logger("yabot.bot").info("update.handled", duration_ms=1.5)
    [line] = written.lines
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "update.handled",
        "level": "info",
        "logger": "yabot.bot",
        "correlation_id": "c-1",
        "user_id": "42",
        "duration_ms": 1.5,
    }


def test_libraries_lines_have_the_same_form() -> None:
    everything()
    with Written() as written:
        structlog.contextvars.bind_contextvars(correlation_id="c-1")
        logging.getLogger("aiogram.dispatcher").warning("tried %s times", 3)
        warnings.warn("old ways", stacklevel=1)
    first, second = written.lines
    assert (first["event"], first["level"]) == ("tried 3 times", "warning")
    assert first["correlation_id"] == "c-1"
    assert second["logger"] == "py.warnings"


def test_a_logger_made_before_the_configuration_obeys_it() -> None:
    configure_logging(LoggingSettings(level="WARNING"), ())
    with Written() as written:
        EARLY.info("hidden")
        EARLY.warning("seen")
    assert [line["event"] for line in written.lines] == ["seen"]
    everything()
    with Written() as written:
        EARLY.debug("seen.now")
    assert [line["event"] for line in written.lines] == ["seen.now"]


def test_people_get_lines_for_people() -> None:
    everything(form="console")
    with Written() as written:
        get_logger("yabot").info("mongod.started", port=27017)
    assert "mongod.started" in written.text
    assert "port=27017" in written.text
    assert "{" not in written.text


def test_a_line_for_people_is_one_line_whatever_it_quotes() -> None:
    everything(form="console")
    sent = "x\n2026-01-01 [info] \x1b[2Jforged"
    with Written() as written:
        get_logger("yabot").info("seen", text=sent, mark="a\x1bb", several=[sent])
        logging.getLogger("library").warning("it said %s", sent)
        get_logger("yabot").info("olá 👩‍🚀")
    assert len(written.text.splitlines()) == 3
    assert "\x1b" not in written.text
    assert "x\\u000a2026-01-01 [info] \\u001b[2Jforged" in written.text
    assert "olá 👩‍🚀" in written.text


def test_a_traceback_for_people_keeps_its_lines() -> None:
    everything(form="console")
    with Written() as written:
        try:
            int("x")
        except ValueError:
            get_logger("yabot").exception("failed")
    assert len(written.text.splitlines()) > 2
    assert "ValueError" in written.text.splitlines()[-1]


def test_the_file_is_json_and_is_put_away_when_large(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "yabot.log"
    settings = LoggingSettings.model_validate(
        {"format": "console", "file_path": path, "max_file_size": 1000, "backup_count": 2}
    )
    configure_logging(settings, ["hush-hush"])
    with Written():
        for number in range(50):
            get_logger("yabot").info("counted", number=number, said="hush-hush")
    kept = sorted(file.name for file in path.parent.iterdir())
    assert kept == ["yabot.log", "yabot.log.1", "yabot.log.2"]
    assert json.loads(path.read_text().splitlines()[-1])["number"] == 49
    assert "hush-hush" not in path.read_text()


def test_a_file_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    settings = LoggingSettings(file_path=tmp_path / "made.log")
    (tmp_path / "made.log").mkdir()
    with pytest.raises(ConfigurationError, match=r"^LOG_FILE_PATH: .*; set another path"):
        configure_logging(settings, ())


@pytest.mark.criterion("sec.4")
@pytest.mark.parametrize(
    "library", ["pymongo.command", "redis", "aiohttp.client", "httpcore", "of.tomorrow"]
)
def test_what_libraries_would_log_at_debug_stays_out(library: str) -> None:
    everything()
    with Written() as written:
        logging.getLogger(library).debug('{"insert": "users"}')
        logging.getLogger(library).info("seen")
        get_logger("yabot.bot").debug("ours")
    assert [line["event"] for line in written.lines] == ["seen", "ours"]


def test_addresses_that_a_client_would_log_stay_out() -> None:
    everything()
    with Written() as written:
        logging.getLogger("httpx").info(f"GET https://api.example.org/{TOKEN}")
        logging.getLogger("httpx").warning("seen")
    assert [line["event"] for line in written.lines] == ["seen"]


def test_a_disabled_line_costs_next_to_nothing() -> None:
    configure_logging(LoggingSettings(level="INFO"), ())
    log = get_logger("yabot.fast").bind()
    log.debug("stdlib has answered once, and remembers")
    calls: list[str] = []
    sys.setprofile(lambda _frame, event, _argument: calls.append(event))
    log.debug("a.b", n=1, user_id="x")
    sys.setprofile(None)
    # Ours and stdlib's question; the third is what ends the counting.
    assert calls.count("call") + calls.count("c_call") <= 3


def raising(secret: str) -> None:
    cause = ConnectionError(f"no way to https://api.example.org/bot{TOKEN}/x for {secret}")
    cause.add_note(f"it was {secret}")
    raise RuntimeError(secret) from cause


def structlog_exception(secret: str) -> None:
    try:
        raising(secret)
    except RuntimeError:
        get_logger("yabot").exception("failed")


def stdlib_exception(secret: str) -> None:
    try:
        raising(secret)
    except RuntimeError:
        logging.getLogger("lib").exception("failed with %r", secret)


def broken_call(secret: str) -> None:
    logging.getLogger("lib").error("%d of them", secret)


def crash(secret: str) -> None:
    thread = threading.Thread(target=raising, args=(secret,))
    thread.start()
    thread.join()
    try:
        raising(secret)
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)


class Holder:
    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return f"Holder(of={self.secret!r}, also='\"')"


HIDING: dict[str, Callable[[str], object]] = {
    "event": lambda s: get_logger("yabot").info(f"it is {s} again"),
    "value": lambda s: get_logger("yabot").info("x", value=f"it is {s}"),
    "name": lambda s: get_logger("yabot").info("x", **{s: 1}),
    "nested": lambda s: get_logger("yabot").info("x", at=[{"of": (s, {s})}]),
    "bytes": lambda s: get_logger("yabot").info("x", body=s.encode()),
    "object": lambda s: get_logger("yabot").info("x", it=Holder(s)),
    "bound": lambda s: get_logger("yabot").bind(given=s).info("x"),
    "argument": lambda s: get_logger("yabot").info("x %s", s),
    "url": lambda s: get_logger("yabot").info("x", url=f"redis://:{quote(s, safe='')}@h"),
    "json": lambda s: get_logger("yabot").info("x", body=json.dumps({"a": s})),
    "stdlib": lambda s: logging.getLogger("lib").warning("it is %s", s),
    "stdlib repr": lambda s: logging.getLogger("lib").warning("it is %r", {"a": s}),
    "stdlib name": lambda s: logging.getLogger(f"lib.{s}").warning("x"),
    "exception": structlog_exception,
    "stdlib exception": stdlib_exception,
    "broken call": broken_call,
    "crash": crash,
    "warning": lambda s: warnings.warn(f"it is {s}", stacklevel=1),
}
# Longer than any word of the lines themselves, which must not be taken for the secret.
SECRETS = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{20,40}", fullmatch=True),
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=20, max_size=40),
)


@pytest.mark.criterion("sec.4")
@pytest.mark.parametrize("form", ["json", "console"])
@given(secret=SECRETS, place=st.sampled_from(sorted(HIDING)))
def test_a_secret_is_in_no_line_wherever_it_hides(form: str, secret: str, place: str) -> None:
    everything(secret, form=form)
    with Written() as written:
        HIDING[place](secret)
    assert written.text
    assert secret not in written.text
    assert quote(secret, safe="") not in written.text
    if form == "json" and place != "broken call":
        assert secret not in str(written.lines)


@pytest.mark.criterion("sec.4")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("place", ["value", "stdlib", "exception"])
def test_a_secret_is_in_no_line_of_any_level(level: str, place: str) -> None:
    settings = configured()
    everything(*settings.secrets())
    with Written() as written:
        getattr(get_logger("yabot"), level)("settings.loaded", settings=settings, raw=TOKEN)
        getattr(logging.getLogger("lib"), level)("%s at %s", settings.secrets(), TOKEN)
        HIDING[place](TOKEN)
    # At DEBUG libraries say nothing.
    assert len(written.lines) == (2 if level == "debug" else 3)
    for secret in settings.secrets():
        assert secret not in written.text


@pytest.mark.criterion("sec.4")
async def test_what_the_loop_holds_is_not_shown() -> None:
    everything()
    loop = asyncio.get_running_loop()
    held = loop.create_future()
    held.set_result("a reader's text")
    error = ValueError("a reader's text")
    with Written() as written:
        loop.call_exception_handler(
            {"message": "Task's exception was lost", "exception": error, "future": held}
        )
        logging.getLogger("asyncio").warning("Executing %s took %.3f seconds", held, 0.2)
    assert [line["event"] for line in written.lines] == ["Task's exception was lost", "Executing"]
    assert "a reader's text" not in written.text
    assert "ValueError" in written.text


@pytest.mark.criterion("sec.4")
def test_a_token_is_hidden_even_where_nobody_knows_it() -> None:
    everything()
    with Written() as written:
        for hide in HIDING.values():
            hide(TOKEN)
        get_logger("yabot").info("x", it=SecretStr("hush-hush"), password="hush-hush")
    assert TOKEN not in written.text
    assert "hush-hush" not in written.text


@pytest.mark.criterion("sec.4")
def test_a_line_that_cannot_be_written_is_not_shown_either(tmp_path: Path) -> None:
    everything("hush-hush")
    with Written() as written:
        written_to = logging.getLogger().handlers[-1]
        written_to.format = lambda record: 1 / 0  # type: ignore[method-assign,assignment,return-value]
        logging.getLogger("lib").error("it is %s", "hush-hush")
    assert written.text == "A log line of lib could not be written: ZeroDivisionError\n"


def configured() -> Settings:
    environ = {
        "BOT_TOKEN": TOKEN,
        "WEBHOOK_URL": "https://bot.example.org",
        "WEBHOOK_SECRET": "hook-secret-of-ours",
        "MONGODB_URI": "mongodb://u:mongo-pass%40@db.example.org",
        "DATABASE_URL": "postgresql://u:sql-password@db.example.org/yabot",
        "REDIS_URL": "redis://:redis-password@db.example.org",
    }
    return ConfigManager(environ, None).load()


@pytest.mark.parametrize("by", ["moved", "removed"])
def test_a_file_that_somebody_has_taken_away_is_begun_anew(by: str, tmp_path: Path) -> None:
    file = logging_to(tmp_path / "yabot.log")
    EARLY.warning("first")
    file.rename(tmp_path / "moved") if by == "moved" else file.unlink()
    EARLY.warning("second")
    assert [json.loads(line)["event"] for line in file.read_text().splitlines()] == ["second"]
    if by == "moved":
        assert "second" not in (tmp_path / "moved").read_text()


def test_a_file_that_cannot_be_put_away_goes_on(tmp_path: Path) -> None:
    file = logging_to(tmp_path / "yabot.log")
    (tmp_path / "yabot.log.1").mkdir()
    with Written() as written:
        for number in range(30):
            EARLY.warning("line", number=number)
    numbers = [json.loads(line)["number"] for line in file.read_text().splitlines()]
    assert numbers == list(range(30))
    assert written.text == f"{file} cannot be put away, and grows on: Is a directory\n"


def logging_to(file: Path) -> Path:
    """The file alone, as small as may be, with one that is put away."""
    chosen = {"file_path": file, "max_file_size": 1000, "backup_count": 1}
    configure_logging(LoggingSettings.model_validate(chosen), [], terminal=False)
    return file
