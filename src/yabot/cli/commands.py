"""All commands of the console script, in one place."""

import typer

from yabot.cli import audit, database, diagnosis, dlq, events, items, program, stories, webhooks

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A Telegram bot that tells a branching story.",
)
app.command("run")(program.run)
app.command("playground")(program.playground)
app.command("doctor")(diagnosis.doctor)
app.add_typer(database.app, name="db")
app.add_typer(stories.app, name="story")
app.add_typer(items.app, name="items")
app.add_typer(events.app, name="events")
app.add_typer(audit.app, name="audit")
app.add_typer(dlq.app, name="dlq")
app.add_typer(webhooks.app, name="webhook")
