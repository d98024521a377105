#!/usr/bin/env python3
"""Where servers under load spend their CPU time, ours and asyncio's: `perf record`, a table of five
parts, and a flame graph of each.

    python3 perf.py [--connections N] [--pipeline P] [--seconds S]

The program is the one that is shipped: perf copies a piece of the stack with each sample and
unwinds it by the program's own tables (--call-graph dwarf). Frame pointers would need another
build, and end in the C library, which has none. perf sees Python's functions from version 3.13 on
(-X perf_jit), in 3.12 only the innermost (-X perf), and before that only the interpreter's own.

Everything goes to target/perf: NAME.svg, the picture, and NAME.txt, a stack a line and how often it
was seen, for other tools.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import flame
import servers
from measure import Load, Loader, Measured
from samples import part, picture, samples, shares
from servers import TOP, BenchError, build, machine, meanings, server

KINDS = ("herd", "asyncio-streams", "asyncio-best")
FOLDER = TOP / "target/perf"
SAMPLES_A_SECOND = 997
# Bytes of the stack that come with a sample.
STACK = 16_384
# The parts of a server's time, and what each of them is.
PARTS = {
    "kernel send": "send(2), and all that it comes to: TCP, loopback, waking the reader",
    "kernel receive": "recv(2): bytes from the kernel's buffers to ours",
    "wire": "bytes to values and back (src/wire; of asyncio: words.py)",
    "node": "what a server decides and keeps (src/node, src/store, src/buffers;\n"
    "                of asyncio: asyncio_herd.py, streams.py)",
    "loop": "all else: events, sockets, epoll_wait(2) (src/reactor; of asyncio:\n"
    "                its own library, and the interpreter between functions)",
}
class Python(NamedTuple):
    """An interpreter with its option for perf, its version, and what perf sees of it."""

    command: list[str]
    version: str
    sees: str

    @property
    def is_jit(self) -> bool:
        """Its functions reach perf by a file that must be merged into the samples."""
        return "perf_jit" in self.command


# Ends well if perf sees functions of Python: an option that an interpreter does not know does
# nothing, and 3.12 takes perf_jit for perf.
PROBE = """
import platform, sys
print(platform.python_version())
least = (3, 13) if "perf_jit" in sys._xoptions else (3, 12)
sys.exit(sys.version_info < least or not sys.is_stack_trampoline_active())
"""


def python() -> Python:
    """The interpreter of which perf sees most."""
    names = ["python3.14", "python3.13", sys.executable, "python3.12"]
    paths = [path for name in names if (path := shutil.which(name))]
    ways = {
        "perf_jit": "perf sees its functions",
        "perf": "perf sees the innermost of its functions",
    }
    for way, sees in ways.items():
        for path in paths:
            command = [path, "-X", way]
            pipe = subprocess.PIPE
            with subprocess.Popen([*command, "-c", PROBE], stdout=pipe, stderr=pipe) as probe:
                version = probe.communicate()[0].decode().strip()
            leftovers(probe.pid)
            if probe.returncode == 0:
                return Python(command, version, sees)
    return Python([sys.executable], platform.python_version(), "perf sees only its C functions")


def check() -> None:
    """Raises BenchError, which says what to do, if perf cannot look here."""
    if not shutil.which("perf"):
        raise BenchError("there is no perf here; install linux-perf (Debian), linux-tools-generic "
                         "(Ubuntu) or perf (Fedora, Arch)")
    file = Path("/proc/sys/kernel/perf_event_paranoid")
    level = int(file.read_text()) if file.exists() else 0
    command = ["perf", "record", "-q", "-e", event(), "-o", "/dev/null", "--", "true"]
    tried = subprocess.run(command, capture_output=True, text=True)
    if tried.returncode or (level > 1 and os.geteuid() != 0):
        raise BenchError(f"perf may not look into the kernel here (perf_event_paranoid is {level});"
                         " allow it until the next start with: sudo sysctl "
                         "kernel.perf_event_paranoid=1 kernel.kptr_restrict=0")


def event() -> str:
    """Cycles, or in a machine without counters the clock."""
    command = ["perf", "stat", "-x,", "-e", "cycles", "true"]
    told = subprocess.run(command, capture_output=True, text=True)
    return "cycles" if told.returncode == 0 and told.stderr[:1].isdigit() else "cpu-clock"


class Profile(NamedTuple):
    """A server's samples by their parts and stacks, and its figures under the load meanwhile."""

    parts: Counter[str]
    stacks: Counter[tuple[str, ...]]
    measured: Measured


