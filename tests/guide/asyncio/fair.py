"""How many lines of one client does asyncio obey before anybody else has a turn?

    python3 fair.py        a server as the course writes it
    python3 fair.py 64     one that gives way after 64 lines

A client pipelines lines as fast as it can. A callback that calls itself again by `call_soon` counts
turns of the loop: it runs once in each.
"""

import asyncio
import sys
import threading

LINES = 200_000
LINE = b"IAMAT kiwi +1.0-2.0 1000\n"
give_way = int(sys.argv[1]) if len(sys.argv) > 1 else None
in_this_turn = most = total = turns = 0


def turn(loop: asyncio.AbstractEventLoop) -> None:
    """Runs once a turn."""
    global in_this_turn, most, turns
    most, in_this_turn, turns = max(most, in_this_turn), 0, turns + 1
    loop.call_soon(turn, loop)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """`await` stands in it twice a line."""
    global in_this_turn, total
    while line := await reader.readline():
        writer.write(b"? " + line)
        await writer.drain()
        in_this_turn, total = in_this_turn + 1, total + 1
        if give_way and total % give_way == 0:
            await asyncio.sleep(0)
    writer.close()


async def client(port: int) -> None:
    """Reads what it is answered, so nothing but its own lines holds it up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def say() -> None:
        for _ in range(LINES // 1000):
            writer.write(LINE * 1000)
            await writer.drain()
        writer.write_eof()

    saying = asyncio.create_task(say())
    while await reader.read(1 << 20):
        pass
    await saying
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    loop.call_soon(turn, loop)
    # The client has a loop and a thread of its own.
    await asyncio.to_thread(asyncio.run, client(port))
    server.close()
    print(f"{total} lines, at most {most} between two turns")


asyncio.run(main())
