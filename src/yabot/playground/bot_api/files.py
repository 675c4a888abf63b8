"""Photos, documents, stickers and voices from the bot; getFile for those from a reader."""

from collections.abc import Callable
from typing import Any

from yabot.playground import attachments
from yabot.playground.attachments import Kind
from yabot.playground.bot_api import text
from yabot.playground.bot_api.errors import BotApiError, bad_request, not_built
from yabot.playground.bot_api.params import Params
from yabot.playground.bot_api.sending import deliver
from yabot.playground.store import files
from yabot.playground.store.database import Transaction

Json = dict[str, Any]

MOST_PHOTO_BYTES = 10 * 1024 * 1024
MOST_BYTES = 50 * 1024 * 1024
MOST_DOWNLOADED_BYTES = 20 * 1024 * 1024


def sender(kind: Kind) -> Callable[[Transaction, Params], Json]:
    """The method that sends a file of this kind: uploaded, or sent before and named by its id."""

    def send(tx: Transaction, params: Params) -> Json:
        caption = {} if kind == "sticker" else text.caption_from_params(params)
        return deliver(tx, params, _field(tx, params, kind) | caption)

    return send


def get_file(tx: Transaction, params: Params) -> Json:
    row = files.find(tx, params.text("file_id"))
    if row is None:
        raise bad_request("invalid file_id")
    if row["size"] > MOST_DOWNLOADED_BYTES:
        raise bad_request("file is too big")
    return {
        "file_id": row["file_id"],
        "file_unique_id": row["unique_id"],
        "file_size": row["size"],
        "file_path": row["path"],
    }


def _field(tx: Transaction, params: Params, kind: Kind) -> Json:
    upload = params.upload(kind)
    if upload is None:
        return _known(tx, params.text(kind), kind)
    if not upload.body:
        raise bad_request("file must be non-empty")
    if len(upload.body) > (MOST_PHOTO_BYTES if kind == "photo" else MOST_BYTES):
        raise BotApiError(413, "Request Entity Too Large")
    duration = params.integer("duration", 1)
    try:
        return attachments.store(
            tx, kind, upload.name, upload.mime_type, upload.body, duration=duration
        )
    except attachments.NoPicture:
        raise bad_request("IMAGE_PROCESS_FAILED") from None


def _known(tx: Transaction, given: str, kind: Kind) -> Json:
    if not given:
        raise bad_request(f"there is no {kind} in the request")
    if given.startswith(("http://", "https://")):
        raise not_built("fetches no files from addresses: upload it or name its file_id")
    row = files.find(tx, given)
    if row is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if row["kind"] != kind:
        wrong, wanted = row["kind"].capitalize(), kind.capitalize()
        raise bad_request(f"can't use file of type {wrong} as {wanted}")
    return attachments.field_of(row)
