"""How many calls of send(2) does asyncio make for the answers to one packet of lines?"""

import asyncio
import socket

LINES = 100


class Counted(socket.socket):
    """A socket that counts."""

    sends = 0

    def send(self, *args) -> int:
        Counted.sends += 1
        return super().send(*args)


async def one_by_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The course's way: a write and a drain for each line."""
    while line := await reader.readline():
        writer.write(b"? " + line)
        await writer.drain()


async def packet_by_packet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All answers to what one recv(2) brought, at once. (A half line at the end is a cheat.)"""
    while data := await reader.read(1 << 16):
        writer.write(b"".join(b"? " + line for line in data.splitlines(keepends=True)))
        await writer.drain()


async def count(serve) -> int:
    """Lets `serve` answer a packet of lines."""
    ours, theirs = socket.socketpair()
    theirs.sendall(b"hello\n" * LINES)
    theirs.shutdown(socket.SHUT_WR)
    ours.setblocking(False)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    loop = asyncio.get_running_loop()
    counted = Counted(fileno=ours.detach())
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, counted)
    Counted.sends = 0
    await serve(reader, asyncio.StreamWriter(transport, protocol, reader, loop))
    transport.close()
    return Counted.sends


async def main() -> None:
    for serve in (one_by_one, packet_by_packet):
        print(f"{serve.__name__}: {LINES} lines, {await count(serve)} send(2)")


asyncio.run(main())
