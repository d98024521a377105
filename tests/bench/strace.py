#!/usr/bin/env python3
"""What the kernel is asked for one IAMAT, one WHATSAT and one flood: ours beside asyncio-best.

    python3 strace.py

Both servers have neither log nor journal, and their connections stand already. What is shown is all
that the process does from one sleep to the next, threads included. The bare trace goes to
run/bench/strace.txt. asyncio-best looks nothing up for a WHATSAT: it has one answer for all.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from measure import request
from servers import TOP, BenchError, Running, meanings, server, topology, wait_for

KINDS = ("herd", "asyncio-best")
QUIET_S = 0.15
# Two of them fit a terminal.
WIDTH = 39
# What a call is for; of several that fit, the first. `{peer}` is who is at the other end, `{what}`
# what is said.
NOTES = [
    (r"epoll_p?wait\(.*, 0(, NULL, \d+)?\) +=", "looks for events, no wait"),
    (r"epoll_p?wait", "waits for events"),
    (r"(recvfrom|read).*EAGAIN", "nothing more there"),
    (r"(recvfrom|read).* = 0$", "{peer} has closed"),
    (r'(recvfrom|read|recvmsg)\(.*"(IAMAT|WHATSAT|AT) ', "reads {peer}'s line"),
    (r"read\(.*\\[01]\\0|read\(.*\\1", "takes the wake-up"),
    (r"write\(.*\\[01]\\0", "wakes the loop (eventfd)"),
    (r'(sendto|write|sendmsg)\(.*"AT ', "{what} to {peer}"),
    (r"sendto|write|sendmsg", "writes to {peer}"),
    (r"recvfrom|read", "reads from {peer}"),
    (r"futex.*WAKE", "wakes a thread"),
    (r"futex", "sleeps until there is work"),
    (r"accept4?\(.*EAGAIN", "nobody else at the door"),
    (r"accept", "takes a connection in"),
    (r"connect", "dials the neighbour"),
    (r"socket\(", "makes a socket"),
    (r"epoll_ctl.*ADD", "registers it"),
    (r"epoll_ctl.*MOD", "changes what it watches for"),
    (r"epoll_ctl.*DEL", "takes it out of the poll"),
    (r"shutdown", "says that all is sent"),
    (r"close", "closes it"),
    (r"[sg]etsockopt|getsockname|getpeername|ioctl|fcntl", "sets it up or asks about it"),
    (r"getpid", "asks who it is"),
    (r"mmap|munmap|brk|madvise|mprotect", "memory"),
]


class Traced(NamedTuple):
    """A server under strace, and where its trace goes."""

    target: Running
    file: Path

    def quiet(self) -> str:
        """Its trace, once nothing is added to it any more."""
        size, since = -1, time.monotonic()

        def is_quiet() -> bool:
            nonlocal size, since
            now = self.file.stat().st_size
            if now != size:
                size, since = now, time.monotonic()
            return time.monotonic() - since > QUIET_S

        wait_for("the server sleeps", is_quiet)
        return self.file.read_text(errors="replace")


def calls(trace: str, start: int) -> list[str]:
    """The finished calls of a trace from `start` on, a line each: `name(arguments) = result`."""
    found = []
    # A call that another thread's line interrupts is written in two parts.
    begun: dict[str, str] = {}
    for line in trace[start:].splitlines():
        thread, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[thread] = call.removesuffix("<unfinished ...>")
            continue
        if resumed := re.match(r"<\.\.\. (\w+) resumed>", call):
            call = begun.pop(thread, f"{resumed[1]}(…") + call[resumed.end() :]
        if " = " in call:
            found.append(call)
    return found


def annotated(lines: Sequence[str]) -> list[str]:
    """What each call is for."""
    peers: dict[str, str] = {}
    rows, what = [], "AT line"
    for line in lines:
        name = line.partition("(")[0]
        descriptor = (re.match(r"\w+\((\d+)", line) or ["", ""])[1]
        if re.search(r'"(IAMAT|WHATSAT) ', line):
            peers[descriptor] = "the client"
        if '"WHATSAT ' in line:
            what = "AT line, JSON"
        note = next((note for pattern, note in NOTES if re.match(pattern, line)), "")
        peer = peers.get(descriptor, "the neighbour")
        rows.append(f"{name:<11} {note.format(peer=peer, what=what)}")
    return rows


def side_by_side(title: str, columns: Sequence[tuple[str, list[str]]], raw: list[str]) -> None:
    """Prints a scene, and keeps its bare traces."""
    print(f"\n{title}\n")
    heads = [f"{name}: {len(lines)} calls" for name, lines in columns]
    cells = [[head, "-" * len(head), *annotated(lines)] for head, (_, lines) in zip(heads, columns)]
    for row in zip_longest(*cells, fillvalue=""):
        print("  ".join(cell.ljust(WIDTH) for cell in row).rstrip())
    for name, lines in columns:
        raw += [f"# {title}: {name}", *lines, ""]


def slice_of(traced: Sequence[Traced], act: Callable[[], None]) -> list[list[str]]:
    """What each server did while `act` happened; again if a heartbeat came between."""
    for _ in range(50):
        # From the start of the line that is being written: the sleep that `act` ends.
        starts = [one.quiet().rfind("\n") + 1 for one in traced]
        act()
        found = [calls(one.quiet(), start) for one, start in zip(traced, starts)]
        if not re.search(r'"(MARK|SINCE|HELLO) ', "\n".join(sum(found, []))):
            return found
    raise BenchError("there is no second without a heartbeat")


def ask(client: socket.socket, line: bytes) -> None:
    """One request, and the start of its answer."""
    client.sendall(line)
    client.recv(65536)


def tracer(file: Path) -> list[str]:
    """The command before the server's own."""
    return ["strace", "-f", "-s", "60", "-o", str(file)]


