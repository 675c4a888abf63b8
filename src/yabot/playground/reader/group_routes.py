"""Groups over HTTP: ``/playground/groups``."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from yabot.playground.body import Body, Id, Written
from yabot.playground.reader import groups, views
from yabot.playground.reader.context import Store

Json = dict[str, Any]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]


class NewGroup(Body):
    title: Title
    members: list[Id] = Field(description="readers; the first one adds the bot")
    with_bot: bool = True
    bot_hears_all: bool = Field(False, description="the bot is an administrator there")


class Member(Body):
    user_id: Id


class GroupMessage(Member):
    text: Written
    reply_to: Id | None = None
    topic: Id | None = Field(None, description="the id of the message that opened it")


class NewTopic(Member):
    name: Title


class GroupPress(Member):
    data: Written


router = APIRouter(prefix="/playground/groups")


@router.get("")
async def list_groups(database: Store) -> list[Json]:
    return await database.run(views.all_groups)


@router.post("", status_code=201)
async def add_group(database: Store, new: NewGroup) -> Json:
    return await database.run(lambda tx: groups.create(tx, **new.model_dump()))


@router.delete("/{chat_id}", status_code=204)
async def remove_group(database: Store, chat_id: Id) -> None:
    await database.run(lambda tx: groups.remove(tx, chat_id))


@router.get("/{chat_id}/chat")
async def read_group(database: Store, chat_id: Id) -> Json:
    return await database.run(lambda tx: views.group_chat(tx, chat_id))


@router.post("/{chat_id}/messages", status_code=201)
async def send_to_group(database: Store, chat_id: Id, message: GroupMessage) -> Json:
    return await database.run(
        lambda tx: groups.send(
            tx, chat_id, message.user_id, message.text, message.reply_to, message.topic
        )
    )


@router.post("/{chat_id}/topics", status_code=201)
async def open_topic(database: Store, chat_id: Id, topic: NewTopic) -> Json:
    return await database.run(lambda tx: groups.open_topic(tx, chat_id, topic.user_id, topic.name))


@router.post("/{chat_id}/messages/{message_id}/press", status_code=204)
async def press_in_group(database: Store, chat_id: Id, message_id: Id, press: GroupPress) -> None:
    await database.run(lambda tx: groups.press(tx, chat_id, press.user_id, message_id, press.data))


@router.put("/{chat_id}/bot", status_code=204)
async def add_bot(database: Store, chat_id: Id, by: Member) -> None:
    await database.run(lambda tx: groups.set_bot(tx, chat_id, by.user_id, is_member=True))


@router.post("/{chat_id}/bot/removal", status_code=204)
async def remove_bot(database: Store, chat_id: Id, by: Member) -> None:
    await database.run(lambda tx: groups.set_bot(tx, chat_id, by.user_id, is_member=False))
