"""The reader's HTTP endpoints; the page and ``PlaygroundClient`` live on them."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from yabot.playground.body import Body, Id, Written
from yabot.playground.reader import actions, paying, profiles, views
from yabot.playground.reader.context import Playground, Store

Json = dict[str, Any]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Username = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{3,31}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


class NewUser(Body):
    first_name: Name
    last_name: Name | None = None
    username: Username | None = None
    language_code: Language | None = "es"


class ChangedUser(Body):
    """Only what is given changes."""

    first_name: Name = ""
    last_name: Name | None = None
    username: Username | None = None
    language_code: Language | None = None
    stars: int = Field(0, ge=0, le=1_000_000)


class NewMessage(Body):
    text: Written


class Press(Body):
    data: Written


class Reaction(Body):
    emoji: str | None = Field(description="null takes the reaction back")


router = APIRouter(prefix="/playground")


@router.get("/users")
async def list_users(database: Store) -> list[Json]:
    return await database.run(views.everybody)


@router.post("/users", status_code=201)
async def add_user(database: Store, new: NewUser) -> Json:
    return await database.run(lambda tx: profiles.add(tx, **new.model_dump()))


@router.patch("/users/{user_id}")
async def change_user(database: Store, user_id: Id, changed: ChangedUser) -> Json:
    fields = changed.model_dump(exclude_unset=True)
    return await database.run(lambda tx: profiles.change(tx, user_id, fields))


@router.delete("/users/{user_id}", status_code=204)
async def remove_user(database: Store, user_id: Id) -> None:
    await database.run(lambda tx: profiles.remove(tx, user_id))


@router.get("/users/{user_id}/chat")
async def read_chat(database: Store, user_id: Id) -> Json:
    return await database.run(lambda tx: views.chat(tx, user_id))


@router.post("/users/{user_id}/messages", status_code=201)
async def send_message(database: Store, user_id: Id, message: NewMessage) -> Json:
    return await database.run(lambda tx: actions.send(tx, user_id, message.text))


@router.post("/users/{user_id}/messages/{message_id}/press", status_code=204)
async def press_button(database: Store, user_id: Id, message_id: Id, press: Press) -> None:
    await database.run(lambda tx: actions.press(tx, user_id, message_id, press.data))


@router.put("/users/{user_id}/messages/{message_id}/reaction", status_code=204)
async def react(database: Store, user_id: Id, message_id: Id, reaction: Reaction) -> None:
    await database.run(lambda tx: actions.react(tx, user_id, message_id, reaction.emoji))


@router.post("/users/{user_id}/messages/{message_id}/pay")
async def pay_invoice(context: Playground, user_id: Id, message_id: Id) -> Json:
    return await paying.pay(context, user_id, message_id)


@router.put("/users/{user_id}/block", status_code=204)
async def block_bot(database: Store, user_id: Id) -> None:
    await database.run(lambda tx: actions.set_blocked(tx, user_id, True))


@router.delete("/users/{user_id}/block", status_code=204)
async def unblock_bot(database: Store, user_id: Id) -> None:
    await database.run(lambda tx: actions.set_blocked(tx, user_id, False))
