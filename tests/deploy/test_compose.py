"""What compose.yaml opens, to whom, and with which rights."""

import os
import re
import subprocess
from typing import Any

import pytest

from tests.deploy.compose_file import DEPLOY, compose, example, variables_used
from yabot.settings.reference import variables

ONCE = {"prepare", "setup-mongodb", "setup-postgres"}
STORES = {"mongodb", "redis", "postgres"}
NAMES = {variable.name for variable in variables()}
SETUP = {
    "mongodb": "setup-mongodb",
    "postgres": "setup-postgres",
}


def test_only_loopback_and_the_proxy_are_published(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"yabot": ["127.0.0.1:8088:8088"], "caddy": ["80:80", "443:443"]}
    assert services["caddy"]["profiles"] == ["proxy"]


def test_each_image_is_the_one_that_was_chosen(services: dict[str, Any]) -> None:
    """A tag may be moved to anything; a digest is what it is."""
    ours = {name for name, service in services.items() if service["image"].startswith("yabot:")}
    assert ours == ONCE | {"yabot"}
    for name in services.keys() - ours:
        assert re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", services[name]["image"]), name


def test_our_own_image_is_asked_of_no_registry(services: dict[str, Any]) -> None:
    """`pull --ignore-buildable` leaves out only services that build by themselves."""
    ours = {name: s for name, s in services.items() if s["image"].startswith("yabot:")}
    assert {service.get("pull_policy") for service in ours.values()} == {"never"}
    assert [name for name, service in ours.items() if "build" in service] == ["yabot"]


def test_stores_have_no_way_out(services: dict[str, Any], secrets: dict[str, str]) -> None:
    networks = compose(secrets)["networks"]
    assert {name for name, network in networks.items() if network.get("internal")} == {
        "stores",
        "monitoring",
    }
    for store in STORES:
        assert services[store]["networks"] == ["stores"]
    assert services["prometheus"]["networks"] == ["monitoring"]
    assert services["prepare"]["network_mode"] == "none"


def test_every_service_is_locked_down_and_bounded(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"memory", "cpus", "pids"}, name
        assert service["logging"]["options"]["max-size"], name


def test_no_server_runs_as_root(services: dict[str, Any]) -> None:
    users = {name: service.get("user") for name, service in services.items()}
    assert {users[store] for store in STORES} == {"999:999"}
    assert users["prometheus"] == "65534:65534"
    # The image's own user is tested with the Dockerfile; Caddy binds ports below 1024.
    of_the_image = {name for name, user in users.items() if user is None}
    assert of_the_image == {"yabot", "setup-mongodb", "setup-postgres", "caddy"}
    added = {name: service["cap_add"] for name, service in services.items() if "cap_add" in service}
    assert added == {"prepare": ["CHOWN", "DAC_OVERRIDE", "FOWNER"], "caddy": ["NET_BIND_SERVICE"]}


@pytest.mark.criterion("rel.4")
def test_servers_are_restarted_and_watched(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if name in ONCE:
            assert service["restart"] == "no"
            assert service["healthcheck"] == {"disable": True}
        else:
            assert service["restart"] == "unless-stopped"
            # yabot's is in the Dockerfile.
            assert name == "yabot" or service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_the_bot_starts_after_everything_it_needs(services: dict[str, Any]) -> None:
    def waits(name: str) -> dict[str, str]:
        return {other: how["condition"] for other, how in services[name]["depends_on"].items()}

    assert waits("yabot") == {
        "setup-mongodb": "service_completed_successfully",
        "setup-postgres": "service_completed_successfully",
        "redis": "service_healthy",
    }
    for store in STORES:
        assert waits(store) == {"prepare": "service_completed_successfully"}
    for store, setup in SETUP.items():
        assert waits(setup) == {store: "service_healthy"}


def test_there_is_time_to_stop(services: dict[str, Any]) -> None:
    """YABOT needs ten seconds at most; the stores are stopped after it."""
    grace = {name: service.get("stop_grace_period", "10s") for name, service in services.items()}
    assert grace["yabot"] == "15s"
    assert all(int(grace[store].removesuffix("s")) >= 30 for store in STORES)


def test_each_store_sees_its_own_keys_only(services: dict[str, Any]) -> None:
    mounted = {
        name: [volume for volume in service.get("volumes", []) if volume.startswith("tls-")]
        for name, service in services.items()
        if name != "prepare"
    }
    for store in STORES:
        assert mounted[store] == [f"tls-{store}:/tls:ro"]
    assert mounted["prometheus"] == ["tls-prometheus:/tls:ro"]
    of_the_bot = ["tls-yabot:/tls:ro"]
    assert mounted["yabot"] == mounted["setup-mongodb"] == mounted["setup-postgres"] == of_the_bot


def test_every_volume_is_declared_and_used(
    services: dict[str, Any], secrets: dict[str, str]
) -> None:
    used = {
        volume.partition(":")[0]
        for service in services.values()
        for volume in service.get("volumes", [])
        if not volume.startswith("./")
    }
    assert used == compose(secrets)["volumes"].keys()


def test_the_bot_is_given_every_variable_that_is_not_the_containers_matter(
    services: dict[str, Any],
) -> None:
    """What is only in .env has no effect: nobody would say so."""
    files = {"WEBHOOK_CERTIFICATE_PATH", "API_TLS_CLIENT_CA_FILE", "LEGACY_DB_PATH"}
    # Where the volumes are; whom it calls; one process; Docker keeps the log.
    of_the_containers = {"API_KEYS_DIR", "SQLITE_DATABASE_PATH", "PLAYGROUND_PORT", "HEALTH_PORT"}
    of_redis = {name for name in NAMES if name.startswith(("REDIS_SENTINEL", "REDIS_CLUSTER"))}
    of_the_log = {"LOG_FILE_PATH", "LOG_MAX_FILE_SIZE", "LOG_BACKUP_COUNT"}
    left_out = files | of_the_containers | of_redis | of_the_log
    assert services["yabot"]["environment"].keys() == NAMES - left_out


def test_the_example_names_exactly_what_compose_reads() -> None:
    assert example().keys() == variables_used()


@pytest.mark.parametrize(
    "name", ["BOT_TOKEN", "MONGODB_ADMIN_PASSWORD", "REDIS_PASSWORD", "POSTGRES_PASSWORD"]
)
def test_compose_says_which_secret_is_missing(name: str, secrets: dict[str, str]) -> None:
    with pytest.raises(KeyError, match=name):
        compose(secrets | {name: ""})


def test_the_scripts_can_be_read(services: dict[str, Any]) -> None:
    """Those that need a Docker engine are run on servers only; the others have their own tests."""
    for script in sorted(DEPLOY.glob("*.sh")):
        assert os.access(script, os.X_OK), script
        subprocess.run(["sh", "-n", script], check=True)
    assert services["mongodb"]["environment"]["MONGODB_ADMIN_PASSWORD"]
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"]
