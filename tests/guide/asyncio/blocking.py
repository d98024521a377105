"""A lookup that hangs: who waits for it in asyncio, by where it runs.

A lookup ends when its client is told so, or after three seconds. Beside it a second client asks for a
hundred echoes. Then lookups fill the loop's default executor, and the loop needs a name resolved.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

ECHOES = 100


def hang(end: threading.Event) -> None:
    """What a place service does on a bad day."""
    end.wait(3)


async def on_the_loop(end: threading.Event) -> None:
    """async does not make a call that blocks one that does not."""
    hang(end)


async def in_the_executor(end: threading.Event) -> None:
    await asyncio.get_running_loop().run_in_executor(None, hang, end)


async def echoes_beside(lookup: Callable[..., object]) -> int:
    """How many echoes a second client gets while the lookup hangs."""
    end, is_over, seen = threading.Event(), False, 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal is_over
        while line := await reader.readline():
            if line == b"WHATSAT\n":
                await lookup(end)
                is_over = True
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    door = server.sockets[0].getsockname()
    (asked, asking), (echoes, echoing) = [await asyncio.open_connection(*door) for _ in "ab"]
    asking.write(b"WHATSAT\n")
    for _ in range(ECHOES):
        echoing.write(b"hello\n")
        await echoes.readline()
        seen += not is_over
    end.set()
    for reader, writer in (asked, asking), (echoes, echoing):
        writer.write_eof()
        await reader.read()
        writer.close()
    server.close()
    return seen


async def name_beside(lookups: ThreadPoolExecutor | None) -> bool:
    """Whether a name is resolved while lookups fill their executor; None: the default one."""
    loop, end = asyncio.get_running_loop(), threading.Event()
    if not lookups:
        loop.set_default_executor(ThreadPoolExecutor(4))
    hung = [loop.run_in_executor(lookups, hang, end) for _ in range(4)]
    name = asyncio.ensure_future(loop.getaddrinfo("localhost", 80))
    await asyncio.wait([name, *hung], return_when=asyncio.FIRST_COMPLETED)
    is_first = name.done() and not any(job.done() for job in hung)
    end.set()
    await asyncio.gather(name, *hung)
    return is_first


def main() -> None:
    print("echoes while a lookup hangs:")
    for name, lookup in ("on the loop", on_the_loop), ("in the executor", in_the_executor):
        print(f"  {name}: {asyncio.run(echoes_beside(lookup))} of {ECHOES}")
    print("a name is resolved while four lookups hang:")
    for name, pool in ("one pool of four for all", None), ("a pool each", ThreadPoolExecutor(4)):
        print(f"  {name}: {'yes' if asyncio.run(name_beside(pool)) else 'no'}")


if __name__ == "__main__":
    main()