def alone(kind: str, directory: Path) -> list[list[str]]:
    """The calls of one IAMAT and of one WHATSAT."""
    file = directory / f"{kind}.trace"
    with server(kind, directory, tracer=tracer(file)) as target:
        traced = [Traced(target, file)]
        with socket.create_connection(("127.0.0.1", target.port), 10) as client:
            ask(client, request(kind, 1))
            ask(client, b"WHATSAT kiwi.cs.ucla.edu 10 2\n")
            moved = slice_of(traced, lambda: ask(client, request(kind, 2)))
            near = slice_of(traced, lambda: ask(client, b"WHATSAT kiwi.cs.ucla.edu 10 2\n"))
    return moved + near


def flood(kind: str, directory: Path) -> list[list[str]]:
    """The calls of an IAMAT at a server with one neighbour, and of that neighbour."""
    names = ["Goloman", "Hands"]
    herd = topology(directory / f"{kind}-two.txt", names, [("Goloman", "Hands")])
    with ExitStack() as stack:
        traced = []
        for name in names:
            file = directory / f"{kind}-{name}.trace"
            this = server(kind, directory, herd=herd, name=name, tracer=tracer(file))
            traced.append(Traced(stack.enter_context(this), file))
        client = stack.enter_context(
            socket.create_connection(("127.0.0.1", traced[0].target.port), 10)
        )
        ask(client, request(kind, 1))
        time.sleep(1.5)
        return slice_of(traced, lambda: ask(client, request(kind, 2)))


def main() -> int:
    """Traces, and prints."""
    if not shutil.which("strace"):
        raise BenchError("there is no strace here; install the package strace")
    cargo = [os.environ.get("CARGO", "cargo"), "build", "--release", "--locked", "--quiet"]
    print("Building target/release/herd (the first time takes a minute or two) …", flush=True)
    subprocess.run(cargo, cwd=TOP, check=True)
    raw: list[str] = []
    with tempfile.TemporaryDirectory(prefix="herd-strace-") as name:
        directory = Path(name)
        moved, near = zip(*(alone(kind, directory) for kind in KINDS))
        tells, hears = zip(*(flood(kind, directory) for kind in KINDS))
    for title, found in (
        ("One IAMAT", moved),
        ("One WHATSAT", near),
        ("One flood: the server that tells (an IAMAT with a neighbour)", tells),
        ("One flood: the server that is told", hears),
    ):
        side_by_side(title, list(zip(KINDS, found)), raw)
    file = TOP / "run/bench/strace.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(raw))
    print("\n" + "\n".join(meanings(KINDS)))
    print(f"With their arguments: {file}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BenchError, subprocess.SubprocessError, OSError) as error:
        sys.exit(f"strace: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
