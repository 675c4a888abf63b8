"""Users of ``db.json``, in the order of the file, whatever is broken between them."""

import io
import json
import os
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from tests.features.legacy.sources.corpus import SOUND
from yabot.errors import InvalidInput
from yabot.features.legacy.record import Record, Refusal
from yabot.features.legacy.sources import json_scanner
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.sources.json_scanner import LONGEST_MEMBER, Scanner
from yabot.features.legacy.sources.port import Damage, Entry
from yabot.features.legacy.sources.profile import interpret, parse

Users = dict[str, Any]


def _users(count: int = 4) -> Users:
    """Who writes what a parser could take for the end of something."""
    names = ("Ana", "José 💋", 'quo"te', "br}ace{", "back\\slash", "li\nne", '"7": {"kisses": 1}')
    return {
        str(number): {**SOUND, "telegram_id": str(number), "first_name": names[number % len(names)]}
        for number in range(1, count + 1)
    }


def _scan(content: bytes, longest: int = LONGEST_MEMBER) -> tuple[list[Entry], Damage | None]:
    found = list(Scanner(io.BytesIO(content), longest))
    damages = [each for each in found if isinstance(each, Damage)]
    assert damages == [each for each in found[-1:] if isinstance(each, Damage)]
    return [each for each in found if isinstance(each, Entry)], next(iter(damages), None)


def _read(content: bytes, longest: int = LONGEST_MEMBER) -> tuple[Users, list[str], Damage | None]:
    """Those who can be imported, the keys of those who cannot, and where it broke off."""
    entries, damage = _scan(content, longest)
    judged = [(each, interpret(each.key, each.text)) for each in entries]
    whole = {each.key: parse(each.text) for each, said in judged if isinstance(said, Record)}
    return whole, [each.key for each, said in judged if isinstance(said, Refusal)], damage


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("indent", [None, 2])
def test_what_python_writes_is_read(encoding: str, indent: int | None) -> None:
    users = _users(8)
    text = json.dumps(users, ensure_ascii=False, indent=indent)
    assert _read(text.encode(encoding)) == (users, [], None)


@given(
    st.dictionaries(
        st.integers(1, 99).map(str),
        st.dictionaries(st.text(), st.floats(allow_nan=False) | st.text() | st.booleans()),
    ),
    st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}]),
)
def test_whatever_the_users_are_they_are_read(users: Users, options: dict[str, Any]) -> None:
    text = json.dumps(users, **options)
    entries, damage = _scan(text.encode())
    assert {each.key: json.loads(each.text) for each in entries} == users
    assert damage is None


@pytest.mark.standard
@pytest.mark.parametrize("options", [{"indent": 2, "ensure_ascii": False}, {}], ids=["new", "old"])
def test_of_a_torn_file_all_whole_users_are_read(options: dict[str, Any]) -> None:
    users = _users()
    content = json.dumps(users, **options).encode()
    ends = _ends_of_users(users, content)
    for size in range(len(content)):
        whole, refused, damage = _read(content[:size])
        expected = sum(end <= size for end in ends)
        assert list(whole) == list(users)[:expected], size
        assert all(users[key] == whole[key] for key in whole)
        assert refused == []
        assert damage is not None
        last = f"behind user {expected}" if expected else "before any user"
        assert damage.where.endswith(last)


def _ends_of_users(users: Users, content: bytes) -> list[int]:
    """How long the file must be for each to be whole in it."""
    text = content.decode()
    begins = [text.index(f'"{key}": {{') + len(f'"{key}": ') for key in users]
    ends = [json.JSONDecoder().raw_decode(text, begin)[1] for begin in begins]
    return [len(text[:end].encode()) for end in ends]


def test_where_it_broke_off_is_told_by_byte_and_user() -> None:
    content = json.dumps(_users(), ensure_ascii=False).encode()
    torn = content[: content.index(b'"4": {') + 30]
    _, damage = _scan(torn)
    assert damage is not None
    place = content.index(b'"4": {') + len('"4": ')
    assert damage.where == f"the file breaks off at byte {place}, behind user 3"


