"""The servers that are measured: the herd, and what it is compared with.

Each is one process pinned to the server's core, on free ports of 127.0.0.1, and ends with its
`with` block. What a machine lacks is named in `missing`, and left out.
"""

from __future__ import annotations

import contextlib
import os
import platform
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

BENCH = Path(__file__).resolve().parent
TOP = BENCH.parent.parent
HERD = TOP / "target/release/herd"
ECHO = TOP / "target/bench/echo"
ASYNCIO = BENCH.parent / "peers/asyncio_herd.py"
# asyncio's servers, by their kinds.
ASYNCIOS = {
    "asyncio-best": ASYNCIO,
    "asyncio-streams": BENCH / "streams.py",
    "asyncio-lasting": BENCH / "lasting.py",
}
# The interpreter of those, with its options.
PYTHON = [sys.executable]
# What is measured, in the tables' words.
MEANINGS = {
    "asyncio-streams": "readline, write and drain for each line, as most servers do",
    "asyncio-best": "all lines of a read at once",
    "asyncio-lasting": "asyncio-best with lasting connections to its neighbours",
    "uvloop-best": "asyncio-best on uvloop",
    "echo": "a server in C on epoll that sends back what it reads",
}
# The same, once uvloop is in the place of asyncio's own loop.
UVLOOP = f"""
import runpy, sys, uvloop
uvloop.install()
sys.path.insert(0, {str(ASYNCIO.parent)!r})
runpy.run_path({str(ASYNCIO)!r}, run_name="__main__")
"""
PATIENCE_S = 20.0
# Servers on one core, the load and this program on the other.
SERVER_CORE, LOAD_CORE = (sorted(os.sched_getaffinity(0)) * 2)[:2]


class BenchError(Exception):
    """What went wrong, in one line."""


class Running(NamedTuple):
    """A server that has opened its door. `tracer` is the process that was started."""

    kind: str
    pid: int
    port: int
    tracer: subprocess.Popen[str]

    @property
    def dialect(self) -> str:
        """What the load speaks to it."""
        return self.kind if self.kind in ("echo", "redis") else "herd"


def missing() -> dict[str, str]:
    """What this machine lacks, and what is left out for that."""
    lacks = {}
    for tool, what in {
        "taskset": "pinning: servers and load run on any core",
        "cc": "the raw epoll echo",
        "redis-server": "Redis",
        "strace": "system calls",
        "valgrind": "instructions, where perf cannot count them",
    }.items():
        if not shutil.which(tool):
            lacks[tool] = what
    if SERVER_CORE == LOAD_CORE:
        lacks["a second core"] = "servers and load share one: latencies and rates mislead"
    if subprocess.run([sys.executable, "-c", "import uvloop"], capture_output=True).returncode:
        lacks["uvloop"] = "uvloop-best"
    return lacks


def meanings(kinds: Iterable[str]) -> list[str]:
    """What the names of these kinds mean, a line each."""
    known = [kind for kind in kinds if kind in MEANINGS]
    width = max((len(kind) for kind in known), default=0)
    return [f"{kind:<{width}}  {MEANINGS[kind]}" for kind in known]


def build() -> Path:
    """Builds the herd, the load and the echo; returns the load's program."""
    print("Building target/release/herd and its load (minutes, the first time) …", flush=True)
    cargo = os.environ.get("CARGO", "cargo")
    command = [cargo, "build", "--release", "--locked", "--bin", "herd", "--bench", "bench_load"]
    subprocess.run(command, cwd=TOP, check=True)
    command.append("--message-format=json")
    told = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout
    programs = [p.split('"')[0] for p in told.split('"executable":"')[1:]]
    if shutil.which("cc"):
        ECHO.parent.mkdir(parents=True, exist_ok=True)
        source = str(BENCH / "echo.c")
        subprocess.run(["cc", "-O2", "-Wall", "-o", str(ECHO), source], check=True)
    return Path(next(program for program in programs if "bench_load" in program))


def machine() -> str:
    """The machine in a line."""
    names = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    model = names[0] if names else platform.machine()
    return f"{platform.node()}: {len(names)} × {model}, Linux {platform.release()}"


def raise_descriptors(wanted: int) -> int:
    """Lets this process and its children have `wanted` descriptors; returns how many they have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, below those that the system gives to clients."""
    found: set[int] = set()
    while len(found) < count:
        port = random.randrange(20_000, 32_768)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                found.add(port)
    return list(found)


class Topology(NamedTuple):
    """Who is in a herd, on which ports, and the file that says so."""

    path: Path
    clients: dict[str, int]
    servers: dict[str, int]


