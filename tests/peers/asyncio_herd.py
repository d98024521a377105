#!/usr/bin/env python3
"""One server of the herd as asyncio streams would have it.

    python3 asyncio_herd.py NAME [-t topology.txt] [--log FILE] [--places FILE]

It is the double that the mio loop is set beside, so it is written to be fast and to be read:
Python 3.11, the standard library, and three nouns: `Herd` (the table and the commands, no I/O),
`Neighbour` (a task that tells one other server), `Door` (a task per client).

It speaks the clients' door, and the plain flood: per update one connection to each neighbour's
clients' door, one AT line, end of sending. It has no servers' door; `servers=` in the topology is
read and not used. It looks no places up: a WHATSAT is answered with ZERO_RESULTS, or with what
`--places FILE` holds (one answer of Google's legacy Nearby Search), wherever the client is.

Bytes stay bytes: `bytes.split()` knows the same six bytes of white space as the protocol, VT among
them, and times are exact integer nanoseconds.

Exit status: 0 ended by SIGINT or SIGTERM; 1 it could not run; 2 something to correct.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from topology import Server, TopologyError, load
from words import Report, is_location, is_radius, match_bound, nanoseconds, rewritten, seconds

AHEAD_MAX = 24 * 60 * 60 * 1_000_000_000  # nanoseconds; a later time would pin its client for ever
LINE_MAX = 8 << 10  # of a client, without LF; longer ones end the connection
READ_MAX = 64 << 10  # per read; asyncio itself holds at most a few times that
RECORDS_MAX = 10_000_000  # clients in the table; then only known ones move
LINGER_S = 1.0  # what comes after an overlong line is dropped for this long
EXCHANGE_S = 1.0  # a neighbour may take this long to be reached, and again to close
DROPPED_MAX = 4 << 10  # bytes of a neighbour's answer that are read, and dropped
BACKOFF_FIRST_S, BACKOFF_LAST_S = 0.05, 1.0
GRACE_S = 1.0  # at the end clients get this long to take what they are owed
BACKLOG = 1024

NO_PLACES: dict[str, Any] = {"html_attributions": [], "results": [], "status": "ZERO_RESULTS"}


class Herd:
    """One server without its sockets: what it knows, and what it answers."""

    def __init__(self, name: str, neighbours: list[Neighbour], places: dict[str, Any]) -> None:
        self.name = name.encode()
        self.neighbours = neighbours
        self.table: dict[bytes, Report] = {}
        # Printed once for each bound, with the blank line that follows.
        cuts = (places | {"results": places["results"][:bound]} for bound in range(21))
        texts = (json.dumps(cut, indent=3, separators=(",", " : ")) for cut in cuts)
        self.nearby = [text.encode() + b"\n\n" for text in texts]

    def obey(self, line: bytes, now: int, sender: tuple[bytes, ...] | None) -> bytes:
        """Does what a line says and returns the answer.

        `now`: our clock, in nanoseconds. `sender`: None for a stranger; else it may be a
        neighbour, and the tuple has its name if the address tells.
        """
        fields = line.split()
        if len(fields) == 4:
            verb, client, third, fourth = fields
            if verb == b"IAMAT":
                at = nanoseconds(fourth)
                if at is not None and at - now <= AHEAD_MAX and is_location(third):
                    difference = seconds(now - at)
                    answer = b"AT %b %b %b %b %b\n" % (self.name, difference, client, third, fourth)
                    report = Report(at, third, self.name, difference, fourth, answer)
                    known = self.table.get(client)
                    # The same place at the same time again is no news.
                    is_news = known is None or report > known and report[:2] != known[:2]
                    if not is_news or self.keep(client, report, ()):
                        return answer
            elif verb == b"WHATSAT":
                known, bound = self.table.get(client), match_bound(fourth)
                if known and bound and is_radius(third):
                    return known.line + self.nearby[int(bound[1])]
        elif sender is not None and len(fields) >= 6 and fields[0] == b"AT":
            if self.told(fields, now, sender):
                return b""
        return b"? %b\n" % line.removesuffix(b"\r")

    def told(self, fields: list[bytes], now: int, sender: tuple[bytes, ...]) -> bool:
        """A neighbour's AT line; what follows its sixth field are servers that have it already.
        False: it is none."""
        _, server, difference, client, location, time_text, *have = fields
        at = nanoseconds(time_text)
        if at is None or not is_location(location):
            return False
        difference = rewritten(difference, now - at)
        line = b"AT %b %b %b %b %b\n" % (server, difference, client, location, time_text)
        report = Report(at, location, server, difference, time_text, line)
        known = self.table.get(client)
        if known is None or report > known:
            self.keep(client, report, (server, *have, *sender))
        return True

    def keep(self, client: bytes, report: Report, have: tuple[bytes, ...]) -> bool:
        """News: into the table, and on to the neighbours that do not `have` it. False: no room."""
        if len(self.table) >= RECORDS_MAX and client not in self.table:
            return False
        self.table[client] = report
        for neighbour in self.neighbours:
            if neighbour.name not in have:
                neighbour.tell(client, report.line)
        return True


class Neighbour:
    """Tells one other server what changed: the newest per client, an update at a time."""

    def __init__(self, server: Server, log: Log) -> None:
        self.name = server.name.encode()
        self.server = server
        self.log = log
        self.addresses: set[str] = set()  # where it may speak from
        self.pending: dict[bytes, bytes] = {}  # at most a line per client
        self.wake = asyncio.Event()

    def tell(self, client: bytes, line: bytes) -> None:
        """Has the line sent, in place of an older one of that client."""
        self.pending[client] = line
        self.wake.set()

    async def run(self) -> None:
        """Never ends by itself. While the neighbour is down, its news wait in `pending`."""
        backoff = BACKOFF_FIRST_S
        while True:
            await self.wake.wait()
            client = next(iter(self.pending))
            line = self.pending.pop(client)
            try:
                await self.send(line)
                backoff = BACKOFF_FIRST_S
            except OSError as error:  # a time-out is one, and a name without an address
                self.pending.setdefault(client, line)
                self.log.note(f"{self.server.name} is not reached: {error or 'no answer'}")
                await asyncio.sleep(backoff * random.uniform(0.5, 1.0))
                backoff = min(2 * backoff, BACKOFF_LAST_S)
            if not self.pending:
                self.wake.clear()

    async def send(self, line: bytes) -> None:
        """One update. Raises OSError if the neighbour was not reached."""
        async with asyncio.timeout(EXCHANGE_S):
            reader, writer = await asyncio.open_connection(self.server.host, self.server.clients)
        try:
            self.addresses.add(writer.get_extra_info("peername")[0])
            self.log.line(self.server.name, ">", line)
            writer.write(line)
            writer.write_eof()
            # It may have been read from here on, so whatever happens now, it is told.
            with contextlib.suppress(OSError):
                async with asyncio.timeout(EXCHANGE_S):
                    left = DROPPED_MAX
                    while left and (answer := await reader.read(left)):
                        left -= len(answer)
        finally:
            writer.close()

    async def resolve(self) -> None:
        """Learns its addresses, or does so when it is first reached."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            found = await loop.getaddrinfo(self.server.host, self.server.clients)
            self.addresses = {str(address[0]) for *_, address in found}


