"""What does asyncio do when accept(2) finds no descriptor?

Three visitors come to a server that has descriptors for none of them. The program counts how often asyncio's
exception handler is told before anything else has a turn, and again a second later. A Python that leaves its loop at
the first failure (python/cpython#151615) tells once; then the output is empty, and standard error says so.
"""
import asyncio
import resource
import socket
import sys


async def main():
    told = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context["message"]))
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    visitors = [socket.socket() for _ in range(3)]
    used = visitors[-1].fileno() + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (used, used))
    for visitor in visitors:
        visitor.setblocking(False)
        visitor.connect_ex(address)
    for when in "at once", "a second later":
        before = len(told)
        while len(told) == before:
            await asyncio.sleep(0)
        if len(told) - before == 1:
            return print(f"told once: {told[-1]}", file=sys.stderr)
        print(f"{when}: told {len(told) - before} times: {told[-1]}")


asyncio.run(main())
