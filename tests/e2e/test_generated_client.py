"""A client that somebody else's generator has made of the document, at work with the program."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.api.tokens import token_for
from tests.e2e.program import Program
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

TOOLS = Path(sys.prefix) / "client" / "bin"
# What another service does in its first minutes.
SERVICE = """
import sys

from yabot_client import AuthenticatedClient
from yabot_client.api.narrative import get_fragment, get_story
from yabot_client.api.subscriptions import get_user_subscription
from yabot_client.api.users import (
    delete_user, get_user_state, put_user_preferences, register_user
)
from yabot_client.models import PreferencesBody, PreferencesBodyTheme, Problem, Registration

url, token = sys.argv[1:]
USER = "777000111"
with AuthenticatedClient(base_url=url, token=token, raise_on_unexpected_status=True) as client:
    nobody = get_user_state.sync(USER, client=client)
    assert isinstance(nobody, Problem) and nobody.code == "user_unknown", nobody
    known = Registration(user_id=USER, first_name="Iris", language_code="en")
    made = register_user.sync_detailed(client=client, body=known, idempotency_key="client-1")
    again = register_user.sync_detailed(client=client, body=known, idempotency_key="client-1")
    assert made.status_code == again.status_code == 201, made
    assert again.headers["Idempotent-Replayed"] == "true"
    wanted = PreferencesBody(
        language="es", notifications_enabled=False, theme=PreferencesBodyTheme.DARK
    )
    put_user_preferences.sync(USER, client=client, body=wanted)
    state = get_user_state.sync(USER, client=client)
    assert state.user_id == USER and state.preferences.theme == "dark", state
    assert state.created_at <= state.updated_at, state
    story = get_story.sync(client=client)
    fragment = get_fragment.sync(story.start, client=client)
    assert fragment.fragment_id == story.start, fragment
    print(get_user_subscription.sync(USER, client=client))
    gone = delete_user.sync_detailed(USER, client=client)
    assert gone.status_code in (200, 202, 204), gone
"""


@pytest.mark.criterion("4.1.1")
def test_it_is_made_and_works(playing: Program, tmp_path: Path) -> None:
    assert TOOLS.exists(), "`make client-maker` installs what makes clients"
    url = f"http://127.0.0.1:{playing.settings['API_PORT']}"
    document = tmp_path / "openapi.json"
    with urllib.request.urlopen(f"{url}/openapi.json", timeout=PATIENCE) as answer:
        document.write_bytes(answer.read())
    config = tmp_path / "config.yaml"
    config.write_text("post_hooks: []\n")
    made = _run(
        *(TOOLS / "openapi-python-client", "generate", "--meta", "none", "--fail-on-warning"),
        *("--config", config, "--path", document, "--output-path", tmp_path / "yabot_client"),
    )
    assert made.returncode == 0, made.stdout
    script = tmp_path / "service.py"
    script.write_text(SERVICE)
    worked = _run(TOOLS / "python", script, url, token_for(playing))
    assert worked.returncode == 0, worked.stdout


def _run(*command: object) -> "subprocess.CompletedProcess[str]":
    words = [str(word) for word in command]
    return subprocess.run(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
