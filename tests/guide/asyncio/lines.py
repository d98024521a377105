"""Pieces go in, and what asyncio's StreamReader makes of them comes out.

There is no socket: `feed_data` is what the transport calls with the bytes of each recv(2).
"""

import asyncio

LIMIT = 32  # start_server(limit=...); 64 KiB unless it is given


async def by_read(reader: asyncio.StreamReader) -> None:
    """Takes what a read brings for a message."""
    while message := await reader.read(100):
        print("  message", message)


async def by_line(reader: asyncio.StreamReader) -> None:
    """Reads lines, and goes on after one that is too long."""
    while True:
        try:
            line = await reader.readline()
        except ValueError:
            print("  too long")
            continue
        if not line:
            return
        print("  line", line)


async def feed(obey, pieces: list[bytes]) -> None:
    """Gives the reader one piece after the other, as the loop does."""
    print(obey.__name__)
    reader = asyncio.StreamReader(limit=LIMIT)
    obeying = asyncio.create_task(obey(reader))
    for piece in pieces:
        print("piece", piece)
        reader.feed_data(piece)
        for _ in range(3):
            await asyncio.sleep(0)
    reader.feed_eof()
    await obeying


async def main() -> None:
    pieces = [b"one\ntwo\nIAMAT ", b"kiwi +1-2 10", b"00\n"]
    await feed(by_read, pieces)
    await feed(by_line, pieces)
    await feed(by_line, [b"x" * 33, b"IAMAT kiwi +1-2 1000\n"])


asyncio.run(main())
