"""What cancelled timers cost, and what a time-out around a read means, in virtual time."""

import asyncio
import selectors


class Jump(selectors.SelectSelector):
    """Nothing ever comes, so a wait only moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list:
        Jump.now += timeout or 0
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """asyncio's loop, but hours take no time."""

    def time(self) -> float:
        return Jump.now


async def heap(cancelled: int) -> int:
    """A thousand timers are set, and the last of them cancelled. How many remain in the heap?"""
    loop = asyncio.get_running_loop()
    timers = [loop.call_later(1000 + n, print) for n in range(1000)]
    for timer in timers[1000 - cancelled :]:
        timer.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    count = len(loop._scheduled)
    for timer in timers:
        timer.cancel()
    return count


async def drip(reader: asyncio.StreamReader) -> None:
    """A byte every 29 seconds for eight hours, and never an LF."""
    for _ in range(1000):
        await asyncio.sleep(29)
        reader.feed_data(b"x")


async def reads() -> str:
    """Each read has 30 seconds."""
    reader = asyncio.StreamReader()
    dripping = asyncio.create_task(drip(reader))
    while not dripping.done():
        await asyncio.wait_for(reader.read(100), 30)
    return f"still reading after {Jump.now:.0f} s"


async def lines() -> None:
    """Each line has 30 seconds, and no line begins."""
    await asyncio.wait_for(asyncio.StreamReader().readline(), 30)


def run(what) -> object:
    """What it returns, in virtual time."""
    began = Jump.now
    with asyncio.Runner(loop_factory=lambda: Loop(Jump())) as runner:
        try:
            return runner.run(what)
        except TimeoutError:
            return f"timed out after {Jump.now - began:.0f} s"


print("400 of 1000 timers cancelled:", run(heap(400)), "in the heap")
print("600 of 1000 timers cancelled:", run(heap(600)), "in the heap")
print("30 s for each read, a byte every 29 s:", run(reads()))
print("30 s for each line, an idle client:", run(lines()))
