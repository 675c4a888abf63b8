"""Services' names as labels of metrics, bounded in number."""

# Services are named by operators; those beyond so many are counted together.
MOST_SERVICES = 200
# No service can have this name.
OTHERS = "*"


class ServiceLabels:
    def __init__(self) -> None:
        self._known: set[str] = set()

    def of(self, service: str) -> str:
        if service not in self._known and len(self._known) >= MOST_SERVICES:
            return OTHERS
        self._known.add(service)
        return service
