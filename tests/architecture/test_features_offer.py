"""A feature takes from another one what that offers, and nothing that it is made of."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.modules import SOURCE, modules, tree_of

FEATURES = "yabot.features."
# What each may offer by a module of that name.
BY_ALL = {"api", "events", "model", "service"}
# What some offer besides.
OFFERED = {
    # The bounds of an item, the part of a reader's document, and what is for sale.
    "items": {"entry", "inventory", "shelf"},
    # The part of a reader's document; what a page is, and what is shown of it.
    "narrative": {"state", "story.model", "story.scene"},
    # When access begins and ends.
    "subscriptions": {"terms"},
    # What the API says of people, how they are called, messages that no update asks for, and the
    # document in which other features keep their parts.
    "users": {"api_models", "contact", "names", "notices", "states"},
}
# Who takes what is another's own, and why no service can stand between.
EXCEPTIONS = {
    # An account is opened in one statement with the look whether its reader is there.
    ("besitos", "users.repository"),
    # A language that has been chosen shows the page again, as the story's own buttons do.
    ("menu", "narrative.handlers"),
    # The old store is held against all that there is of readers in one transaction.
    ("legacy", "besitos.journal"),
    ("legacy", "besitos.repository"),
    ("legacy", "subscriptions.repository"),
    ("legacy", "users.forgotten"),
    ("legacy", "users.repository"),
    ("legacy", "users.tables"),
}


@pytest.mark.standard
def test_a_feature_takes_what_another_offers_and_nothing_else() -> None:
    taken = [each for path in modules(FEATURES[:-1]) for each in taken_from_others(path)]
    assert len(taken) > 100
    refused = [
        f"{place}: '{feature}' takes {module}, which is that feature's own; ask its service, or "
        "let it offer that (OFFERED in tests/architecture/test_features_offer.py)"
        for feature, module, place in taken
        if not is_offered(module) and (feature, module) not in EXCEPTIONS
    ]
    assert not refused, "\n".join(refused)
    needed = {(feature, module) for feature, module, _ in taken if not is_offered(module)}
    assert needed == EXCEPTIONS, "an exception that nobody needs any more"


def is_offered(module: str) -> bool:
    feature, _, name = module.partition(".")
    return name in BY_ALL | OFFERED.get(feature, set())


def taken_from_others(path: Path) -> Iterator[tuple[str, str, str]]:
    """Who takes, from which module of another feature, and where."""
    place = path.relative_to(SOURCE)
    if place.parts[0] != "features":
        return
    own = place.parts[1]
    for node in ast.walk(tree_of(path)):
        for name in imported(node):
            module = name.removeprefix(FEATURES)
            if module != name and module.partition(".")[0] != own:
                yield own, module, f"{place}:{node.lineno}"  # type: ignore[attr-defined]


def imported(node: ast.AST) -> Iterator[str]:
    """The modules; of a package, such as ``yabot.features.besitos``, what is named is one."""
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        inside = f"{node.module}." if node.module.count(".") < 3 else ""
        yield from (inside + each.name if inside else node.module for each in node.names)


def test_whatever_way_it_is_imported() -> None:
    said = (
        "import yabot.features.shop.order\n"
        "from yabot.features.shop import order\n"
        "from yabot.features.shop.order import Order\n"
    )
    names = [name for node in ast.parse(said).body for name in imported(node)]
    assert names == ["yabot.features.shop.order"] * 3
    assert not is_offered("shop.order")
