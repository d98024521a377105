#!/usr/bin/env python3
"""asyncio-streams: tests/peers/asyncio_herd.py as asyncio's streams are usually written, readline,
write and drain for each line. That double (asyncio-best) takes all lines of a read at once, which
is the best that asyncio can do; this one is what most servers on streams do."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import asyncio_herd  # noqa: E402


class LineByLine(asyncio_herd.Door):
    """The clients' door, a line at a time."""

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(self.herd.obey(line.removesuffix(b"\n"), time.time_ns(), None))
            await writer.drain()


if __name__ == "__main__":
    asyncio_herd.Door = LineByLine  # type: ignore[misc]
    sys.exit(asyncio_herd.main())
