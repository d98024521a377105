#!/usr/bin/env python3
"""Checks the doubles in this directory, and any make of server at its clients' door.

    python3 check.py              asyncio_herd.py alone, three in a line, plain_peer.py among them
    python3 check.py PROGRAM      the clients' door of `PROGRAM serve NAME -t FILE`

Exit status: 0 all is well; 1 not, with a line for each difference.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cases import CASES
from plain_peer import HABITS

HERE = Path(__file__).resolve().parent
ASYNCIO = [sys.executable, str(HERE / "asyncio_herd.py")]
PLAIN = [sys.executable, str(HERE / "plain_peer.py")]
PATIENCE_S = 10.0
PLACES = '{"results": [{"name": "a"}, {"name": "b"}, {"name": "c"}], "status": "OK"}'
wrong: list[str] = []
checked = 0


def expect(is_right: bool, what: str) -> None:
    """Counts an assertion, and keeps what is wrong."""
    global checked
    checked += 1
    if not is_right:
        wrong.append(what)


def until(holds: Callable[[], bool], what: str) -> None:
    """Expects something that becomes true."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    expect(holds(), what)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, below those that the system gives to clients."""
    found: set[int] = set()
    while len(found) < count:
        port = random.randrange(20_000, 32_768)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                found.add(port)
    return sorted(found)


