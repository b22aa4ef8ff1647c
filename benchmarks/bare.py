"""The least a web server can do: the same bytes, whatever it is asked.

python -m benchmarks.bare PORT FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

from aiohttp import web


def main(port: int, body: bytes) -> None:
    """Serve until SIGTERM."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/", answer)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes())