def record(kind: str, loader: Loader, options: argparse.Namespace, by: Python) -> Profile:
    """Loads a server and looks where it is."""
    load = Load(options.connections, options.pipeline, f"seconds:{options.seconds + 1.5}")
    data = FOLDER / f"{kind}.data"
    done: list[Measured | BaseException] = []

    def bear() -> None:
        try:
            done.append(loader(target, load))
        except BenchError as error:
            done.append(error)

    with tempfile.TemporaryDirectory(prefix="herd-perf-") as name:
        with server(kind, Path(name)) as target:
            loading = threading.Thread(target=bear)
            loading.start()
            # The load connects first.
            time.sleep(0.5)
            command = ["perf", "record", "-q", "-k", "1", "-e", event()]
            command += ["-F", str(SAMPLES_A_SECOND), "--call-graph", f"dwarf,{STACK}"]
            command += ["-p", str(target.pid), "-o", str(data)]
            told = subprocess.run([*command, "--", "sleep", str(options.seconds)])
            loading.join()
        if isinstance(done[0], BaseException):
            raise done[0]
        if told.returncode:
            raise BenchError("perf recorded nothing")
        try:
            script = text_of(data, kind, by)
        finally:
            leftovers(target.pid)
    parts: Counter[str] = Counter()
    stacks: Counter[tuple[str, ...]] = Counter()
    for thread, stack in samples(script):
        parts[part(stack)] += 1
        stacks[picture(thread, stack)] += 1
    return Profile(parts, stacks, done[0])


def text_of(data: Path, kind: str, by: Python) -> str:
    """All samples as text."""
    if kind != "herd" and by.is_jit:
        whole = data.with_suffix(".jit")
        inject = ["perf", "inject", "--jit", "-i", str(data), "-o", str(whole)]
        subprocess.run(inject, check=True, capture_output=True)
        whole.replace(data)
    # Inlined functions are told apart only in ours; by their files it is known whose they are.
    ours = kind == "herd"
    script = ["perf", "script", "-i", str(data)]
    script += ["--full-source-path"] if ours else ["--no-inline"]
    script += ["-F", "comm,tid,ip,sym,dso" + (",srcline" if ours else "")]
    told = subprocess.run(script, capture_output=True, check=True)
    data.unlink()
    return told.stdout.decode(errors="replace")


def leftovers(pid: int) -> None:
    """Removes what Python has left for perf."""
    for pattern in (f"perf-{pid}.map", f"jit-{pid}.dump", f"jitted-{pid}-*.so"):
        for file in Path("/tmp").glob(pattern):
            file.unlink(missing_ok=True)


def write(kind: str, profile: Profile, titles: list[str]) -> Path:
    """Writes the picture of a server, and the stacks that it shows."""
    file = FOLDER / f"{kind}.svg"
    file.write_text(flame.svg(profile.stacks, titles[0], titles[1:]))
    lines = sorted(f"{';'.join(stack)} {count}" for stack, count in profile.stacks.items())
    file.with_suffix(".txt").write_text("\n".join(lines) + "\n")
    return file


def table(profiles: dict[str, Profile], blind: set[str]) -> Iterator[str]:
    """The parts of each server; of those in `blind` wire and node cannot be told from the loop."""
    yield " " * 16 + "".join(f"{kind:>17}" for kind in profiles)
    columns = {kind: shares([p.parts[name] for name in PARTS]) for kind, p in profiles.items()}
    for row, name in enumerate(PARTS):
        cells = []
        for kind, column in columns.items():
            hidden = kind in blind and name in ("wire", "node")
            cells.append("in loop" if hidden else f"{column[row]} %")
        yield f"{name:<16}" + "".join(f"{cell:>17}" for cell in cells)
    counts = [f"{sum(profile.parts.values())}" for profile in profiles.values()]
    yield f"{'samples':<16}" + "".join(f"{count:>17}" for count in counts)
    each = [f"{profile.measured.cpu_us:.2f} µs" for profile in profiles.values()]
    yield f"{'CPU, a request':<16}" + "".join(f"{cell:>17}" for cell in each)
    yield ""
    yield from (f"{name:<16}{what}" for name, what in PARTS.items())
    yield ""
    yield from meanings(profiles)


def main() -> int:
    """Builds, loads, records, and draws."""
    parser = argparse.ArgumentParser(description="Where does a server under load spend its time?")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--pipeline", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    check()
    by = python()
    loader = Loader(build())
    servers.PYTHON = by.command
    FOLDER.mkdir(parents=True, exist_ok=True)
    load = f"{options.connections} connections, {options.pipeline} in a packet"
    here = f"{time.strftime('%Y-%m-%d')}, {machine()}"
    profiles, files = {}, []
    for kind in KINDS:
        print(f"Recording {kind} for {options.seconds:g} s …", flush=True)
        profiles[kind] = record(kind, loader, options, by)
        titles = [f"{kind}: CPU time with {load}", here]
        titles.append("blue is the kernel, green Python; the wider, the more time; callers below")
        if kind != "herd":
            titles[2] += f"; Python {by.version}: {by.sees}"
        files.append(write(kind, profiles[kind], titles))
    blind = set(KINDS[1:]) if len(by.command) == 1 else set()
    print(f"\nShares of each server's own CPU time with {load} ({event()}):\n")
    print("\n".join(table(profiles, blind)))
    more = "" if by.is_jit else "; with Python 3.13 on PATH, all"
    print(f"asyncio ran on Python {by.version}: {by.sees}{more}.")
    print("\nFlame graphs, for a browser; the same stacks as text are beside them (.txt):")
    print("\n".join(f"  {file}" for file in files))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BenchError, subprocess.SubprocessError, OSError) as error:
        sys.exit(f"perf: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
