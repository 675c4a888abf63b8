"""No mistake in the configuration shows a secret, also not one that stands in the wrong place."""

from pathlib import Path

import pytest

from tests.hunting import Hunt
from yabot.errors import ConfigurationError
from yabot.settings import ConfigManager
from yabot.settings.reference import variables

pytestmark = pytest.mark.criterion("sec.4")
CONFIDED = 'c0nfided\'to "nobody" at-all%2F71'
WORD = "c0nfided_to_nobody_at_all_0123456789"
SECRET_VARIABLES = [variable.name for variable in variables() if variable.secret]
# Addresses that cannot be read, for this reason or that.
ADDRESSES = (
    "{0}",
    "ftp://u:{0}@h/d",
    "mongodb://u:{0}@h:port/",
    "mongodb://u:{0}/{0}?{0}@h",
    "mongodb://h/?authMechanismProperties={0}:{0}",
    "postgresql://u:{0}@h:x/d",
    "redis://u:{0}@h:99999999/0",
    "redis://:{0}@h/words",
    "rediss://:{0}@h?ssl_cert_reqs={0}&password={0}",
    "123:{0}",
)


def told(**environ: str) -> dict[str, bytes]:
    """All that the program says of that configuration."""
    manager = ConfigManager({"YABOT_ENV": "production", **environ}, None)
    said = manager.warnings()
    try:
        manager.load()
    except ConfigurationError as error:
        said += [*error.problems, repr(error)]
    return {"said": "\n".join(said).encode()}


def settings(**environ: str) -> dict[str, bytes]:
    return {"settings": repr(ConfigManager(environ, None).as_far_as_right()).encode()}


@pytest.mark.parametrize("secret", [CONFIDED, WORD])
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_secret_that_cannot_be_read_is_not_shown(address: str, secret: str) -> None:
    given = dict.fromkeys(SECRET_VARIABLES, address.format(secret))
    leaks = Hunt({"the secret": secret}).found({**told(**given), **settings(**given)})
    assert not leaks, leaks


@pytest.mark.parametrize(
    "pasted",
    [
        f"123456789:{WORD}",
        f"mongodb://u:{WORD}@h/d",
        f"postgresql://u:{WORD}@h/d",
        f"-----BEGIN PRIVATE KEY-----{WORD}",
        f"https://api.example.org/bot123456789:{WORD}/getMe",
        f"password={WORD}",
    ],
)
def test_a_secret_in_the_wrong_variable_is_not_repeated(pasted: str) -> None:
    others = [variable.name for variable in variables() if not variable.secret]
    leaks = Hunt({"the secret": WORD}).found(told(**dict.fromkeys(others, pasted)))
    assert not leaks, leaks


def test_a_file_that_cannot_be_read_does_not_show_its_lines(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"BOT_TOKEN='{WORD}\nREDIS_PASSWORD={WORD}\n")
    with pytest.raises(ConfigurationError) as refused:
        ConfigManager({}, file).load()
    leaks = Hunt({"the secret": WORD}).found({"said": str(refused.value).encode()})
    assert not leaks, leaks
