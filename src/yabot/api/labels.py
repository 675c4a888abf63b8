"""Services' names as labels of metrics: no more are told apart than anybody has."""

# Services are named by operators; whatever is beyond so many is counted together.
MOST_SERVICES = 200
# No service's name.
OTHERS = "*"


class ServiceLabels:
    def __init__(self) -> None:
        self._known: set[str] = set()

    def of(self, service: str) -> str:
        if service not in self._known and len(self._known) >= MOST_SERVICES:
            return OTHERS
        self._known.add(service)
        return service
