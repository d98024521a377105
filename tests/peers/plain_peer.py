#!/usr/bin/env python3
"""A plain neighbour: one server of the same exercise, as others write it.

    python3 plain_peer.py NAME [-t topology.txt] [--habit HABIT]...

It knows the clients' door alone and floods to each neighbour's: per update one connection, one AT
line, close, and never a second try. It is deliberately careless: text, floats and no checks, for
that is what a herd has to live with. One thread per connection; asking its table is a WHATSAT.

Habits, as many as wanted:

    no-newline   its AT lines have no newline; the end of sending ends them
    visited      its AT lines carry the servers that have it already, itself the last
    sender       its AT lines carry its own name as a seventh field
    reads-200    it reads once, 200 bytes, and obeys what that was
    reads-to-eof it obeys nothing before the other side has ended
    answers      it answers AT lines on the connection that brought them
    float        it prints differences as Python prints floats, `+0.26` or `2.7e-05`
    exponent     it prints differences with an exponent, always: `+2.7e-05`
    float-time   it passes times on as floats, which loses their last digits: servers on either
                 side of it agree on the place, and never on the time to the nanosecond

SIGUSR1 shuts its door, as if it were down, and SIGUSR2 opens it again; its table stays. Each time
it prints a line: `NAME is open: …`, `NAME is down`. SIGINT and SIGTERM end it with 0.
"""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from topology import Server, TopologyError, load

HABITS = (
    "no-newline",
    "visited",
    "sender",
    "reads-200",
    "reads-to-eof",
    "answers",
    "float",
    "exponent",
    "float-time",
)
PATIENCE_S = 5.0  # for one connection
NO_PLACES = (
    '{\n   "html_attributions" : [],\n   "results" : [],\n   "status" : "ZERO_RESULTS"\n}\n\n'
)


class Peer:
    """The server: a table of AT fields, and the habits that it has."""

    def __init__(self, me: Server, neighbours: list[Server], habits: set[str]) -> None:
        self.me, self.neighbours, self.habits = me, neighbours, habits
        self.table: dict[str, list[str]] = {}  # by client: server, difference, client, place, time
        self.lock = threading.Lock()

    def connection(self, conn: socket.socket) -> None:
        """Reads as its habits are, and obeys each line."""
        with conn:
            conn.settimeout(PATIENCE_S)
            try:
                if "reads-200" in self.habits:
                    self.obey(conn.recv(200), conn)
                elif "reads-to-eof" in self.habits:
                    for line in conn.makefile("rb").read().splitlines():
                        self.obey(line, conn)
                else:
                    for line in conn.makefile("rb"):
                        self.obey(line, conn)
            except OSError:
                pass  # it has gone, or says nothing

    def obey(self, line: bytes, conn: socket.socket) -> None:
        """One command, valid or not as far as this make can tell."""
        text = line.decode("latin-1").rstrip("\n")
        match text.split():
            case ["IAMAT", client, place, when]:
                report = [self.me.name, self.difference(when), client, place, when]
                conn.sendall(self.at_line(report).encode("latin-1") + b"\n")
                self.news(report, [])
            case ["WHATSAT", client, _, _] if client in self.table:
                answer = f"{self.at_line(self.table[client])}\n{NO_PLACES}"
                conn.sendall(answer.encode("latin-1"))
            case ["AT", server, difference, client, place, when, *visited]:
                if "answers" in self.habits:
                    conn.sendall(line + b"\n")
                self.news([server, difference, client, place, when], [server, *visited])
            case _:
                conn.sendall(f"? {text}\n".encode("latin-1"))

    def difference(self, when: str) -> str:
        """Our clock less a time, in a float, in the way that it has."""
        value = time.time() - float(when)
        if "float" in self.habits:
            return f"+{value}" if value > 0 else str(value)
        return f"{value:+.6e}" if "exponent" in self.habits else f"{value:+.9f}"

    def at_line(self, report: list[str]) -> str:
        """AT and the fields, without newline."""
        return " ".join(["AT", *report])

    def news(self, report: list[str], visited: list[str]) -> None:
        """Keeps a report that is newer than what is known, and floods it."""
        client, when = report[2], report[4]
        with self.lock:
            known = self.table.get(client)
            if known and float(known[4]) >= float(when):
                return
            self.table[client] = report
        told = report.copy()
        if "float-time" in self.habits:
            told[4] = str(float(when))
        if "visited" in self.habits:
            told += [*visited, self.me.name]
        if "sender" in self.habits:
            told.append(self.me.name)
        line = self.at_line(told) + ("" if "no-newline" in self.habits else "\n")
        for neighbour in self.neighbours:
            if neighbour.name not in visited:
                self.tell(neighbour, line.encode("latin-1"))

    def tell(self, neighbour: Server, line: bytes) -> None:
        """Once. Who is down misses it."""
        try:
            address = (neighbour.host, neighbour.clients)
            with socket.create_connection(address, PATIENCE_S) as conn:
                conn.sendall(line)
        except OSError:
            pass


class Door:
    """The listening socket, which signals shut and open."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.listener: socket.socket | None = None

    def open(self) -> None:
        """Takes connections in a thread until it is shut. Raises OSError."""
        if self.listener is None:
            me = self.peer.me
            family = socket.AF_INET6 if ":" in me.host else socket.AF_INET
            self.listener = socket.create_server((me.host, me.clients), family=family, backlog=128)
            threading.Thread(target=self.accept, args=[self.listener], daemon=True).start()
        print(f"{self.peer.me.name} is open: clients {self.peer.me.clients}, plain", flush=True)

    def shut(self) -> None:
        """Refuses everybody from now on."""
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept(2), which close(2) does not
            self.listener.close()
            self.listener = None
        print(f"{self.peer.me.name} is down", flush=True)

    def accept(self, listener: socket.socket) -> None:
        """A thread per connection, until the listener is shut."""
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.peer.connection, args=[conn], daemon=True).start()


def main() -> int:
    """Reads the command line, and serves until a signal."""
    parser = argparse.ArgumentParser(description="A herd's plain neighbour: another implementation.")
    parser.add_argument("name")
    parser.add_argument("-t", "--topology", type=Path, default=Path("topology.txt"))
    parser.add_argument("--habit", action="append", choices=HABITS, default=[])
    options = parser.parse_args()
    try:
        topology = load(options.topology)
        me = topology.servers[options.name]
    except (TopologyError, KeyError) as error:
        print(f"no such server or topology: {error}", file=sys.stderr)
        return 2
    signals = {signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # before any thread, so that all inherit it
    door = Door(Peer(me, topology.neighbours(me.name), set(options.habit)))
    try:
        door.open()
        while (number := signal.sigwait(signals)) in (signal.SIGUSR1, signal.SIGUSR2):
            (door.shut if number == signal.SIGUSR1 else door.open)()
    except OSError as error:
        print(f"{me.host}:{me.clients}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
