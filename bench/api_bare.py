"""The least that an API can do: FastAPI, as it comes, reads a document and returns it.

`python -m bench.api_bare PORT MONGODB_URI DATABASE`: no token, no checks, no metrics, no limits.
"""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pymongo import AsyncMongoClient


def main(port: int, uri: str, database: str) -> None:
    app = FastAPI()
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri)
    users = client[database]["users"]

    @app.get("/user/{user_id}/state")
    async def state(user_id: str) -> dict[str, Any]:
        found = await users.find_one({"_id": user_id})
        assert found is not None
        return found

    uvicorn.run(app, port=port, log_level="warning", access_log=False, loop="uvloop")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
