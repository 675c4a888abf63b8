"""Files over HTTP: what a reader sends, and every file as the page shows it."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response, UploadFile

from yabot.playground.attachments import Kind
from yabot.playground.body import Id
from yabot.playground.reader import sharing
from yabot.playground.reader.context import Store
from yabot.playground.reader.errors import Refused
from yabot.playground.store import files

Json = dict[str, Any]

# The page shows files as pictures and sounds; opened by itself, a file is only downloaded.
HEADERS = {"Content-Disposition": "attachment", "Cache-Control": "private, max-age=31536000"}

router = APIRouter(prefix="/playground")


@router.post("/users/{user_id}/files", status_code=201)
async def send_file(
    database: Store,
    user_id: Id,
    file: UploadFile,
    kind: Annotated[Kind, Form()],
    caption: Annotated[str, Form()] = "",
    duration: Annotated[int, Form(ge=1, le=3600, description="seconds, of a voice")] = 1,
) -> Json:
    shared = sharing.Shared(
        kind=kind,
        name=file.filename or kind,
        mime_type=file.content_type or "application/octet-stream",
        body=await file.read(),
        caption=caption,
        duration=duration,
    )
    return await database.run(lambda tx: sharing.send(tx, user_id, shared))


@router.get("/files/{file_id}")
async def read_file(database: Store, file_id: str) -> Response:
    found = await database.run(lambda tx: files.read(tx, file_id=file_id))
    if found is None:
        raise Refused(404, "There is no such file.")
    return Response(found["body"], media_type=found["mime_type"], headers=HEADERS)