def topology(path: Path, names: Sequence[str], links: Sequence[tuple[str, str]]) -> Topology:
    """Writes a topology on free ports."""
    ports = free_ports(2 * len(names))
    clients, servers = dict(zip(names, ports)), dict(zip(names, ports[len(names) :]))
    lines = [f"server {n} 127.0.0.1 clients={clients[n]} servers={servers[n]}" for n in names]
    lines += [f"link {one} {other}" for one, other in links]
    path.write_text("\n".join(lines) + "\n")
    return Topology(path, clients, servers)


def alone(directory: Path) -> Topology:
    """A herd of one."""
    path = directory / f"alone-{random.randrange(1 << 32):08x}.txt"
    return topology(path, ["Goloman"], [])


def has_journal() -> bool:
    """Whether this herd can keep a journal."""
    told = subprocess.run([HERD, "serve", "--help"], capture_output=True, text=True).stdout
    return "--no-journal" in told


def herd_options(log: str = "off", journal: bool = False) -> list[str]:
    """What a herd is told: by default neither log nor journal."""
    options = ["--log-level", log, "--until-eof"]
    return options + (["--no-journal"] if has_journal() and not journal else [])


@contextlib.contextmanager
def server(
    kind: str,
    directory: Path,
    *,
    herd: Topology | None = None,
    name: str = "Goloman",
    options: Sequence[str] | None = None,
    tracer: Sequence[str] = (),
    follow: int | None = None,
) -> Iterator[Running]:
    """Runs a server of a kind: herd, one of ASYNCIOS, uvloop-best, echo or redis. `tracer` is a
    command in front of it, such as strace with its options; `follow` the port of the master of a
    Redis."""
    herd = herd or alone(directory)
    port = herd.clients[name]
    command = program(kind, name, herd, directory, options)
    if follow:
        command += ["--replicaof", "127.0.0.1", str(follow)]
    pin = ["taskset", "-c", str(SERVER_CORE)] if shutil.which("taskset") else []
    # Its output goes to a file: a pipe that nobody reads would stop it one day.
    with open(directory / f"{kind}-{port}.out", "w+") as said:
        process = subprocess.Popen(
            [*pin, *tracer, *command], stdin=subprocess.PIPE, stdout=said, stderr=said, text=True
        )
        pid = process.pid
        try:
            wait_for(f"{kind} opens its door", lambda: is_open(port, process))
            pid = child(process.pid) if tracer and tracer[0] != "valgrind" else process.pid
            yield Running(kind, pid, port, process)
        finally:
            end(process, pid)


def program(
    kind: str, name: str, herd: Topology, directory: Path, options: Sequence[str] | None
) -> list[str]:
    """The command that starts a server of a kind."""
    path = str(herd.path)
    if kind == "herd":
        options = herd_options() if options is None else options
        return [str(HERD), "serve", name, "-t", path, "-d", str(directory / "run"), *options]
    extra = list(options or [])
    if kind in ASYNCIOS:
        return [*PYTHON, str(ASYNCIOS[kind]), name, "-t", path, *extra]
    if kind == "uvloop-best":
        return [*PYTHON, "-c", UVLOOP, name, "-t", path, *extra]
    port = str(herd.clients[name])
    if kind == "echo":
        return [str(ECHO), port]
    always = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"]
    always += ["--bind", "127.0.0.1", "--dir", str(directory), "--maxclients", "15000"]
    return ["redis-server", "--port", port, *always, *extra]


def add_places(target: Running) -> int:
    """Gives a Redis the places that a herd has; returns how many it took."""
    lines = (TOP / "src/places/gazetteer.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    command = ["GEOADD", "places"]
    for latitude, longitude, _, _, _, number, _ in rows:
        command += [longitude, latitude, f"geonames:{number}"]
    words = [word.encode() for word in command]
    asked = b"*%d\r\n" % len(words)
    asked += b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
    with socket.create_connection(("127.0.0.1", target.port), PATIENCE_S) as connection:
        connection.sendall(asked)
        told = connection.makefile("rb").readline()
    if not told.startswith(b":"):
        raise BenchError(f"redis took no places: {told!r}")
    return int(told[1:])


def end(process: subprocess.Popen[str], pid: int) -> None:
    """Ends a server in its own way, and its tracer with it."""
    assert process.stdin
    process.stdin.close()
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        for victim in (pid, process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        process.wait()


def child(pid: int) -> int:
    """The one child of a tracer: the server."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0])


def is_open(port: int, process: subprocess.Popen[str]) -> bool:
    """Whether a door can be dialled."""
    if process.poll() is not None:
        raise BenchError(f"{process.args} ended with {process.returncode}")
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(what: str, holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Looks until it is so."""
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            raise BenchError(f"waited in vain until {what}")
        time.sleep(0.005)
