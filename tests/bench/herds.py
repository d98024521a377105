"""Measurements of five servers together: ours, asyncio's, and a Redis with four replicas.

*Updates* load one server until all five have what it accepted. *Hops* let one client move in an
idle herd, and wait for the news in the place of a neighbour: this program speaks as the last
server of the way, so that nobody has to be asked again and again who knows it already.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from measure import Load, Loader, cpu_ns, request
from servers import BenchError, Running, Topology, herd_options, server, topology, wait_for

NAMES = ["Goloman", "Hands", "Holiday", "Welsh", "Wilkes"]
# topology.txt: from Hands to Welsh there are three hops.
LINKS = [
    ("Goloman", "Hands"),
    ("Goloman", "Holiday"),
    ("Goloman", "Wilkes"),
    ("Hands", "Wilkes"),
    ("Holiday", "Welsh"),
    ("Holiday", "Wilkes"),
]
# All four hear everything from Goloman alone, as Redis's replicas do from their master.
STAR = [("Goloman", name) for name in NAMES[1:]]
NEWS_MAX_S = 5.0


class Updates(NamedTuple):
    """Of a load on one server: accepted by it and known to all, and CPU of each in microseconds an
    update, the loaded one's first."""

    per_second: float
    cpu_us: list[float]


@contextlib.contextmanager
def running(
    kind: str, directory: Path, herd: Topology, names: list[str] = NAMES
) -> Iterator[list[Running]]:
    """The servers of a herd, the first of `names` first; of Redis that is the master."""
    with contextlib.ExitStack() as stack:
        servers: list[Running] = []
        for name in names:
            master = servers[0].port if kind == "redis" and servers else None
            this = server(kind, directory, herd=herd, name=name, follow=master)
            servers.append(stack.enter_context(this))
        yield servers


def ask(port: int, text: bytes) -> bytes:
    """All that a server says to `text`, on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def knows(target: Running, client: bytes) -> bool:
    """Whether a server has heard of a client."""
    if target.kind == "redis":
        return not ask(target.port, b"GET %b\r\nQUIT\r\n" % client).startswith(b"$-1")
    return ask(target.port, b"WHATSAT %b 0 0\n" % client).startswith(b"AT ")


def mark(servers: list[Running], client: bytes) -> None:
    """Tells the first server of a new client, and waits until all know it: a server that does has
    heard everything before it, too."""
    now = b"%d.%09d" % divmod(time.time_ns(), 1_000_000_000)
    redis = servers[0].kind == "redis"
    line = b"SET %b 1\r\nQUIT\r\n" if redis else b"IAMAT %b +34-118 " + now + b"\n"
    ask(servers[0].port, line % client)
    left = list(servers)

    def all_know() -> bool:
        left[:] = [target for target in left if not knows(target, client)]
        return not left

    wait_for(f"all know {client!r}", all_know, 120.0)


def updates(
    loader: Loader,
    kind: str,
    directory: Path,
    links: list[tuple[str, str]],
    load: Load,
    rounds: int,
) -> list[Updates]:
    """Loads the first of five servers, round by round; the round that comes first only makes the
    clients known."""
    herd = topology(directory / f"{kind}-{len(links)}.txt", NAMES, links)
    found = []
    with running(kind, directory, herd) as servers:
        mark(servers, b"linked")
        for number in range(rounds + 1):
            before = [cpu_ns(target.pid) for target in servers]
            start = time.monotonic()
            count = loader(servers[0], load).right
            mark(servers, b"mark-%d" % number)
            seconds = time.monotonic() - start
            after = [cpu_ns(target.pid) for target in servers]
            cpu = [(b - a) / count / 1e3 for a, b in zip(before, after)]
            found.append(Updates(count / seconds, cpu))
    return found[1:]


# Hops --------------------------------------------------------------------------------------------


class Restart(NamedTuple):
    """AT lines that a server heard and told after it was killed and started again with its journal,
    and milliseconds from its start to equal tables."""

    heard: int
    told: int
    ms: float


def status(door: int) -> Any:
    """The status of a herd's server, by its servers' door."""
    return json.loads(ask(door, b"STATUS\n"))


def restart(loader: Loader, directory: Path, clients: int, moves: int) -> Restart:
    """Two servers know so many clients. One is killed, some clients move, and it starts again."""
    pair = ["Goloman", "Hands"]
    herd = topology(directory / "restart.txt", pair, [("Goloman", "Hands")])
    options = herd_options(journal=True)
    one, other = (herd.servers[name] for name in pair)

    def are_equal() -> bool:
        tables = [(it["known"], it["digest"]) for it in (status(one), status(other))]
        return tables[0] == tables[1] and tables[0][0] >= clients

    def run(name: str) -> contextlib.AbstractContextManager[Running]:
        return server("herd", directory, herd=herd, name=name, options=options)

    with run("Goloman") as stays:
        with run("Hands") as killed:
            loader(stays, Load(1, 100, f"requests:{clients}", clients))
            wait_for("both know all clients", are_equal)
            os.kill(killed.pid, signal.SIGKILL)
        loader(stays, Load(1, 1, f"requests:{moves}", moves))
        start = time.monotonic()
        with run("Hands"):
            wait_for("the tables are equal again", are_equal)
            ms = (time.monotonic() - start) * 1e3
            totals = status(other)["totals"]
    return Restart(totals["at_in"], totals["at_out"], ms)


class Listener:
    """This program in the place of a neighbour, whom others tell what is new."""

    def __init__(self, port: int) -> None:
        self.door = socket.create_server(("127.0.0.1", port))
        self.door.settimeout(NEWS_MAX_S)

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.door.close()

    def begin(self, target: Running) -> None:
        """Meets those who will tell it."""

    def news(self) -> None:
        """Waits for the next update."""


class HerdListener(Listener):
    """Welsh, at its servers' door: HELLO, SINCE, and a SINCE for every MARK."""

    link: socket.socket
    lines: Iterator[bytes]

    def begin(self, target: Running) -> None:
        self.link, _ = self.door.accept()
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link.settimeout(NEWS_MAX_S)
        self.lines = self.read()
        _, dialler, me, run, nonce, *_ = next(self.lines).split()
        self.link.sendall(b"HELLO %b %b %016x %b -\n" % (me, dialler, 1, nonce[::-1]))
        self.link.sendall(b"SINCE %b 0 0 %016x\n" % (run, 0))
        self.run = run

    def read(self) -> Iterator[bytes]:
        rest = b""
        while data := self.link.recv(65536):
            *lines, rest = (rest + data).split(b"\n")
            yield from lines

    def news(self) -> None:
        for line in self.lines:
            if line.startswith(b"AT "):
                return
            if line.startswith(b"MARK "):
                self.link.sendall(b"SINCE %b %b\n" % (self.run, line[5:]))
        raise BenchError("the link to the listener broke")


