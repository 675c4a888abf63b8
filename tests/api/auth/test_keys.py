"""Our own keys: made at first use, private apart from public, and rotated without a gap."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from tests.few_files import no_more_files
from yabot.api.auth.key_kinds import TOKENS
from yabot.api.auth.keys import (
    LIFETIME,
    KeyFolder,
    OwnKey,
    SigningKeys,
    answer_keys,
    encryption_keys,
    offered,
    token_keys,
)
from yabot.api.jose.encryption import decrypt
from yabot.api.jose.signing import SigningKey
from yabot.errors import ConfigurationError
from yabot.machine_limits import LimitReached

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SOON = timedelta(minutes=1)


@pytest.fixture
def keys(tmp_path: Path) -> SigningKeys:
    return token_keys(tmp_path / "keys")


def kids(keys: KeyFolder[Any, Any], now: datetime) -> list[str]:
    return [each.key.kid for each in keys.published(now)]


def test_a_key_is_made_at_first_use_and_kept(keys: SigningKeys) -> None:
    assert kids(keys, NOW) == []
    made = keys.current(NOW)
    assert keys.current(NOW + SOON) == made
    assert kids(keys, NOW) == [made.kid]


def test_a_limit_of_the_machine_is_no_mistake_in_the_configuration(keys: SigningKeys) -> None:
    """Neither where a key is to be made nor where one is to be read."""
    for _ in range(2):
        with no_more_files(), pytest.raises(LimitReached, match="may not open as many files"):
            keys.current(NOW)
        keys.current(NOW)


def test_it_is_its_owners_alone_and_the_private_part_lies_apart(
    keys: SigningKeys, tmp_path: Path
) -> None:
    secret = json.loads(keys.current(NOW).text)["d"]
    files = [path for path in (tmp_path / "keys").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    holders = [path.parent.name for path in files if secret in path.read_text()]
    assert holders == ["private"]


def test_a_new_key_is_published_a_lifetime_before_it_signs_and_after(
    keys: SigningKeys,
) -> None:
    former = keys.current(NOW)
    new = keys.rotate(NOW + SOON)
    assert new.used_from == NOW + SOON + LIFETIME
    assert kids(keys, NOW + SOON) == [former.kid, new.key.kid]
    before = new.used_from - SOON
    assert keys.current(before) == former
    assert keys.current(new.used_from).kid == new.key.kid
    # The last token of the former one was signed just before.
    assert former.kid in kids(keys, new.used_from + LIFETIME - SOON)
    assert former.kid not in kids(keys, new.used_from + LIFETIME)
    assert new.key.kid in kids(keys, new.used_from + 10 * LIFETIME)


def test_a_key_that_is_to_come_is_not_made_again(keys: SigningKeys) -> None:
    keys.current(NOW)
    assert keys.rotate(NOW) == keys.rotate(NOW + SOON)


def test_what_has_ceased_keeps_no_private_part(keys: SigningKeys, tmp_path: Path) -> None:
    former = keys.current(NOW)
    second = keys.rotate(NOW)
    keys.rotate(second.used_from)
    private = {path.stem for path in (tmp_path / "keys" / "private").iterdir()}
    assert former.kid not in private
    assert second.key.kid in private
    assert former.kid in kids(keys, second.used_from)


def test_after_a_leak_no_other_key_is_left(keys: SigningKeys, tmp_path: Path) -> None:
    keys.current(NOW)
    keys.rotate(NOW)
    new = keys.replace(NOW + SOON)
    assert kids(keys, NOW + SOON) == [new.key.kid] == [keys.current(NOW + SOON).kid]
    assert len(list((tmp_path / "keys").rglob("*.json"))) == 2


@pytest.mark.parametrize("text", ["", "junk", "[]", "{}", '{"signs_from": 1}', "\x00"])
def test_a_file_that_is_no_key_is_passed_over(keys: SigningKeys, tmp_path: Path, text: str) -> None:
    made = keys.current(NOW)
    (tmp_path / "keys" / "public" / "other.json").write_text(text)
    assert kids(keys, NOW) == [made.kid]


def test_without_its_private_part_it_is_said_where_that_is_missed(
    keys: SigningKeys, tmp_path: Path
) -> None:
    made = keys.current(NOW)
    (tmp_path / "keys" / "private" / f"{made.kid}.json").unlink()
    with pytest.raises(ConfigurationError, match=r"API_KEYS_DIR: .*yabot token rotate --at-once"):
        keys.current(NOW)


class Replaced(KeyFolder[Any, Any]):
    """Somebody replaces the key behind a look at which there are."""

    is_due = True

    @override
    def _kept(self) -> list[OwnKey[Any]]:
        found = super()._kept()
        if self.is_due:
            self.is_due = False
            self.replace(NOW)
        return found


def test_a_key_that_is_replaced_just_then_is_not_missed(keys: SigningKeys, tmp_path: Path) -> None:
    made = keys.current(NOW)
    now = Replaced(tmp_path / "keys", TOKENS).current(NOW)
    assert [made.kid] != [now.kid] == kids(keys, NOW)


def test_nobody_is_told_of_a_file_that_is_gone_with_its_key(
    keys: SigningKeys, tmp_path: Path
) -> None:
    keys.current(NOW)
    published = keys.published(NOW)
    keys.replace(NOW)
    with capture_logs() as logs:
        assert keys.usable(published) == {}
    assert logs == []


def test_a_folder_into_which_others_may_write_is_refused(keys: SigningKeys, tmp_path: Path) -> None:
    keys.current(NOW)
    (tmp_path / "keys" / "public").chmod(0o777)
    with pytest.raises(ConfigurationError, match="API_KEYS_DIR: others may write"):
        keys.published(NOW)


@pytest.mark.parametrize("signs_from", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_key_of_no_possible_moment_is_passed_over(
    keys: SigningKeys, tmp_path: Path, signs_from: str
) -> None:
    own = keys.rotate(NOW)
    about = {**SigningKey.generate().public.jwk, "signs_from": signs_from}
    (tmp_path / "keys" / "public" / "other.json").write_text(json.dumps(about))
    assert keys.published(NOW) == [own]


def test_a_key_that_never_signs_is_published_like_any_other(
    keys: SigningKeys, tmp_path: Path
) -> None:
    keys.rotate(NOW)
    about = {**SigningKey.generate().public.jwk, "signs_from": "9999-12-31T23:59:59Z"}
    (tmp_path / "keys" / "public" / "other.json").write_text(json.dumps(about))
    assert len(keys.published(NOW)) == 2


def test_many_who_need_the_first_key_at_once_have_the_same(tmp_path: Path) -> None:
    at_once = Barrier(8)

    def begin(_: int) -> str:
        """As a process that starts: its folder is opened by itself."""
        keys = token_keys(tmp_path / "keys")
        at_once.wait()
        return keys.current(NOW).kid

    with ThreadPoolExecutor(8) as pool:
        (kid,) = set(pool.map(begin, range(8)))
    assert kids(token_keys(tmp_path / "keys"), NOW) == [kid]


def test_what_is_encrypted_for_a_key_can_be_read_as_long_as_it_is_published(
    tmp_path: Path,
) -> None:
    keys = encryption_keys(tmp_path / "keys")
    former = keys.current(NOW)
    new = keys.rotate(NOW)
    assert set(keys.usable(keys.published(NOW))) == {former.kid, new.key.kid}
    # Another rotation tidies up.
    keys.rotate(new.used_from)
    (late,) = set(keys.usable(keys.published(new.used_from))) & {former.kid}
    secret = former.public.encrypt(b"late", "text/plain").encode()
    assert decrypt(secret, keys.usable(keys.published(new.used_from)).get) == b"late"
    assert late not in keys.usable(keys.published(new.used_from + LIFETIME))
    keys.rotate(new.used_from + LIFETIME)
    assert not list((tmp_path / "keys" / "encryption").rglob(f"{former.kid}.json"))


def test_the_key_to_use_is_offered_first_and_those_of_the_past_last(tmp_path: Path) -> None:
    keys = encryption_keys(tmp_path / "keys")
    first = keys.current(NOW)
    second = keys.rotate(NOW)
    third = keys.rotate(second.used_from)
    published = keys.published(second.used_from)
    kids_offered = [each.key.kid for each in offered(published, second.used_from)]
    assert kids_offered == [second.key.kid, third.key.kid, first.kid]


def test_each_kind_of_key_lies_in_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    of_tokens, of_answers = token_keys(folder).current(NOW), answer_keys(folder).current(NOW)
    for_us = encryption_keys(folder).current(NOW)
    assert kids(token_keys(folder), NOW) == [of_tokens.kid]
    assert (folder / "answers" / "private" / f"{of_answers.kid}.json").exists()
    assert (folder / "encryption" / "private" / f"{for_us.kid}.json").exists()
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_dir()} == {0o700}


def test_a_private_part_that_is_missing_is_passed_over_unless_it_is_in_use(
    tmp_path: Path,
) -> None:
    keys = encryption_keys(tmp_path / "keys")
    former, new = keys.current(NOW), keys.rotate(NOW)
    private = tmp_path / "keys" / "encryption" / "private"
    (private / f"{new.key.kid}.json").unlink()
    assert set(keys.usable(keys.published(NOW))) == {former.kid}
    (private / f"{former.kid}.json").unlink()
    with pytest.raises(ConfigurationError, match="yabot service keys --rotate --at-once"):
        keys.current(NOW)
