"""Where a process listens for the API, its health and metrics."""

from collections.abc import Collection
from contextlib import suppress

from yabot.api.phases import App
from yabot.observability.logging import get_logger
from yabot.runtime.http import HttpServer
from yabot.runtime.ports import PortTaken
from yabot.runtime.tls import ServerCertificate
from yabot.settings import ApiSettings

log = get_logger(__name__)

UNPROTECTED = (
    "API_HOST lets other machines in, and API_TLS_CERT_FILE is not set: from there /api/v1 takes"
    " only what services encrypt (yabot service protect --encrypt-to)"
)
# How many ports are tried, if no port was chosen.
NEIGHBOURS = 20


async def listen_as_api(app: App, settings: ApiSettings) -> HttpServer:
    """Raises ConfigurationError, also when the port is taken."""
    if settings.unprotected:
        log.warning("api.unprotected", host=settings.host, reason=UNPROTECTED)
    return await _listen(app, settings, settings.port, "API_PORT")


async def listen_for_health(app: App, settings: ApiSettings, others: Collection[int]) -> HttpServer:
    """Listen at HEALTH_PORT; unless it is set, at the next free port if need be.

    ``others`` are ports for other uses, which are left out. Raises ConfigurationError.
    """
    if "health_port" not in settings.model_fields_set:
        for port in range(settings.health_port, settings.health_port + NEIGHBOURS):
            if port not in others:
                with suppress(PortTaken):
                    return await _listen(app, settings, port, "HEALTH_PORT")
    return await _listen(app, settings, settings.health_port, "HEALTH_PORT")


async def _listen(app: App, settings: ApiSettings, port: int, variable: str) -> HttpServer:
    server = HttpServer(
        app,
        settings.host,
        port,
        variable=variable,
        host_variable="API_HOST",
        tls=_certificate(settings),
        trusted_proxies=settings.trusted_proxies,
    )
    await server.start()
    log.info("health.listening", url=server.url)
    return server


def _certificate(settings: ApiSettings) -> ServerCertificate | None:
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    return ServerCertificate(
        settings.tls_cert_file, settings.tls_key_file, settings.tls_client_ca_file
    )
