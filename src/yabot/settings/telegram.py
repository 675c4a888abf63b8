"""How the bot reaches Telegram, and how Telegram reaches the bot."""

import re
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from yabot.settings.base import Problem, Section, variable
from yabot.settings.key_files import holds_key
from yabot.settings.network import host_of, is_loopback, passwords_in
from yabot.settings.values import (
    NETWORKS,
    PORT,
    Address,
    HttpUrl,
    Networks,
    Port,
    ReadableFile,
)

WEBHOOK_PORTS = (443, 80, 88, 8443)
# In characters: anybody who guesses the secret can deliver any update.
SHORTEST_WEBHOOK_SECRET = 32


def _bot_token(token: SecretStr | None) -> SecretStr | None:
    if token and not re.fullmatch(r"\d{3,}:[A-Za-z0-9_-]{20,}", token.get_secret_value()):
        raise ValueError("it does not have the form of a bot token")
    return token


def _webhook_secret(secret: SecretStr | None) -> SecretStr | None:
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.get_secret_value()):
        raise ValueError("it holds a character that Telegram does not take, or is too long")
    return secret


class TelegramSettings(Section):
    token: Annotated[SecretStr | None, AfterValidator(_bot_token)] = variable(
        "BOT_TOKEN",
        None,
        about="The bot's token. Without it, in development, the playground stands in for Telegram.",
        value="the token as @BotFather gave it, 123456789:AA…",
    )
    api_url: HttpUrl | None = variable(
        "TELEGRAM_API_URL",
        None,
        about="The base address of another Bot API server than Telegram's own.",
        value="an http:// or https:// address, without /bot<token>",
    )
    webhook_url: HttpUrl | None = variable(
        "WEBHOOK_URL",
        None,
        about="Where Telegram delivers updates. Empty: the bot polls.",
        value="a public address such as https://bot.example.org/telegram",
    )
    webhook_secret: Annotated[SecretStr | None, AfterValidator(_webhook_secret)] = variable(
        "WEBHOOK_SECRET",
        None,
        about="Telegram repeats it in every delivery, so that nobody else can deliver.",
        value="1 to 256 of the characters A-Z a-z 0-9 _ -; in production at least 32",
    )
    webhook_certificate_path: ReadableFile | None = variable(
        "WEBHOOK_CERTIFICATE_PATH",
        None,
        about="A self-signed certificate that Telegram is to trust.",
        value="the path of a readable PEM file",
    )
    webhook_ip_address: Address | None = variable(
        "WEBHOOK_IP_ADDRESS",
        None,
        about="Where Telegram delivers, instead of asking the DNS for WEBHOOK_URL's host.",
        value="an IPv4 or IPv6 address",
    )
    webhook_max_connections: Annotated[int, Field(ge=1, le=100)] = variable(
        "WEBHOOK_MAX_CONNECTIONS",
        40,
        about="How many deliveries Telegram may make side by side.",
        value="a whole number from 1 to 100",
    )
    webhook_check_seconds: Annotated[int, Field(ge=1, le=3600)] = variable(
        "WEBHOOK_CHECK_SECONDS",
        60,
        about="How often Telegram is asked whether our webhook still stands.",
        value="whole seconds from 1 to 3600",
    )
    webhook_host: str = variable(
        "WEBHOOK_HOST",
        "127.0.0.1",
        about="The address that the webhook's listener binds; what faces Telegram forwards to it.",
        value="an address of this machine, 0.0.0.0 for all",
    )
    webhook_port: Port = variable(
        "WEBHOOK_PORT", 8088, about="The port that the webhook's listener binds.", value=PORT
    )
    webhook_trusted_proxies: Networks = variable(
        "WEBHOOK_TRUSTED_PROXIES",
        (),
        about="The proxies in front of the webhook whose X-Forwarded-For is believed. Empty: none.",
        value=NETWORKS,
    )
    polling_timeout: Annotated[int, Field(ge=0, le=50)] = variable(
        "POLLING_TIMEOUT",
        30,
        about="How long one poll waits for updates.",
        value="whole seconds from 0 to 50",
    )
    polling_limit: Annotated[int, Field(ge=1, le=100)] = variable(
        "POLLING_LIMIT",
        100,
        about="How many updates one poll may bring.",
        value="a whole number from 1 to 100",
    )

    reader_updates_at_once: Annotated[int, Field(ge=1, le=100_000)] = variable(
        "READER_UPDATES_AT_ONCE",
        240,
        about="How many messages and presses of one reader are handled in a burst.",
        value="a whole number from 1 to 100000",
    )
    reader_updates_per_minute: Annotated[int, Field(ge=1, le=100_000)] = variable(
        "READER_UPDATES_PER_MINUTE",
        60,
        about="How many more of them are handled a minute; beyond that readers are turned away.",
        value="a whole number from 1 to 100000",
    )

    def conflicts(self) -> Iterator[Problem]:
        certificate = self.webhook_certificate_path
        if certificate and holds_key(certificate):
            yield Problem(
                "WEBHOOK_CERTIFICATE_PATH",
                f"{certificate} holds a private key too, and all of it would be sent to Telegram",
                "name a file with the certificate alone",
            )

    def production_risks(self) -> Iterator[Problem]:
        if self.token is None:
            yield Problem("BOT_TOKEN", "it is missing", "production needs the bot's token")
        if self.api_url and _plain_text(self.api_url):
            yield Problem(
                "TELEGRAM_API_URL",
                "the bot's token would travel unencrypted",
                "use https:// or a server on this machine",
            )
        if self.webhook_url:
            yield from self._webhook_risks(self.webhook_url)

    def _webhook_risks(self, url: str) -> Iterator[Problem]:
        if self.webhook_secret is None:
            yield Problem(
                "WEBHOOK_SECRET",
                "it is missing, so that anybody could deliver updates",
                f"set {SHORTEST_WEBHOOK_SECRET} to 256 of the characters A-Z a-z 0-9 _ -",
                ("WEBHOOK_URL",),
            )
        elif len(self.webhook_secret.get_secret_value()) < SHORTEST_WEBHOOK_SECRET:
            yield Problem(
                "WEBHOOK_SECRET",
                f"it has fewer than {SHORTEST_WEBHOOK_SECRET} characters and can be guessed",
                "set what openssl rand -hex 32 makes",
                ("WEBHOOK_URL",),
            )
        if _plain_text(url):
            yield Problem("WEBHOOK_URL", "it is not encrypted", "Telegram needs https://")
        if self.api_url is None and (urlsplit(url).port or 443) not in WEBHOOK_PORTS:
            yield Problem(
                "WEBHOOK_URL",
                f"Telegram does not call port {urlsplit(url).port}",
                "use 443, 80, 88 or 8443",
                ("TELEGRAM_API_URL",),
            )

    def secrets(self) -> Iterator[str]:
        if self.token:
            token = self.token.get_secret_value()
            yield from (token, token.partition(":")[2])
        if self.webhook_secret:
            yield self.webhook_secret.get_secret_value()
        for url in filter(None, (self.api_url, self.webhook_url)):
            yield from passwords_in(url)


def _plain_text(url: str) -> bool:
    return url.startswith("http://") and not is_loopback(host_of(url))
