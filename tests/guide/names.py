"""Reads dotted names of asyncio, a line each, and prints those that this Python does not have."""

import asyncio
import asyncio.base_events
import asyncio.constants
import asyncio.selector_events
import asyncio.streams
import operator
import sys

MODULES = (
    asyncio,
    asyncio.base_events,
    asyncio.constants,
    asyncio.selector_events,
    asyncio.streams,
)


def owners(name: str, loop: asyncio.AbstractEventLoop) -> list[object]:
    """What a first word can be: asyncio itself, or a class of one of its modules; a loop, too,
    for attributes that only an instance has."""
    if name == "asyncio":
        return [asyncio]
    found = [getattr(module, name) for module in MODULES if hasattr(module, name)]
    return [*found, *(loop for it in found if isinstance(loop, it))]


def has(owner: object, path: str) -> bool:
    try:
        operator.attrgetter(path)(owner)
    except AttributeError:
        return False
    return True


def main() -> None:
    loop = asyncio.new_event_loop()
    for line in sys.stdin:
        first, _, member = line.strip().partition(".")
        if not any(has(owner, member) for owner in owners(first, loop)):
            print(line.strip())
    loop.close()


main()
