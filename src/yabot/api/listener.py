"""Where the API listens, and to whom it speaks."""

from fastapi import FastAPI

from yabot.runtime.http import HttpServer
from yabot.runtime.tls import ServerCertificate
from yabot.settings import ApiSettings


def api_listener(app: FastAPI, settings: ApiSettings) -> HttpServer:
    return HttpServer(
        app,
        settings.host,
        settings.port,
        variable="API_PORT",
        tls=_certificate(settings),
        trusted_proxies=settings.trusted_proxies,
    )


def _certificate(settings: ApiSettings) -> ServerCertificate | None:
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    return ServerCertificate(
        settings.tls_cert_file, settings.tls_key_file, settings.tls_client_ca_file
    )
