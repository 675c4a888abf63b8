"""Services that sign their own tokens: operators register them, rotate keys and remove them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from yabot.api.auth.claims import LONGEST_OF_SERVICES
from yabot.api.jose.encryption import RecipientKey
from yabot.api.jose.signing import PublicKey
from yabot.api.tables import api_service_keys, api_services
from yabot.clock import utc_now
from yabot.errors import InvalidInput
from yabot.log.audit import audited
from yabot.log.unit_of_work import UnitOfWork, guard
from yabot.storage.relational.database import Database, Statement, insert_new


class ServiceUnknown(InvalidInput):
    code = "service_unknown"


class ServiceExists(InvalidInput):
    code = "service_exists"


class KeyTaken(InvalidInput):
    code = "service_key_taken"


@dataclass(frozen=True, slots=True)
class ServiceKey:
    kid: str
    added_at: datetime
    # When the key is no longer accepted; None for the one in use.
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Protection:
    """What a service's requests need besides a token, and how its answers are protected."""

    # The DNS name that its client certificate must be for.
    certificate_name: str | None = None
    # The key that its answers are encrypted to; then its requests must be encrypted, too.
    encrypt_to: RecipientKey | None = None

    @property
    def told(self) -> dict[str, str | None]:
        """For the audit and for people: the key is shown by its kid."""
        kid = None if self.encrypt_to is None else self.encrypt_to.kid
        return {"certificate_name": self.certificate_name, "encrypt_to": kid}

    @property
    def columns(self) -> dict[str, str | None]:
        """The columns of api_services."""
        key = None if self.encrypt_to is None else self.encrypt_to.text
        return {"certificate_name": self.certificate_name, "encrypt_to": key}


NO_PROTECTION = Protection()


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    scopes: tuple[str, ...]
    added_at: datetime
    protection: Protection
    keys: tuple[ServiceKey, ...]


class ServiceRegistry:
    """Methods that change something add to a unit of work. Every method raises StoreUnavailable."""

    def __init__(self, database: Database, by: str) -> None:
        """``by`` is who acts, for the audit."""
        self._database = database
        self._by = by

    async def all(self) -> list[Service]:
        """All services, ordered by name."""
        return await self._database.read(_all)

    async def add(
        self,
        work: UnitOfWork,
        name: str,
        scopes: Sequence[str],
        key: PublicKey,
        protection: Protection = NO_PROTECTION,
    ) -> None:
        """Raises ServiceExists, KeyTaken."""
        if await self._database.read(_is_there(name)):
            raise ServiceExists(
                f"there is a service {name} already; `yabot service rotate` gives it another key, "
                "and `yabot service remove` takes it away"
            )
        await self._require_new(key)
        work.add(_add_service(name, scopes, protection))
        work.add(_add_key(name, key))
        told = {"service": name, "scopes": sorted(scopes), "kid": key.kid, **protection.told}
        work.add(audited("service_added", {"by": self._by, **told}))

    async def rotate(
        self, work: UnitOfWork, name: str, key: PublicKey, *, at_once: bool = False
    ) -> datetime:
        """Give the service another key. The former ones are accepted until the moment that is
        returned: as long as their tokens may be valid, or no longer if ``at_once``.

        Raises ServiceUnknown, KeyTaken.
        """
        await self._require(name)
        await self._require_new(key)
        ends_at = utc_now() if at_once else utc_now() + LONGEST_OF_SERVICES
        work.add(_end_keys(name, ends_at))
        work.add(_add_key(name, key))
        told = {"service": name, "kid": key.kid, "at_once": at_once}
        work.add(audited("service_rotated", {"by": self._by, **told}))
        return ends_at

    async def protect(
        self, work: UnitOfWork, name: str, change: Callable[[Protection], Protection]
    ) -> None:
        """Apply ``change`` to the service's protection. Raises ServiceUnknown."""
        had = await self._database.read(_protection(name))
        if had is None:
            raise _unknown(name)
        protection = change(had)
        work.add(_protect(name, had, protection))
        work.add(audited("service_protected", {"by": self._by, "service": name, **protection.told}))

    async def remove(self, work: UnitOfWork, name: str) -> None:
        """Remove it: its tokens are invalid from now on. Raises ServiceUnknown."""
        await self._require(name)
        work.add(_remove(name))
        work.add(audited("service_removed", {"by": self._by, "service": name}))

    async def _require(self, name: str) -> None:
        if not await self._database.read(_is_there(name)):
            raise _unknown(name)

    async def _require_new(self, key: PublicKey) -> None:
        if await self._database.read(_is_taken(key.kid)):
            raise KeyTaken("the key, or another one of its kid, is known already; make a new one")


