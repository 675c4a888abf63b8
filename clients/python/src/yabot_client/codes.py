"""The class of each code of a refusal."""

from yabot_client.errors import Refused

CODES: dict[str, type[Refused]] = {}