class PlainListener(Listener):
    """Welsh, at its clients' door: a connection for each update, as asyncio_herd.py floods."""

    def news(self) -> None:
        connection, _ = self.door.accept()
        with connection:
            while connection.recv(65536):
                pass


class LastingListener(Listener):
    """Welsh, at its clients' door: one connection for all updates."""

    link: socket.socket | None = None

    def news(self) -> None:
        if self.link is None:
            self.link, _ = self.door.accept()
            self.link.settimeout(NEWS_MAX_S)
        data = b""
        while not data.endswith(b"\n"):
            data = self.link.recv(65536)


class RedisListener(Listener):
    """A replica: it asks for all there is, and reads what follows."""

    def begin(self, target: Running) -> None:
        self.link = socket.create_connection(("127.0.0.1", target.port), 10)
        self.link.sendall(b"REPLCONF capa eof capa psync2\r\n")
        data = self.link.recv(65536)
        self.link.sendall(b"PSYNC ? -1\r\n")
        # The end of a snapshot without disk is a mark of 40 bytes that stands at its start, too.
        while b"$EOF:" not in data or len(data.split(b"$EOF:")[1]) < 42:
            data += self.link.recv(65536)
        end = data.split(b"$EOF:")[1][:40]
        while not data.endswith(end):
            data += self.link.recv(65536)
        # The stream begins with an acknowledgement, but not before the master has seen its child
        # end that wrote the snapshot.
        time.sleep(0.5)
        self.link.sendall(b"REPLCONF ACK 0\r\n")
        self.link.settimeout(NEWS_MAX_S)

    def news(self) -> None:
        data = b""
        while b"SET" not in data:
            data = self.link.recv(65536)


LISTENERS = {
    "herd": HerdListener,
    "asyncio-best": PlainListener,
    "asyncio-lasting": LastingListener,
    "redis": RedisListener,
}


def echoed(directory: Path, count: int) -> list[float]:
    """Microseconds from the leaving of a request to its echo, sorted: two processes of an idle machine
    wake up, which is the least that news takes."""
    found = []
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(server("echo", directory))
        door = ("127.0.0.1", target.port)
        client = stack.enter_context(socket.create_connection(door, NEWS_MAX_S))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(count + 20):
            start = time.perf_counter_ns()
            client.sendall(request("herd", number))
            client.recv(4096)
            found.append((time.perf_counter_ns() - start) / 1e3)
            time.sleep(0.003)
    return sorted(found[20:])


def hops(kind: str, directory: Path, hops: int, count: int) -> list[float]:
    """Microseconds from an IAMAT's leaving to its news at a listener `hops` links away, sorted. A
    Redis has one hop."""
    herd = topology(directory / f"{kind}-hops.txt", NAMES, LINKS)
    others = [name for name in NAMES if name != "Welsh"]
    door = {"herd": herd.servers["Welsh"], "redis": 0}.get(kind, herd.clients["Welsh"])
    # Holiday is Welsh's only neighbour; from Hands it is three hops.
    teller = {1: "Holiday", 2: "Goloman", 3: "Hands"}[hops]
    names = [teller] if kind == "redis" else others
    found = []
    with LISTENERS[kind](door) as listener, running(kind, directory, herd, names) as servers:
        target = servers[names.index(teller)]
        listener.begin(target)
        with socket.create_connection(("127.0.0.1", target.port), 10) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.settimeout(NEWS_MAX_S)
            # All links must be up before an update comes by the shortest way.
            time.sleep(1.0)
            for number in range(count + 20):
                start = time.perf_counter_ns()
                client.sendall(request(kind, number))
                listener.news()
                found.append((time.perf_counter_ns() - start) / 1e3)
                client.recv(4096)
                # The herd is idle before each.
                time.sleep(0.003)
    return sorted(found[20:])
