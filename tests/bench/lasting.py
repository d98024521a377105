#!/usr/bin/env python3
"""asyncio-lasting: tests/peers/asyncio_herd.py with a lasting connection to each neighbour. That
double (asyncio-best) dials for every update, as the exercise's servers do, and a comparison of
travel times with it flatters ours, whose links last."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import asyncio_herd  # noqa: E402


class LastingNeighbour(asyncio_herd.Neighbour):
    """Tells its updates over one connection, and dials again only when that breaks."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.writer: asyncio.StreamWriter | None = None

    async def send(self, line: bytes) -> None:
        if self.writer is None:
            async with asyncio.timeout(asyncio_herd.EXCHANGE_S):
                dialled = asyncio.open_connection(self.server.host, self.server.clients)
                _, self.writer = await dialled
        try:
            self.writer.write(line)
            await self.writer.drain()
        except OSError:
            self.writer = None
            raise


if __name__ == "__main__":
    asyncio_herd.Neighbour = LastingNeighbour  # type: ignore[misc]
    sys.exit(asyncio_herd.main())
