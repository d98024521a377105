"""One measurement each: a load on a server, its CPU, memory, instructions and system calls."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from servers import LOAD_CORE, BenchError, Running, server, wait_for

# A load warms up for the first sample, and is measured from there to the last.
EVERY_S = 0.25
TRIES = 3
# A server has nothing left to do so long after it was left alone.
SETTLED_S = 0.3


class Questions(NamedTuple):
    """The percentage of WHATSATs, what each asks, and whether clients travel between four towns."""

    percent: int = 0
    radius_km: int = 50
    bound: int = 5
    towns: bool = False


class Load(NamedTuple):
    """What a load is to do; `until` is `seconds:S` or `requests:N`."""

    connections: int
    pipeline: int
    until: str
    clients: int = 1_000
    questions: Questions = Questions()
    # Requests a second that are due, answered or not; 0: as fast as they are answered.
    rate: int = 0


class Measured(NamedTuple):
    """What came of it; CPU in microseconds a request, of the process and of its main thread."""

    per_second: float
    p99_us: float
    cpu_us: float
    main_cpu_us: float
    right: int


class Loader:
    """The program of tests/bench/load.rs."""

    def __init__(self, program: Path) -> None:
        self.program = program

    def __call__(self, target: Running, load: Load) -> Measured:
        """Runs a load. Raises BenchError if a single reply is wrong or missing."""
        # On a busy machine a short load may not come to two samples.
        for _ in range(TRIES):
            found = self.run(target, load)
            rate = found["right"] / found["seconds"]
            if load.until.startswith("requests:"):
                return Measured(rate, found["p99_us"], 0.0, 0.0, found["right"])
            first, last = [*found["samples"], [0] * 4][0], [[0] * 4, *found["samples"]][-1]
            seconds, count, cpu, main = (b - a for a, b in zip(first, last))
            if count > 0:
                cpu_us, main_us = cpu / count / 1e3, main / count / 1e3
                rate = count / seconds * 1e9
                return Measured(rate, found["p99_us"], cpu_us, main_us, found["right"])
        raise BenchError(f"load on {target.kind}: no two samples; the machine is too busy")

    def run(self, target: Running, load: Load) -> dict[str, Any]:
        """What the program found."""
        pin = ["taskset", "-c", str(LOAD_CORE)] if shutil.which("taskset") else []
        address = f"127.0.0.1:{target.port}"
        clients = max(load.clients, load.connections)
        numbers = [target.pid, load.connections, load.pipeline, clients]
        questions = ",".join(str(int(number)) for number in load.questions)
        words = [target.dialect, address, *map(str, numbers), questions, str(load.rate)]
        words += [load.until, str(EVERY_S)]
        told = subprocess.run([*pin, str(self.program), *words], capture_output=True, text=True)
        if told.returncode:
            raise BenchError(f"load on {target.kind}: {told.stderr.strip()[:500]}")
        found: dict[str, Any] = json.loads(told.stdout)
        if found["faults"]:
            raise BenchError(f"load on {target.kind}: {found['faults']}")
        return found


def cpu_ns(pid: int) -> int:
    """CPU time of a process, all threads, in nanoseconds (/proc/PID/task/*/schedstat)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            total += int((task / "schedstat").read_text().split()[0])
    return total


def own_memory(pid: int) -> int:
    """The memory that a process has for itself, in bytes (/proc/PID/smaps_rollup, Anonymous)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024
    raise BenchError("smaps_rollup has no line Anonymous")


def median(values: Sequence[float]) -> float:
    """Their median."""
    return statistics.median(values)


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of each round: what disturbed a round disturbed both."""
    return median([a / b for a, b in zip(above, below) if b])


def request(kind: str, number: int) -> bytes:
    """One request as a person would send it."""
    now = time.time_ns()
    if kind == "redis":
        return b"SET kiwi.cs.ucla.edu %d\r\n" % now
    stamp = b"%d.%09d" % divmod(now, 1_000_000_000)
    return b"IAMAT kiwi.cs.ucla.edu +34.%06d-118.445127 %b\n" % (number % 1_000_000, stamp)


def idle_connections(target: Running, count: int) -> tuple[float, float]:
    """Memory of an idle connection in bytes: untouched, and after one request each."""

    def ask(connection: socket.socket, number: int) -> None:
        connection.sendall(request(target.kind, number))
        if not connection.recv(4096).endswith(b"\n"):
            raise BenchError(f"{target.kind} answers no request")

    with contextlib.ExitStack() as stack:

        def dial() -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", target.port), 10))

        def open_now() -> int:
            return len(os.listdir(f"/proc/{target.pid}/fd"))

        # The first finds what is made once; who came before it is seen to be gone.
        ask(dial(), 0)
        time.sleep(SETTLED_S)
        before, open_before = own_memory(target.pid), open_now()
        connections = []
        for index in range(count):
            connections.append(dial())
            # No more at once than its listen queue holds.
            if index % 64 == 63 or index == count - 1:
                wait_for(f"{index + 1} are in", lambda: open_now() > open_before + index)
        time.sleep(SETTLED_S)
        untouched = own_memory(target.pid)
        for number, connection in enumerate(connections):
            ask(connection, number)
        time.sleep(SETTLED_S)
        asked = own_memory(target.pid)
    return (untouched - before) / count, (asked - before) / count


# Counting ----------------------------------------------------------------------------------------


def can_count() -> str | None:
    """How instructions of user space are counted here: `perf`, `callgrind`, or not at all."""
    if shutil.which("perf"):
        command = ["perf", "stat", "-x,", "-e", "instructions:u", "true"]
        told = subprocess.run(command, capture_output=True, text=True)
        if told.returncode == 0 and re.match(r"\d+,", told.stderr):
            return "perf"
    return "callgrind" if shutil.which("valgrind") else None


class Counter(NamedTuple):
    """A command in front of a server that counts what it does: with `{}` for a file, and where its
    total stands in there."""

    command: list[str]
    total: str


PERF = Counter(["perf", "stat", "-x,", "-e", "instructions:u", "-o", "{}"], r"^(\d+),")
CALLGRIND = Counter(
    ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file={}"], r"^(?:totals|summary): (\d+)"
)
STRACE = Counter(["strace", "-f", "-c", "-U", "calls,name", "-o", "{}"], r"^\s*(\d+)\s+total")


class Counting(NamedTuple):
    """How what is counted for a request: the difference of two runs of unlike length. Starting,
    connecting and ending are in both."""

    loader: Loader
    directory: Path
    counts: tuple[int, int]

    def instructions(self, kind: str, connections: int, pipeline: int) -> float:
        """Instructions of user space."""
        counter = PERF if can_count() == "perf" else CALLGRIND
        return self.count(counter, kind, connections, pipeline)

    def system_calls(self, kind: str, connections: int, pipeline: int) -> float:
        """System calls."""
        return self.count(STRACE, kind, connections, pipeline)

    def count(self, counter: Counter, kind: str, connections: int, pipeline: int) -> float:
        """What `counter` counts of a server of this kind, for a request."""
        file = self.directory / "counted"
        tracer = [word.format(file) for word in counter.command]
        totals = []
        for requests in self.counts:
            with server(kind, self.directory, tracer=tracer) as target:
                self.loader(target, Load(connections, pipeline, f"requests:{requests}"))
            found = re.search(counter.total, file.read_text(), re.MULTILINE)
            if not found:
                raise BenchError(f"{counter.command[0]} does not say what it counted")
            totals.append(int(found[1]))
            file.unlink()
        return (totals[1] - totals[0]) / (self.counts[1] - self.counts[0])
