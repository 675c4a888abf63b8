"""`make feature` writes what passes, and refuses a name with a sentence."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mutants.checkout import Checkout
from scaffold.feature import Refused, add_feature, check_name

ROOT = Path(__file__).parents[2]
# None that somebody takes who follows CONTRIBUTING; and the longest that there can be, with which
# lines break elsewhere.
NAMES = ("one_made_by_a_test", "a_gift_for_every_new_day")
# Of the contract, what is on engines of its own.
ON_ENGINES = (
    "tests/architecture/test_new_feature.py",
    "tests/features/contract/test_answers.py",
    "tests/features/contract/test_pays_once.py",
)


def in_copy(checkout: Checkout, *command: str | Path) -> str:
    """What it says; a failure fails the test with it."""
    done = subprocess.run(command, cwd=checkout.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return done.stdout


def sources_in(folder: Path) -> dict[Path, str]:
    kinds = (".ftl", ".md", ".py", ".toml")
    return {path: path.read_text() for path in folder.rglob("*.*") if path.suffix in kinds}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of this one, with the new features in it."""
    copied = Checkout(tmp_path_factory.mktemp("scaffold") / "checkout")
    ruff = copied.python.with_name("ruff")
    ruff.symlink_to(Path(sys.executable).with_name("ruff"))
    for name in NAMES:
        said = in_copy(copied, copied.python, "-m", "scaffold", name)
        assert f"src/yabot/features/{name}/feature.py" in said
    return copied


@pytest.mark.slow
def test_new_features_pass_their_tests_and_the_contract(checkout: Checkout) -> None:
    tests = (
        *(f"tests/features/{name}" for name in NAMES),
        "tests/features/contract",
        "tests/architecture",
        "tests/docs",
    )
    chosen = (
        *("--tier", "standard", "-k", "not postgres"),
        *(f"--ignore={file}" for file in ON_ENGINES),
    )
    options = ("-q", "-p", "no:cacheprovider")
    said = in_copy(checkout, checkout.python, "-m", "pytest", *tests, *chosen, *options)
    assert "passed" in said


@pytest.mark.slow
def test_new_features_pass_the_checks(checkout: Checkout) -> None:
    ruff = checkout.python.with_name("ruff")
    in_copy(checkout, ruff, "format", "--check", ".")
    in_copy(checkout, ruff, "check", ".")
    in_copy(
        checkout, checkout.python, "-c", "from importlinter.cli import *; lint_imports_command()"
    )
    folders = [f"{where}/features/{name}" for where in ("src/yabot", "tests") for name in NAMES]
    in_copy(checkout, checkout.python, "-m", "mypy", *folders)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("DailyGift", "'DailyGift' cannot be a feature's name: use up to 24 small letters"),
        ("daily-gift", "such as daily_gift"),
        ("daily__gift", "single underscores"),
        ("2gifts", "cannot be a feature's name"),
        ("a" * 25, "up to 24"),
        ("", "cannot be a feature's name"),
        ("../gift", "cannot be a feature's name"),
        ("class", "'class' is a word of Python's: take another, such as my_class"),
        ("json", "is a word of Python's"),
        ("turn", "'turn' means something else where features are: take another"),
        ("shop", "there is a feature 'shop' already, in src/yabot/features/shop"),
        ("list", "is a word of Python's"),
        ("count", "'count' means something else where features are: take another"),
        ("metadata", "means something else where features are"),
        ("routes", "means something else where features are"),
        ("query", "means something else where features are"),
        ("event_chat", "means something else where features are"),
        ("head", "means something else where features are"),
        ("ayuda", "/ayuda is a command of the feature 'menu': take another"),
        ("refund", "/refund is a command of the feature 'subscriptions': take another"),
        ("story", "/story is a command of the feature 'narrative': take another"),
        ("payments", "'payments' is a table already: take another, such as my_payments"),
        ("updates", "'updates' is a table already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_a_sentence(name: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        check_name(ROOT, name)
    assert why in str(refused.value)


def test_what_stands_there_already_is_not_overwritten(tmp_path: Path) -> None:
    page = tmp_path / "docs/features/raffle.md"
    page.parent.mkdir(parents=True)
    page.touch()
    with pytest.raises(Refused, match=r"something in docs/features/raffle\.md already"):
        add_feature(tmp_path, "raffle")
    assert list(tmp_path.rglob("*.*")) == [page]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_stays_of_a_feature_that_fails(tmp_path: Path, name: str) -> None:
    """Here the program, which lists the events last, is one that does not start."""
    for file in ("src/yabot/app/features.py", "pyproject.toml", "docs/events.md"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, tmp_path / file)
    (tmp_path / "yabot.py").write_text("raise RuntimeError('it is broken')")
    before = sources_in(tmp_path)
    with pytest.raises(Refused, match="it is broken"):
        add_feature(tmp_path, name)
    assert sources_in(tmp_path) == before


def test_without_a_name_it_says_how_to_give_one() -> None:
    command = [sys.executable, "-m", "scaffold"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "say what it is called: make feature NAME=daily_gift\n"