BROKEN: dict[str, Callable[[str], str]] = {
    "two commas": lambda user: user.replace('"kisses": 12,', '"kisses": 12,,'),
    "no comma": lambda user: user.replace('"kisses": 12,', '"kisses": 12'),
    "a quote too few": lambda user: user.replace('"ana"', '"ana'),
    "a quote too many": lambda user: user.replace('"ana"', '"an"a"'),
    "a bracket too few": lambda user: user[:-1],
    "a bracket too many": lambda user: user + "}",
    "a list that stays open": lambda user: user.replace('"rosa"]', '"rosa"'),
    "torn within what it keeps": lambda user: user[: user.rindex("{}")] + '{"a": {"b": [1',
    "single quotes": lambda user: user.replace('"ana"', "'ana'"),
    "a word that is none of JSON's": lambda user: user.replace("null", "None"),
    "no value": lambda _user: "",
    "cut in its middle": lambda user: user[: len(user) // 2],
    "zeros from a crash": lambda user: user[:40] + "\0" * 500 + user[540:],
    "an end in its middle": lambda user: user.replace('"kisses": 12,', '"kisses": 12,,} x '),
    "levels without end": lambda user: user.replace("{}", "[" * 50_000 + "]" * 50_000),
    "somebody else's end": lambda user: user + user[-50:],
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("how", BROKEN.values(), ids=BROKEN.keys())
def test_one_that_is_broken_is_refused_alone(how: Callable[[str], str], indent: int | None) -> None:
    users = _users(3) | {key: {**SOUND, "telegram_id": key} for key in ("4", "5")}
    texts = {key: json.dumps(value, indent=indent) for key, value in users.items()}
    texts["4"] = how(texts["4"])
    content = "{" + ", ".join(f'"{key}": {text}' for key, text in texts.items()) + "}"
    whole, refused, damage = _read(content.encode())
    others = {key: value for key, value in users.items() if key != "4"}
    assert {key: value for key, value in whole.items() if key != "4"} == others
    assert damage is None
    assert refused == ["4"] or ("4" in whole and all(each.startswith("byte ") for each in refused))


@given(st.data())
def test_whatever_is_done_to_a_file_who_stands_before_it_is_read(data: st.DataObject) -> None:
    users = _users()
    content = json.dumps(users, ensure_ascii=False).encode()
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, min(len(content), begin + 200)))
    inside = data.draw(
        st.binary(max_size=20) | st.sampled_from([b'"', b"{", b"}", b"\\", b",", b"]"])
    )
    whole, _, _ = _read(content[:begin] + inside + content[end:])
    before = sum(each <= begin for each in _ends_of_users(users, content))
    kept = list(users)[: max(0, before - 1)]
    assert {key: whole.get(key) for key in kept} == {key: users[key] for key in kept}


class CountingDecoder(json.JSONDecoder):
    """How many characters it has looked at."""

    looked_at = 0

    @override
    def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
        try:
            found, end = super().raw_decode(s, idx)
        except json.JSONDecodeError as error:
            self.looked_at += error.pos - idx
            raise
        self.looked_at += end - idx
        return found, end