class Running:
    """A server process that has said that it is open."""

    def __init__(self, command: list[str], name: str, port: int, folder: Path) -> None:
        self.name, self.port, self.folder = name, port, folder
        # An interpreter and its script, or a program and its verb; then the options of this one.
        where = [name, "-t", str(folder / "topology.txt")]
        self.process = subprocess.Popen(
            command[:2] + where + command[2:], cwd=folder, stdout=subprocess.PIPE
        )
        self.said()

    def said(self) -> bytes:
        """The next line that it prints."""
        assert self.process.stdout
        return self.process.stdout.readline()

    def ask(self, sent: bytes, pieces: int = 1, source: str = "127.0.0.1") -> bytes:
        """Sends, ends, and reads to the end."""
        address = ("127.0.0.1", self.port)
        with socket.create_connection(address, PATIENCE_S, (source, 0)) as conn:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            step = max(1, -(-len(sent) // pieces))
            for start in range(0, len(sent), step):
                conn.sendall(sent[start : start + step])
            conn.shutdown(socket.SHUT_WR)
            answer = b""
            while data := conn.recv(65536):
                answer += data
            return answer

    def at(self, client: str) -> bytes:
        """Its AT line about a client, or an echo."""
        return self.ask(f"WHATSAT {client} 1 0".encode()).split(b"\n")[0]

    def end(self) -> int:
        """Its exit status after SIGTERM."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


@contextlib.contextmanager
def line_of(*commands: list[str]) -> Iterator[list[Running]]:
    """Servers A, B, C… each linked to the next. They end with 0, or that is wrong, too."""
    names = "ABCDEFG"[: len(commands)]
    ports = free_ports(2 * len(commands))
    text = "".join(
        f"server {name} 127.0.0.1 clients={ports[2 * i]} servers={ports[2 * i + 1]}\n"
        for i, name in enumerate(names)
    ) + "".join(f"link {a} {b}\n" for a, b in zip(names, names[1:]))
    running: list[Running] = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "topology.txt").write_text(text)
        try:
            for i, (name, command) in enumerate(zip(names, commands)):
                running.append(Running(command, name, ports[2 * i], Path(folder)))
            yield running
            for server in running:
                expect(server.end() == 0, f"{server.name} does not end with 0")
        finally:
            for server in running:
                server.process.kill()
                server.process.wait()


def clients_door(server: Running) -> None:
    """Every case of the table, from an address that is no neighbour's."""
    for case in CASES:
        try:
            got = server.ask(case.sent, case.pieces, "127.0.0.2")
        except OSError as error:
            got = f"({error})".encode()
        want = case.want.replace(b"SERVER", server.name.encode())
        found = re.fullmatch(want, got, re.DOTALL)
        expect(bool(found), f"{case.name}: {shown(case.sent)} -> {shown(got)}")
    clock(server)
    half_closed_and_slow(server)


def shown(text: bytes) -> str:
    """Bytes for a person, the middle left out."""
    return repr(text if len(text) < 200 else text[:90] + b" ... " + text[-90:])


def clock(server: Running) -> None:
    """The difference is the server's clock less the time, to the nanosecond."""
    when = time.time_ns() + 5_000_000_000
    before = time.time_ns()
    text = b"%d.%09d" % divmod(when, 1_000_000_000)
    difference = server.ask(b"IAMAT clock +1+1 " + text).split()[2].decode()
    after = time.time_ns()
    value = int(difference.replace(".", ""))
    expect(before <= when + value <= after, f"difference {difference} is not the clock's")
    tiny = server.ask(b"IAMAT tiny +1+1 0.000000001\nIAMAT tiny +1+1 0").split()
    expect(all(len(word.split(b".")[1]) == 9 for word in (tiny[2], tiny[8])), "nine digits")


def half_closed_and_slow(server: Running) -> None:
    """Who does not read is not read, disturbs nobody, and gets everything in the end."""
    line = b"x" * 1000 + b"\n"
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as conn:
        conn.setblocking(False)
        sent = 0
        quiet_since = time.monotonic()
        while sent < 100 << 20 and time.monotonic() - quiet_since < 0.3:
            with contextlib.suppress(BlockingIOError):
                sent += conn.send(line[sent % len(line) :] + line * 60)
                quiet_since = time.monotonic()
        expect(sent < 100 << 20, "a client that does not read is read without end")
        expect(server.ask(b"y") == b"? y\n", "a client that does not read disturbs others")
        conn.setblocking(True)
        conn.settimeout(PATIENCE_S)
        conn.shutdown(socket.SHUT_WR)
        got = b"".join(iter(lambda: conn.recv(1 << 20), b""))
        lines, rest = divmod(sent, len(line))
        want = (b"? " + line) * lines + (b"? " + line[:rest] + b"\n" if rest else b"")
        expect(got == want, f"{len(got)} bytes of {len(want)} came to a slow reader")


def flood(servers: list[Running]) -> None:
    """Three alike: everything is everywhere, byte for byte; one that was down catches up."""
    a, b, c = servers
    when = time.time_ns()
    for n, server in enumerate(servers):
        server.ask(b"IAMAT f%d +1+1 %d.%09d" % (n, *divmod(when, 1_000_000_000)))
    for n, server in enumerate(servers):
        until(lambda: a.at(f"f{n}") == b.at(f"f{n}") == c.at(f"f{n}"), f"f{n} differs")
        expect(a.at(f"f{n}").startswith(b"AT %b " % server.name.encode()), f"f{n}: wrong server")
    # Equal times at both ends end the same.
    a.ask(b"IAMAT tie +1+1 7")
    c.ask(b"IAMAT tie +2+2 7.0")
    until(lambda: a.at("tie") == b.at("tie") == c.at("tie"), "a tie differs")
    expect(b"+2+2 7.0" in b.at("tie"), "a tie is not won by the greater place")
    # A stopped neighbour delays nobody; of a client that moves only the newest place matters.
    b.process.send_signal(signal.SIGSTOP)
    for n in range(100):
        a.ask(b"IAMAT moves +1+1 %d" % n)
    b.process.send_signal(signal.SIGCONT)
    until(lambda: c.at("moves").endswith(b" 99"), "the last move does not arrive")
    # From a neighbour's address AT is heard, with further fields; from elsewhere it is invalid.
    report = b"AT Else +1.000000000 heard +1+1 5"
    expect(b.ask(report, source="127.0.0.2") == b"? " + report + b"\n", "a stranger is heard")
    expect(b.at("heard").startswith(b"? "), "a stranger's AT is in the table")
    expect(b.ask(report + b" Else A\n") == b"", "a neighbour's AT is answered")
    until(lambda: b.at("heard") == c.at("heard") == report, "AT does not go on")
    expect(a.at("heard").startswith(b"? "), "AT goes to a server that is said to have it")
    ours = [
        (b"+2.7e-05", b"+0.000027000"),
        (b"-2.7E-5", b"-0.000027000"),
        (b"0.26387338638305664", b"+0.263873386"),
        (b"-1", b"-1.000000000"),
        (b"5.", b"+5.000000000"),
        (b"+0.263873386", b"+0.263873386"),
    ]
    for n, (difference, want) in enumerate(ours):
        b.ask(b"AT Else %b diff%d +1+1 5" % (difference, n))
        expect(b.at(f"diff{n}").split()[2] == want, f"{difference!r} is not {want!r}")
    for n, difference in enumerate((b"nan", b"1e99", b"1/2", b"1_0", b"x")):
        b.ask(b"AT Else %b clock%d +1+1 5" % (difference, n))
        seconds = float(b.at(f"clock{n}").split()[2])
        expect(abs(seconds - time.time()) < 60, f"{difference!r} is not replaced by the clock's")


def comes_back(servers: list[Running]) -> None:
    """What a plain neighbour misses while it is down is told when it is back."""
    a, peer, c = servers
    peer.process.send_signal(signal.SIGUSR1)
    expect(peer.said() == b"B is down\n", "B does not go down")
    a.ask(b"IAMAT once +1+1 1")
    log = Path(a.folder, "A.log")
    until(lambda: "B is not reached" in log.read_text(), "A does not note that B is down")
    for n in range(20):
        a.ask(b"IAMAT down%d +1+1 %d" % (n % 2, n))
    peer.process.send_signal(signal.SIGUSR2)
    peer.said()
    for client, last in (("once", b" 1"), ("down0", b" 18"), ("down1", b" 19")):
        for server in servers:
            until(lambda: server.at(client).endswith(last), f"{server.name} has not {client}")


def habits(servers: list[Running], habit: str) -> None:
    """A plain peer in the middle passes on what either side says, and says things itself."""
    a, peer, c = servers
    for server, client in ((a, "fromA"), (c, "fromC"), (peer, "fromB")):
        time_text = b"1520023934.918963997"
        server.ask(b"IAMAT %b +1+1 %b" % (client.encode(), time_text))
        for other in servers:
            until(
                lambda: other.at(client).startswith(b"AT "),
                f"{habit}: {client} is not known at {other.name}",
            )
        # A time that became a float is another time.
        same = 5 if habit == "float-time" else 6
        until(
            lambda: a.at(client).split()[:same] == c.at(client).split()[:same],
            f"{habit}: {client} differs",
        )
        line = a.at(client)
        expect(bool(re.fullmatch(rb"AT . [+-]\d+\.\d{9} .*", line)), f"{habit}: {line!r}")


def wrong_use(server: Running) -> None:
    """One line on standard error: 2 for something to correct, 1 if the door is taken."""
    folder = Path(server.folder)
    (folder / "broken.txt").write_text("server A ::1 clients=1 plain\nlink A B\n")
    (folder / "broken.json").write_text("[]")
    good = ["A", "-t", "topology.txt"]
    for status, options in (
        (2, ["Nobody", "-t", "topology.txt"]),
        (2, ["A", "-t", "missing.txt"]),
        (2, ["A", "-t", "broken.txt"]),
        (2, [*good, "--log", "no/such/place"]),
        (2, [*good, "--places", "broken.json"]),
        (1, good),
    ):
        done = subprocess.run([*ASYNCIO, *options], cwd=folder, capture_output=True, check=False)
        is_right = done.returncode == status and done.stderr.count(b"\n") == 1
        expect(is_right, f"{options}: {done.returncode}, {done.stderr!r}")


def log_and_places(server: Running) -> None:
    """The log has every line; a file of places is cut to the bound."""
    server.ask(b"IAMAT log\xff +1+1 1\nwhat?")
    answer = server.ask(b"WHATSAT log\xff 1 2").split(b"\n", 1)[1]
    names = [place["name"] for place in json.loads(answer)["results"]]
    expect(names == ["a", "b"], f"{names} are not the first two places")
    log = Path(server.folder, "A.log")
    for text in (r"< IAMAT log\xff +1+1 1", "> AT A +", "< what?", "> ? what?"):
        until(lambda: text in log.read_text(), f"{text} is not in the log")


def main() -> int:
    """Runs all, prints what is wrong."""
    if len(sys.argv) > 1:
        program = str(Path(sys.argv[1]).resolve())
        with line_of([program, "serve", "--places", "offline"]) as [server]:
            clients_door(server)
    else:
        with line_of(ASYNCIO) as [server]:
            clients_door(server)
            wrong_use(server)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as places:
            places.write(PLACES)
            places.flush()
            with line_of([*ASYNCIO, "--log", "A.log", "--places", places.name]) as [server]:
                log_and_places(server)
        with line_of(ASYNCIO, ASYNCIO, ASYNCIO) as servers:
            flood(servers)
        with line_of([*ASYNCIO, "--log", "A.log"], PLAIN, ASYNCIO) as servers:
            comes_back(servers)
        for habit in HABITS:
            with line_of(ASYNCIO, [*PLAIN, "--habit", habit], ASYNCIO) as servers:
                habits(servers, habit)
    for line in wrong:
        print(f"wrong: {line}")
    print(f"{checked - len(wrong)} of {checked} right")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
