"""A server answers a line and closes. How much of the answer does a slow client get?

Three times: the client said a line and no more; it said more than the server reads; and again, but
the server says that it ends, and drops what still comes before it closes.
"""

import asyncio
import contextlib
import socket
import threading

ANSWER = b"x" * 99_999 + b"\n"
has_answered = threading.Event()
tasks = []


async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Obeys the first line, and closes."""
    await begin(reader, writer)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    has_answered.set()


async def linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Obeys the first line, and closes after the client."""
    await begin(reader, writer)
    writer.write_eof()
    has_answered.set()
    while await reader.read(1 << 16):
        pass
    writer.close()


async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers. The kernel has room for all of it, so asyncio keeps none."""
    tasks.append(asyncio.current_task())
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
    await reader.readline()
    writer.write(ANSWER)


def ask(port: int, more: int) -> str:
    """What a client gets that does not read before the server is done."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.sendall(b"hello\n" + b"x" * more)
        has_answered.wait()
        got, end = 0, "the end"
        try:
            while data := client.recv(1 << 16):
                got += len(data)
        except ConnectionResetError as error:
            end = error.strerror
    return f"{'all' if got == len(ANSWER) else 'a part'} of the answer, then: {end}"


async def main() -> None:
    for serve, more in [(close, 0), (close, 1_000_000), (linger, 1_000_000)]:
        has_answered.clear()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        got = await asyncio.to_thread(ask, port, more)
        print(f"{serve.__name__:6}  {more:7} bytes more  {got}")
        await asyncio.gather(*tasks)
        server.close()


asyncio.run(main())
