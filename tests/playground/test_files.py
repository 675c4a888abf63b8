"""Files both ways: what a reader sends can be downloaded, what the bot sends is shown."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramServerError
from aiogram.types import BufferedInputFile, Message

from tests.e2e.fork_server import ForkServer
from yabot.errors import InvalidInput
from yabot.playground import images
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer

from .child import running
from .test_sending import keyboard

VP8X = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\x01\x00" + b"\xff\x00\x00"


def png(width: int, height: int) -> bytes:
    """A gold picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xc8\x96\x32" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


async def received(bot: Bot) -> Message:
    message = (await bot.get_updates())[-1].message
    assert message is not None
    return message


async def downloaded(bot: Bot, file_id: str) -> bytes:
    found = await bot.download(file_id)
    assert isinstance(found, BytesIO)
    return found.getvalue()


async def test_a_readers_photo_reaches_the_bot(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    picture = png(40, 30)
    await client.send_photo(alma, picture, "a door: /open")
    message = await received(bot)
    assert message.photo is not None
    (photo,) = message.photo
    assert (photo.width, photo.height, photo.file_size) == (40, 30, len(picture))
    assert message.caption == "a door: /open"
    assert message.caption_entities is not None
    assert [entity.type for entity in message.caption_entities] == ["bot_command"]
    assert await downloaded(bot, photo.file_id) == picture


async def test_documents_stickers_and_voices_reach_the_bot(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    await client.send_document(alma, b"once upon a time", "my story ñ.txt", "read this")
    document = (await received(bot)).document
    assert document is not None
    assert (document.file_name, document.mime_type) == ("my story ñ.txt", "text/plain")
    assert await downloaded(bot, document.file_id) == b"once upon a time"
    await client.send_sticker(alma, VP8X)
    sticker = (await received(bot)).sticker
    assert sticker is not None
    assert (sticker.width, sticker.height, sticker.type) == (512, 256, "regular")
    await client.send_voice(alma, b"OggS and so on")
    voice = (await received(bot)).voice
    assert voice is not None
    assert voice.duration == 1


async def test_the_bots_files_are_stored_shown_and_sent_again(
    server: PlaygroundServer,
    bot: Bot,
    client: PlaygroundClient,
    http: aiohttp.ClientSession,
    alma: int,
) -> None:
    picture = BufferedInputFile(png(20, 10), "gate.png")
    markup = keyboard(callback_data="open")
    caption = "<b>The gate</b>"
    sent = await bot.send_photo(
        alma, picture, caption=caption, parse_mode="HTML", reply_markup=markup
    )
    assert sent.photo is not None
    assert sent.caption == "The gate"
    again = await bot.send_photo(alma, sent.photo[0].file_id)
    assert again.photo == sent.photo
    document = await bot.send_document(alma, BufferedInputFile(b"\0\1", "map.bin"))
    assert document.document is not None
    shown = (await client.chat(alma))[1]
    url = f"{server.url}/playground/files/{shown['photo'][0]['file_id']}"
    async with http.get(url) as answer:
        assert await answer.read() == png(20, 10)
        assert answer.content_type == "image/png"
        assert answer.headers["Content-Disposition"] == "attachment"
    edited = await bot.edit_message_caption(
        chat_id=alma, message_id=sent.message_id, caption="It opens"
    )
    assert isinstance(edited, Message)
    assert (edited.caption, edited.photo) == ("It opens", sent.photo)


async def test_files_survive_a_kill(forks: ForkServer, tmp_path: Path) -> None:
    async with (
        running(forks, tmp_path) as child,
        PlaygroundClient(child.url) as client,
        child.bot() as bot,
    ):
        alma = (await client.users())[0]["id"]
        await client.send_photo(alma, png(3, 2))
        await child.restart()
        photo = (await received(bot)).photo
        assert photo is not None
        assert await downloaded(bot, photo[0].file_id) == png(3, 2)


async def test_what_telegram_refuses(bot: Bot, client: PlaygroundClient, alma: int) -> None:
    picture = BufferedInputFile(png(1, 1), "x.png")
    sent = await bot.send_document(alma, picture)
    assert sent.document is not None
    for photo, words in (
        (BufferedInputFile(b"no picture", "x.png"), "IMAGE_PROCESS_FAILED"),
        (BufferedInputFile(b"", "x.png"), "file must be non-empty"),
        ("nonsense", "wrong file identifier/HTTP URL specified"),
        (sent.document.file_id, "can't use file of type Document as Photo"),
    ):
        with pytest.raises(TelegramBadRequest, match=words):
            await bot.send_photo(alma, photo)
    with pytest.raises(TelegramBadRequest, match="message caption is too long"):
        await bot.send_photo(alma, picture, caption="x" * 1025)
    with pytest.raises(TelegramServerError, match="fetches no files from addresses"):
        await bot.send_photo(alma, "https://example.org/x.png")
    with pytest.raises(TelegramBadRequest, match="invalid file_id"):
        await bot.get_file("nonsense")
    with pytest.raises(TelegramBadRequest, match="there is no text in the message to edit"):
        await bot.edit_message_text("x", chat_id=alma, message_id=sent.message_id)


async def test_what_a_reader_cannot_send(client: PlaygroundClient, alma: int) -> None:
    with pytest.raises(InvalidInput, match="no PNG, JPEG, GIF or WebP"):
        await client.send_photo(alma, b"no picture")
    with pytest.raises(InvalidInput, match="The file is empty"):
        await client.send_document(alma, b"", "x")
    # Telegram counts in UTF-16, where a face is two.
    for caption in ("x" * 1025, "\N{GRINNING FACE}" * 513):
        with pytest.raises(InvalidInput, match=r"400.*caption is longer than 1024"):
            await client.send_photo(alma, png(1, 1), caption)
    with pytest.raises(InvalidInput, match=r"400.*The caption shows nothing"):
        await client.send_photo(alma, png(1, 1), "\N{ZERO WIDTH SPACE}")
    await client.send_photo(alma, png(1, 1), " \n")


async def test_only_the_bot_downloads(
    server: PlaygroundServer,
    bot: Bot,
    client: PlaygroundClient,
    http: aiohttp.ClientSession,
    alma: int,
) -> None:
    await client.send_photo(alma, png(1, 1))
    photo = (await received(bot)).photo
    assert photo is not None
    path = (await bot.get_file(photo[0].file_id)).file_path
    for token, status in ((server.bot_token, 200), ("1:abc", 401)):
        async with http.get(f"{server.url}/file/bot{token}/{path}") as answer:
            assert answer.status == status
    async with http.get(f"{server.url}/file/bot{server.bot_token}/photos/none") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (png(7, 5), (7, 5)),
        (b"GIF89a" + struct.pack("<HH", 9, 4), (9, 4)),
        (
            b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 6, 8) + b"\x03",
            (8, 6),
        ),
        (VP8X, (512, 256)),
        (b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 99 | 49 << 14), (100, 50)),
        (b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 10 + struct.pack("<HH", 64, 32), (64, 32)),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"\xff\xd8\xff", None),
        (b"\xff\xd8\xff\xd9\x00\x02", None),
        (b"GIF89a\0\0\0\0", None),
        (b"", None),
    ],
)
def test_the_size_of_a_picture(body: bytes, size: tuple[int, int] | None) -> None:
    assert images.size_of(body) == size