def _unknown(name: str) -> ServiceUnknown:
    return ServiceUnknown(f"there is no service {name}; `yabot service list` shows all")


_one = select(api_services).where(api_services.c.name == bindparam("wanted"))
_key = select(api_service_keys.c.kid).where(api_service_keys.c.kid == bindparam("wanted"))
_services = select(api_services).order_by(api_services.c.name)
_keys = select(api_service_keys).order_by(api_service_keys.c.added_at)
_of_service = api_service_keys.c.service == bindparam("wanted")
# A key that ends sooner is left as it is.
_later = api_service_keys.c.ends_at.is_(None) | (api_service_keys.c.ends_at > bindparam("ends"))
_end = update(api_service_keys).where(_of_service, _later).values(ends_at=bindparam("ends"))
# Locks the service's row while its keys change: a key that is added meanwhile would be missed.
_alone = _one.with_for_update()
_change = (
    update(api_services)
    .where(
        api_services.c.name == bindparam("wanted"),
        api_services.c.certificate_name.is_not_distinct_from(bindparam("had_name")),
        api_services.c.encrypt_to.is_not_distinct_from(bindparam("had_key")),
    )
    .values(certificate_name=bindparam("certificate_name"), encrypt_to=bindparam("encrypt_to"))
)
_delete_keys = delete(api_service_keys).where(_of_service)
_delete = delete(api_services).where(api_services.c.name == bindparam("wanted"))


def _is_there(name: str) -> Statement[bool]:
    return lambda connection: connection.execute(_one, {"wanted": name}).first() is not None


def _is_taken(kid: str) -> Statement[bool]:
    return lambda connection: connection.execute(_key, {"wanted": kid}).first() is not None


def _all(connection: Connection) -> list[Service]:
    keys = connection.execute(_keys).all()
    return [
        Service(
            row.name,
            tuple(row.scopes.split()),
            row.added_at,
            _protection_of(row),
            tuple(
                ServiceKey(key.kid, key.added_at, key.ends_at)
                for key in keys
                if key.service == row.name
            ),
        )
        for row in connection.execute(_services)
    ]


def _protection(name: str) -> Statement[Protection | None]:
    """None: there is no such service."""

    def read(connection: Connection) -> Protection | None:
        row = connection.execute(_one, {"wanted": name}).first()
        return None if row is None else _protection_of(row)

    return read


def _protection_of(row: Row[Any]) -> Protection:
    key = None if row.encrypt_to is None else RecipientKey.read(row.encrypt_to)
    return Protection(row.certificate_name, key)


def _add_service(name: str, scopes: Sequence[str], protection: Protection) -> Statement[None]:
    row = {
        "name": name,
        "scopes": " ".join(sorted(set(scopes))),
        "added_at": utc_now(),
        **protection.columns,
    }

    def add(connection: Connection) -> None:
        added = connection.execute(insert_new(connection, api_services), row).rowcount == 1
        guard(added, f"service {name}")

    return add


def _add_key(name: str, key: PublicKey) -> Statement[None]:
    row = {"kid": key.kid, "service": name, "jwk": key.text, "added_at": utc_now()}

    def add(connection: Connection) -> None:
        _hold(connection, name)
        added = connection.execute(insert_new(connection, api_service_keys), row).rowcount == 1
        guard(added, f"key {key.kid}")

    return add


def _hold(connection: Connection, name: str) -> None:
    there = connection.execute(_alone, {"wanted": name}).first() is not None
    guard(there, f"service {name}")


def _end_keys(name: str, ends_at: datetime) -> Statement[None]:
    def end(connection: Connection) -> None:
        _hold(connection, name)
        connection.execute(_end, {"wanted": name, "ends": ends_at})

    return end


def _protect(name: str, had: Protection, protection: Protection) -> Statement[None]:
    """Fails its guard if the protection has changed since."""
    before = {"had_name": had.columns["certificate_name"], "had_key": had.columns["encrypt_to"]}

    def protect(connection: Connection) -> None:
        values = {"wanted": name, **before, **protection.columns}
        changed = connection.execute(_change, values)
        guard(changed.rowcount == 1, f"service {name}")

    return protect


def _remove(name: str) -> Statement[None]:
    def remove(connection: Connection) -> None:
        _hold(connection, name)
        connection.execute(_delete_keys, {"wanted": name})
        guard(connection.execute(_delete, {"wanted": name}).rowcount == 1, f"service {name}")

    return remove
