"""`yabot audit ledger` finds every way in which the ledger can be tampered with."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import Connection, insert, text

from tests.e2e.programs import NewProgram
from tests.features.besitos.ledger import Ledger
from yabot.features.besitos.audit import audit_ledger
from yabot.features.besitos.tables import postings

Harm = Callable[[Connection], object]


def statement(sql: str) -> Harm:
    return lambda connection: connection.execute(text(sql))


def add_posting(connection: Connection) -> None:
    row = {"transaction_id": "a", "account_id": "closed", "amount": 2}
    connection.execute(insert(postings), row)


def into_debt(connection: Connection) -> None:
    """Past the database's own check, as a damaged file might."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
    else:
        connection.execute(text("ALTER TABLE accounts DROP CONSTRAINT ck_accounts_balance"))
    connection.execute(text("UPDATE accounts SET balance = -1 WHERE id = 'user:7'"))


@pytest.fixture
async def used(ledger: Ledger) -> Ledger:
    await ledger.join("7", "8")
    await ledger.award("7", 5, key="a")
    await ledger.spend("7", 2, key="b")
    await ledger.transfer("7", "8", 1, key="c")
    return ledger


@pytest.mark.criterion("3.1.3")
async def test_what_the_program_writes_is_well(used: Ledger) -> None:
    assert await audit_ledger(used.database) == []


async def test_adding_up_takes_as_long_as_it_takes(used: Ledger) -> None:
    """However short the time is in which PostgreSQL has to answer all others."""
    if used.database.engine.dialect.name == "postgresql":
        unlimited = "CASE WHEN current_setting('statement_timeout') = '0' THEN 1 ELSE 0 END"
        await used.database.write(statement("ALTER TABLE postings RENAME TO all_postings"))
        limited = f"SELECT * FROM all_postings WHERE 1 / ({unlimited}) = 1"
        await used.database.write(statement(f"CREATE VIEW postings AS {limited}"))
    assert await audit_ledger(used.database) == []


@pytest.mark.criterion("3.1.3")
@pytest.mark.parametrize(
    ("harm", "problems"),
    [
        (
            statement("UPDATE accounts SET balance = balance + 1 WHERE id = 'user:7'"),
            [
                "all accounts together: they sum to 1, not to 0",
                "account user:7: its balance is 3, its postings sum to 2",
            ],
        ),
        (
            statement(
                "UPDATE accounts SET balance = balance + CASE id WHEN 'user:7' THEN 1 "
                "ELSE -1 END WHERE kind = 'reader'"
            ),
            [
                "account user:7: its balance is 3, its postings sum to 2",
                "account user:8: its balance is 0, its postings sum to 1",
            ],
        ),
        (
            statement("UPDATE postings SET amount = amount * 2 WHERE account_id = 'system:shop'"),
            [
                "all accounts together: they sum to 2, not to 0",
                "transaction b: its 2 postings sum to 2",
            ],
        ),
        (
            statement("UPDATE postings SET amount = amount * 2 WHERE transaction_id = 'c'"),
            [
                "account user:7: its balance is 2, its postings sum to 1",
                "account user:8: its balance is 1, its postings sum to 2",
            ],
        ),
        (
            statement("DELETE FROM postings WHERE transaction_id = 'c' AND account_id = 'user:8'"),
            [
                "transaction c: its 1 postings sum to -1",
                "account user:8: its balance is 1, its postings sum to 0",
            ],
        ),
        (
            statement("DELETE FROM postings WHERE transaction_id = 'c'"),
            [
                "transaction c: its 0 postings sum to 0",
                "account user:7: its balance is 2, its postings sum to 3",
                "account user:8: its balance is 1, its postings sum to 0",
            ],
        ),
        (
            add_posting,
            [
                "all accounts together: they sum to 2, not to 0",
                "transaction a: its 3 postings sum to 2",
            ],
        ),
        (
            into_debt,
            [
                "all accounts together: they sum to -3, not to 0",
                "account user:7: its balance is negative, -1",
                "account user:7: its balance is -1, its postings sum to 2",
            ],
        ),
        (
            statement("UPDATE accounts SET earned = 1 WHERE id = 'user:8'"),
            ["account user:8: it says that 1 was earned, its awards sum to 0"],
        ),
    ],
)
async def test_each_kind_of_tampering_is_named(
    used: Ledger, harm: Harm, problems: list[str]
) -> None:
    await used.database.write(harm)
    assert await audit_ledger(used.database) == problems


@pytest.mark.criterion("3.1.3")
async def test_the_database_itself_refuses_a_debt(used: Ledger) -> None:
    debt = statement("UPDATE accounts SET balance = -1 WHERE id = 'user:7'")
    with pytest.raises(Exception, match="ck_accounts_balance"):
        await used.database.write(debt)


def test_the_command_names_the_faults_and_ends_with_one(new_program: NewProgram) -> None:
    upgrade, audit = new_program("db", "upgrade"), new_program("audit", "ledger")
    assert upgrade.run() == 0
    assert audit.run() == 0
    assert audit.said.endswith("The ledger is balanced.\n")

    posting = "INSERT INTO postings (transaction_id, account_id, amount) VALUES ('x', 'closed', 1)"
    with closing(sqlite3.connect(audit.data / "yabot.db")) as connection, connection:
        connection.execute(posting)
    fault = "all accounts together: they sum to 1, not to 0"
    assert audit.run() == 1
    assert audit.said.endswith(f"{fault}\n1 fault in the ledger.\n")
    as_json = new_program("audit", "ledger", "--json")
    assert as_json.run() == 1
    assert json.loads(as_json.said.splitlines()[-1]) == {"differences": [fault]}
