"""Our own keys: made at first use, private apart from public, and rotated without a gap."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from yabot.api.auth.keys import LIFETIME, KeyFolder
from yabot.api.jose.signing import SigningKey
from yabot.errors import ConfigurationError

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SOON = timedelta(minutes=1)


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "keys")


def kids(keys: KeyFolder, now: datetime) -> list[str]:
    return [each.key.kid for each in keys.published(now)]


def test_a_key_is_made_at_first_use_and_kept(keys: KeyFolder) -> None:
    assert kids(keys, NOW) == []
    made = keys.signing(NOW)
    assert keys.signing(NOW + SOON) == made
    assert kids(keys, NOW) == [made.kid]


def test_it_is_its_owners_alone_and_the_private_part_lies_apart(
    keys: KeyFolder, tmp_path: Path
) -> None:
    secret = json.loads(keys.signing(NOW).text)["d"]
    files = [path for path in (tmp_path / "keys").rglob("*") if path.is_file()]
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600, 0o600]
    holders = [path.parent.name for path in files if secret in path.read_text()]
    assert holders == ["private"]


def test_a_new_key_is_published_a_lifetime_before_it_signs_and_after(keys: KeyFolder) -> None:
    former = keys.signing(NOW)
    new = keys.rotate(NOW + SOON)
    assert new.signs_from == NOW + SOON + LIFETIME
    assert kids(keys, NOW + SOON) == [former.kid, new.key.kid]
    before = new.signs_from - SOON
    assert keys.signing(before) == former
    assert keys.signing(new.signs_from).kid == new.key.kid
    # The last token of the former one was signed just before.
    assert former.kid in kids(keys, new.signs_from + LIFETIME - SOON)
    assert former.kid not in kids(keys, new.signs_from + LIFETIME)
    assert new.key.kid in kids(keys, new.signs_from + 10 * LIFETIME)


def test_a_key_that_is_to_come_is_not_made_again(keys: KeyFolder) -> None:
    keys.signing(NOW)
    assert keys.rotate(NOW) == keys.rotate(NOW + SOON)


def test_what_has_ceased_keeps_no_private_part(keys: KeyFolder, tmp_path: Path) -> None:
    former = keys.signing(NOW)
    second = keys.rotate(NOW)
    keys.rotate(second.signs_from)
    private = {path.stem for path in (tmp_path / "keys" / "private").iterdir()}
    assert former.kid not in private
    assert second.key.kid in private
    assert former.kid in kids(keys, second.signs_from)


def test_after_a_leak_no_other_key_is_left(keys: KeyFolder, tmp_path: Path) -> None:
    keys.signing(NOW)
    keys.rotate(NOW)
    new = keys.replace(NOW + SOON)
    assert kids(keys, NOW + SOON) == [new.key.kid] == [keys.signing(NOW + SOON).kid]
    assert len([path for path in (tmp_path / "keys").rglob("*") if path.is_file()]) == 2


@pytest.mark.parametrize("text", ["", "junk", "[]", "{}", '{"signs_from": 1}', "\x00"])
def test_a_file_that_is_no_key_is_passed_over(keys: KeyFolder, tmp_path: Path, text: str) -> None:
    made = keys.signing(NOW)
    (tmp_path / "keys" / "public" / "other.json").write_text(text)
    assert kids(keys, NOW) == [made.kid]


def test_without_its_private_part_it_is_said_where_that_is_missed(
    keys: KeyFolder, tmp_path: Path
) -> None:
    made = keys.signing(NOW)
    (tmp_path / "keys" / "private" / f"{made.kid}.json").unlink()
    with pytest.raises(ConfigurationError, match=r"API_KEYS_DIR: .*yabot token rotate --at-once"):
        keys.signing(NOW)


def test_a_folder_into_which_others_may_write_is_refused(keys: KeyFolder, tmp_path: Path) -> None:
    keys.signing(NOW)
    (tmp_path / "keys" / "public").chmod(0o777)
    with pytest.raises(ConfigurationError, match="API_KEYS_DIR: others may write"):
        keys.published(NOW)


@pytest.mark.parametrize("signs_from", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_key_of_no_possible_moment_is_passed_over(
    keys: KeyFolder, tmp_path: Path, signs_from: str
) -> None:
    own = keys.rotate(NOW)
    about = {**SigningKey.generate().public.jwk, "signs_from": signs_from}
    (tmp_path / "keys" / "public" / "other.json").write_text(json.dumps(about))
    assert keys.published(NOW) == [own]


def test_a_key_that_never_signs_is_published_like_any_other(
    keys: KeyFolder, tmp_path: Path
) -> None:
    keys.rotate(NOW)
    about = {**SigningKey.generate().public.jwk, "signs_from": "9999-12-31T23:59:59Z"}
    (tmp_path / "keys" / "public" / "other.json").write_text(json.dumps(about))
    assert len(keys.published(NOW)) == 2
