"""What the framework offers to those who look after the program, over HTTP."""

from yabot.api.cursors import Cursors
from yabot.api.door import Door
from yabot.api.routes import Routes
from yabot.coordinator import api as workflows
from yabot.coordinator.inspector import WorkflowInspector
from yabot.storage.relational.database import Database


def for_operators(database: Database, door: Door) -> list[Routes]:
    cursors = Cursors(database)
    return [workflows.routes(WorkflowInspector(database), cursors, door)]
