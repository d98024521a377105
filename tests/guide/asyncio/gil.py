"""How many turns does asyncio's loop take while a thread of its executor works?

The loop has one task, which only counts turns. A job notes the count when it begins and when it
ends. It waits (sleep), counts down in Python (spin), or makes one call that C does alone (sum).
A thread that wants CPython's lock asks for it after 5 ms; in the second column after a minute, which
is never.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable


def spin() -> None:
    left = 10_000_000
    while left:
        left -= 1


JOBS: dict[str, Callable[[], object]] = {
    "sleep": lambda: time.sleep(0.5),
    "spin": spin,
    "sum": lambda: sum(range(20_000_000)),
}


async def turns_during(job: Callable[[], object]) -> int:
    """The turns of the loop from the job's first step to its last."""
    turns = 0

    def measured() -> int:
        before = turns
        job()
        return turns - before

    future = asyncio.get_running_loop().run_in_executor(None, measured)
    while not future.done():
        await asyncio.sleep(0)
        turns += 1
    return await future


def main() -> int:
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        print("this Python has no GIL")
        return 0
    print("job    asked after 5 ms   asked after a minute")
    for name, job in JOBS.items():
        found = []
        for seconds in (0.005, 60):
            sys.setswitchinterval(seconds)
            found.append(asyncio.run(turns_during(job)))
        print(f"{name:5}  {found[0]:>10,} turns   {found[1]:>14,} turns")
    return 0


if __name__ == "__main__":
    sys.exit(main())
