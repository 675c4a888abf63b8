"""What the reader's endpoints work with; the application carries it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from yabot.playground.faults.injector import FaultInjector
from yabot.playground.feed import Feed
from yabot.playground.inspector import Inspector
from yabot.playground.store.database import Database


@dataclass(frozen=True)
class Context:
    database: Database
    feed: Feed
    inspector: Inspector | None
    faults: FaultInjector


def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def _database_of(request: Request) -> Database:
    return context_of(request).database


Playground = Annotated[Context, Depends(context_of)]
Store = Annotated[Database, Depends(_database_of)]
