"""Explains YAML errors to authors, with a mend: YAML's own messages are about tokens."""

from yaml.error import MarkedYAMLError

from yabot.error_text import unquoted

_GROUP = "between {0} and {1} a comma or the {1} is missing, or a text needs quotes"
LOST_WORD = "a text that begins with ! or & needs quotes"
# Mends by the beginning of YAML's message: context, then problem.
_MENDS = (
    ("while parsing a flow mapping", _GROUP.format("{", "}")),
    ("while parsing a flow sequence", _GROUP.format("[", "]")),
    ("while parsing a flow node", "within { } or [ ] a text or the closing bracket is missing"),
    (
        "while parsing a block",
        "this line is indented too far or too little, or a text goes on behind a quote or a "
        "bracket: then all of it needs quotes",
    ),
    ("while scanning a quoted scalar", "a quote is opened and not closed"),
    ("while scanning a double-quoted scalar", 'within "…" a \\ is written \\\\'),
    ("while scanning a block scalar", "a block begins with | or |- alone, and its text below"),
    ("while scanning a simple key", "a key has ': ' behind it, a text of several lines is a block"),
    ("while scanning a tag", LOST_WORD),
    ("while scanning an anchor", LOST_WORD),
    ("while parsing a tag", LOST_WORD),
    ("while parsing a node found undefined tag", LOST_WORD),
    ("while scanning an alias", "a text that begins with * needs quotes"),
    (
        "while scanning for the next token found character '\\t'",
        "there is a tab before a text; YAML takes blanks only: put a blank in its place",
    ),
)
# Advice to be added to YAML's own words, where those are plain enough.
_ADVICE = (
    ("mapping values are not allowed", "a text with ': ' in it needs quotes, or a block: |-"),
    (
        "while scanning for the next token",
        "a text that begins like this needs quotes, or a block: |-",
    ),
)
# These errors are noticed at their end, perhaps the end of the file, but mended at their beginning.
_BEGUN = ("while scanning a quoted scalar", "while scanning a simple key")


def line_of(error: MarkedYAMLError) -> int:
    """The line to mend, counted from 1."""
    begun, found = error.context_mark, error.problem_mark
    mark = begun if _is_begun(error) else found or begun
    return mark.line + 1 if mark else 1


def sentence_of(error: MarkedYAMLError) -> str:
    said = " ".join(part for part in (error.context, error.problem) if part)
    mend = _find(_MENDS, said)
    advice = "" if mend else _find(_ADVICE, said)
    told = mend or unquoted(said) + (f" ({advice})" if advice else "")
    return f"not valid YAML: {told}{_beginning(error)}"


def _is_begun(error: MarkedYAMLError) -> bool:
    """Whether the line to mend is where the error begins."""
    context, problem = error.context or "", error.problem or ""
    return context in _BEGUN or ("flow" in context and "<stream end>" in problem)


def _beginning(error: MarkedYAMLError) -> str:
    context, begun = error.context or "", error.context_mark
    if "flow" not in context or begun is None or begun.line + 1 == line_of(error):
        return ""
    return f"; it begins in line {begun.line + 1}"


def _find(sentences: tuple[tuple[str, str], ...], said: str) -> str:
    return next((sentence for start, sentence in sentences if said.startswith(start)), "")