def test_who_has_lost_their_last_bracket_is_not_read_with_all_behind_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To read these again for each of them takes hours, where there are many."""
    decoder = CountingDecoder()
    monkeypatch.setattr(json_scanner, "_decoder", decoder)
    users = {key: {"telegram_id": key} | value for key, value in _users(200).items()}
    members = (f'"{key}": {json.dumps(value)[:-1]}' for key, value in users.items())
    content = ("{" + ", ".join(members) + "}").encode()
    entries, _ = _scan(content)
    assert [each.key for each in entries] == [*users]
    assert decoder.looked_at < 3 * len(content)


def test_whom_a_broken_user_only_knows_is_no_user() -> None:
    """Their own entry may stand before, and the later one of a key counts."""
    friends = json.dumps({"1": {"kisses": 99, "first_name": "x"}, "3": {"kisses": 99}})
    users = _users(3)
    texts = {key: json.dumps(user) for key, user in users.items()}
    texts["2"] = texts["2"].replace("{}", f'{{"friends": {friends}}}').replace(": 12,", ": 12,,")
    content = "{" + ", ".join(f'"{key}": {text}' for key, text in texts.items()) + "}"
    whole, refused, damage = _read(content.encode())
    assert whole == {"1": users["1"], "3": users["3"]}
    assert (refused, damage) == (["2"], None)


def test_a_quote_too_few_within_what_is_kept_costs_nobody_else() -> None:
    text = '{"1": {"metadata": {"a": {"b": "c}}}, "2": {"kisses": 2}, "3": {"kisses": 3}}'
    assert _read(text.encode()) == ({"2": {"kisses": 2}, "3": {"kisses": 3}}, ["1"], None)


def test_what_stands_between_users_is_reported_by_its_place() -> None:
    text = '{"1": {"kisses": 1}, oops: [2, "3", "4": {"kisses": 4}}'
    whole, refused, damage = _read(text.encode())
    assert (list(whole), refused, damage) == (["1", "4"], ["byte 19"], None)


def test_a_member_without_a_name_has_one_in_the_report(tmp_path: Path) -> None:
    file = tmp_path / "db.json"
    file.write_bytes(b'{"1": {}, "": {"kisses": 3}}')
    assert [*JsonFile().entries(file)] == [
        Entry("1", "{}"),
        Entry("without a name", '{"kisses": 3}'),
    ]


def test_an_end_in_the_middle_ends_it() -> None:
    content = json.dumps(_users(3)).encode()
    whole, refused, damage = _read(content + content[200:])
    assert list(whole) == ["1", "2", "3"]
    assert refused == []
    assert damage is not None
    assert f"goes on behind its end at byte {len(content)}" in damage.where


@pytest.mark.parametrize("content", [b"", b"  ", b"[1]", b"null", b"\0\0\0\0\0\0", b"\xff\xff"])
def test_what_is_no_object_is_damage(content: bytes) -> None:
    entries, damage = _scan(content)
    assert entries == []
    assert damage is not None


def test_who_stands_there_twice_comes_twice() -> None:
    entries, _ = _scan(b'{"7": {"kisses": 1}, "8": {}, "7": {"kisses": 2}}')
    assert [each.key for each in entries] == ["7", "8", "7"]


def test_any_database_takes_what_is_no_unicode() -> None:
    content = b'{"7": {"first_name": "Jos\xe9", "x": "\0"}, "\xff": {}, "\\ud83d": {}, "\\q": {}}'
    entries, damage = _scan(content)
    assert damage is None
    for each in entries:
        (each.key + each.text).encode()
        assert "\0" not in each.key + each.text
    said = interpret("7", entries[0].text)
    assert isinstance(said, Record)
    assert said.user.first_name == "José"
    assert len({each.key for each in entries}) == 4


@pytest.mark.standard
@pytest.mark.parametrize("size", [70_000, 1_100_000, 3_000_000])
def test_a_large_user_is_read_like_any_other(size: int) -> None:
    users = _users(3)
    users["2"]["metadata"] = {"note": 'x"{' * (size // 3), "more": {"7": {"kisses": 1}}}
    assert _read(json.dumps(users).encode()) == (users, [], None)


@pytest.mark.standard
def test_one_without_end_is_refused_and_the_others_are_read() -> None:
    users = _users(3)
    users["2"]["metadata"] = {"note": '\\"{' * 1_000_000, "more": [[], {}]}
    whole, refused, damage = _read(json.dumps(users).encode(), longest=1_000_000)
    assert (list(whole), refused, damage) == (["1", "3"], ["2"], None)


@pytest.mark.parametrize("end", ["\\", '\\"', "\\\\", "", '"', '"}'])
def test_one_without_end_may_be_torn_anywhere(end: str) -> None:
    content = '{"1": {}, "2": {"note": "' + "x" * 300_000 + end
    entries, damage = _scan(content.encode(), longest=1000)
    assert [each.key for each in entries] == ["1", "2"]
    assert damage is not None


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file() -> None:
    count = 20_000
    file = io.BufferedReader(_Endless(count))
    tracemalloc.start()
    try:
        assert sum(1 for _ in Scanner(file)) == count
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * 1024**2


class _Endless(io.RawIOBase):
    """A file of many users that is written while it is read."""

    def __init__(self, count: int) -> None:
        self._parts = self._written(count)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            self._left = next(self._parts, b"")
            if not self._left:
                return 0
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size

    @staticmethod
    def _written(count: int) -> Iterator[bytes]:
        value = json.dumps(SOUND).encode()
        yield b"{"
        for number in range(1, count + 1):
            yield (b"" if number == 1 else b", ") + b'"%d": ' % number + value
        yield b"}"


def test_a_copy_is_taken_when_the_old_bot_has_written(tmp_path: Path) -> None:
    """It empties the file first, and fills it bit by bit."""
    file, copy = tmp_path / "db.json", tmp_path / "copy"
    content = json.dumps(_users()).encode()
    parts = iter([b"", content[:100], content[:-1], content])
    looks: list[float] = []

    def wait(seconds: float) -> None:
        looks.append(seconds)
        if (part := next(parts, None)) is not None:
            file.write_bytes(part)

    file.write_bytes(content[:50])
    JsonFile(wait).copy(file, copy)
    assert copy.read_bytes() == content
    assert len(looks) == 4


def test_a_file_that_nobody_writes_is_copied_at_once(tmp_path: Path) -> None:
    file, copy = tmp_path / "db.json", tmp_path / "copy"
    for content in (json.dumps(_users()), '{"1": {"kis'):
        file.write_text(content)
        os.utime(file, (0, 0))
        JsonFile(_never).copy(file, copy)
        assert copy.read_text() == content


def _never(_seconds: float) -> None:
    raise AssertionError


def test_a_file_that_stays_torn_is_copied_as_it_is(tmp_path: Path) -> None:
    file, copy = tmp_path / "db.json", tmp_path / "copy"
    content = json.dumps(_users()).encode()[:-80]
    file.write_bytes(content)
    JsonFile(lambda _seconds: None).copy(file, copy)
    assert copy.read_bytes() == content


def test_a_file_that_goes_while_it_is_copied(tmp_path: Path) -> None:
    file = tmp_path / "db.json"
    file.write_bytes(b"{")
    with pytest.raises(InvalidInput, match="is not there any more"):
        JsonFile(lambda _seconds: file.unlink()).copy(file, tmp_path / "copy")