class Door:
    """The clients' door: reads what there is, obeys all of it, answers in one write.

    A `readline`, `write` and `drain` for each line cost more than the command in it. `read` takes
    all that has come; one split, one write and one `drain` serve the whole batch. A client that
    does not read is soon not read either: `drain` waits for it.
    """

    def __init__(self, herd: Herd, log: Log) -> None:
        self.herd, self.log = herd, log
        self.open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its last answer. Its errors end it alone."""
        task = asyncio.current_task()
        assert task
        self.open[task] = writer
        try:
            await self.converse(reader, writer)
        except OSError as error:
            self.log.note(f"a client is gone: {error}")
        finally:
            writer.close()
            del self.open[task]

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lines in, answers out, until the client ends or sends a line that is too long."""
        host, port = writer.get_extra_info("peername")[:2]
        names = tuple(n.name for n in self.herd.neighbours if host in n.addresses)
        sender = None if not names else names if len(names) == 1 else ()
        rest = b""
        while True:
            data = await reader.read(READ_MAX)
            *lines, rest = (rest + data).split(b"\n")
            if rest and (not data or len(rest) > LINE_MAX):
                lines.append(rest)
            if lines:
                answers = self.answers(lines, sender)
                if self.log.file:
                    for line, answer in zip(lines, answers):
                        self.log.line(f"{host}:{port}", "<", line)
                        self.log.line(f"{host}:{port}", ">", answer)
                writer.write(b"".join(answers))
                await writer.drain()
                if len(lines[len(answers) - 1]) > LINE_MAX:
                    return await self.linger(reader, writer)
            if not data:
                return

    def answers(self, lines: list[bytes], sender: tuple[bytes, ...] | None) -> list[bytes]:
        """An answer to each line; the last, if a line is too long, to that one."""
        now = time.time_ns()  # they came together
        obey = self.herd.obey
        found = []
        for line in lines:
            if len(line) > LINE_MAX:
                found.append(b"? %b\n" % line[:LINE_MAX])
                break
            found.append(obey(line, now, sender))
        return found

    async def linger(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Closing over unread bytes would send a reset, and destroy the answer."""
        writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while await reader.read(READ_MAX):
                    pass

    async def shut(self) -> None:
        """Lets every client take what it is owed, for a while, and ends them all."""
        for writer in self.open.values():
            writer.close()
        if self.open:
            await asyncio.wait(list(self.open), timeout=GRACE_S)
        for writer in self.open.values():
            writer.transport.abort()
        if self.open:
            await asyncio.wait(list(self.open), timeout=GRACE_S)


class Log:
    """Lines in and out, if a file was named: one write(2) per turn of the loop."""

    def __init__(self, file: BinaryIO | None) -> None:
        self.file = file
        self.waiting: list[str] = []

    def line(self, who: str, way: str, line: bytes) -> None:
        """A line that came from (`<`) or goes to (`>`) somebody, its bytes escaped."""
        if self.file and line:
            self.note(f"{who} {way} {repr(line.rstrip())[2:-1]}")

    def note(self, text: str) -> None:
        """A line of the log."""
        if self.file:
            if not self.waiting:
                asyncio.get_running_loop().call_soon(self.flush)
            stamp = datetime.now(UTC).isoformat(timespec="microseconds")
            self.waiting.append(f"{stamp} {text}\n")

    def flush(self) -> None:
        """Writes what waits."""
        if self.file:
            self.file.write("".join(self.waiting).encode())
            self.waiting.clear()


async def serve(me: Server, others: list[Server], places: dict[str, Any], log: Log) -> None:
    """Runs a server until a signal. Raises OSError if its door cannot be opened."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    neighbours = [Neighbour(server, log) for server in others]
    await asyncio.gather(*(neighbour.resolve() for neighbour in neighbours))
    door = Door(Herd(me.name, neighbours, places), log)
    server = await asyncio.start_server(door.client, me.host, me.clients, backlog=BACKLOG)
    async with asyncio.TaskGroup() as group:
        telling = [group.create_task(neighbour.run()) for neighbour in neighbours]
        print(f"{me.name} is open: clients {me.host}:{me.clients}, asyncio", flush=True)
        await stop.wait()
        server.close()
        for task in telling:
            task.cancel()
        await door.shut()
    log.note("ended")
    log.flush()


def main() -> int:
    """Reads the command line, and runs."""
    parser = argparse.ArgumentParser(description="One asyncio server of the herd, until Ctrl-C.")
    parser.add_argument("name")
    parser.add_argument("-t", "--topology", type=Path, default=Path("topology.txt"))
    parser.add_argument("--log", type=Path, help="append lines in and out to this file")
    parser.add_argument("--places", type=Path, help="JSON that answers every WHATSAT")
    options = parser.parse_args()
    try:
        topology = load(options.topology)
        if options.name not in topology.servers:
            known = ", ".join(topology.servers)
            raise TopologyError(f"{options.topology}: no server {options.name!r}; it has {known}")
        places = NO_PLACES
        if options.places:
            places = json.loads(options.places.read_bytes())
            if not isinstance(places, dict) or not isinstance(places.get("results"), list):
                raise ValueError("no object with a list of results")
        log = Log(options.log and options.log.open("ab", buffering=0))
    except (TopologyError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"{options.places}: {error}; name a file with one JSON answer", file=sys.stderr)
        return 2
    me = topology.servers[options.name]
    try:
        asyncio.run(serve(me, topology.neighbours(me.name), places, log))
    except OSError as error:
        print(f"{me.host}:{me.clients}: {error}; is {me.name} running?", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
