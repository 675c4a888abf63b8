"""The framework's HTTP operations for operators."""

from yabot.api.operations.cursors import Cursors
from yabot.api.operations.door import Door
from yabot.api.operations.routes import Routes
from yabot.api.records import audit, recorded
from yabot.api.records.recorder import RequestRecorder
from yabot.bus.dead_letters import api as dead_letters
from yabot.bus.dead_letters.service import DeadLetters
from yabot.bus.groups import api as groups
from yabot.bus.groups.overview import SubscriberGroups
from yabot.coordinator import api as workflows
from yabot.coordinator.inspector import WorkflowInspector
from yabot.redaction import Redactor
from yabot.storage.relational.database import Database


def for_operators(
    database: Database, redactor: Redactor, recorder: RequestRecorder, door: Door
) -> list[Routes]:
    cursors = Cursors(database)
    return [
        audit.routes(database, cursors, redactor),
        recorded.routes(recorder),
        dead_letters.routes(DeadLetters(database), cursors, redactor, door),
        groups.routes(SubscriberGroups(database), door),
        workflows.routes(WorkflowInspector(database), cursors, door),
    ]
