"""Three lines in one packet, for three servers that differ in where they make a task.

Nobody looks anything up and nothing takes long: `await asyncio.sleep(0)` stands where a real server
waits for its log or its disk. Each server is asked 100 times, over a socket.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

LINES = b"IAMAT kiwi Westwood\nIAMAT kiwi Venice\nWHATSAT kiwi\n"
Door = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Herd:
    """One server: the place of each client."""

    def __init__(self, acts_first: bool) -> None:
        self.table: dict[str, str] = {}
        self.acts_first = acts_first

    async def obey(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        """One line. An IAMAT waits, before it changes the table or after."""
        verb, client, *place = line.decode().split()
        if verb == "IAMAT" and not self.acts_first:
            await asyncio.sleep(0)
        self.table.update({client: it for it in place})
        answer = f"{verb}: {self.table.get(client)}\n"
        if verb == "IAMAT" and self.acts_first:
            await asyncio.sleep(0)
        writer.write(answer.encode())


async def task_a_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The next line is read when the one before it is answered."""
    herd = Herd(acts_first=False)
    while line := await reader.readline():
        await herd.obey(line, writer)
    writer.close()


def task_a_line(acts_first: bool) -> Door:
    """Nobody waits for the line before."""

    async def door(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        herd, tasks = Herd(acts_first), []
        while line := await reader.readline():
            tasks.append(asyncio.create_task(herd.obey(line, writer)))
        await asyncio.gather(*tasks)
        writer.close()

    return door


async def ask(door: Door) -> str:
    """The answers to one packet, in the order of their arrival."""
    server = await asyncio.start_server(door, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(LINES)
    writer.write_eof()
    answers = await reader.read()
    writer.close()
    server.close()
    return ", ".join(answers.decode().splitlines())


def main() -> None:
    for name, door in (
        ("a task a connection", task_a_connection),
        ("a task a line", task_a_line(acts_first=False)),
        ("a task a line, which acts before it waits", task_a_line(acts_first=True)),
    ):
        found = Counter(asyncio.run(ask(door)) for _ in range(100))
        print(f"{name}:")
        for answers, count in found.items():
            print(f"  {count} of 100: {answers}")


if __name__ == "__main__":
    main()
