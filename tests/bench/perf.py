#!/usr/bin/env python3
"""Where a server under load spends its time: `perf record` and its report, with call chains.

    python3 perf.py [--connections N] [--pipeline P] [--seconds S]

The herd is built once more, with frame pointers, into target/perf: so a call chain costs perf next
to nothing, and the program that is shipped stays as it is. Report and chains go to
run/bench/perf.txt, and a flame graph to run/bench/perf.svg where a tool for it is there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import servers
from measure import Load, Loader
from servers import TOP, BenchError, build, server

TARGET = TOP / "target/perf"
FLAGS = "-C force-frame-pointers=yes"
SAMPLES_A_SECOND = "1999"
SHOWN_LINES = 40
# How a flame graph is made of perf's own text, by whichever is there.
GRAPHS = [
    (["inferno-collapse-perf"], ["inferno-flamegraph"]),
    (["stackcollapse-perf.pl"], ["flamegraph.pl"]),
]


def event() -> str:
    """Cycles, or in a machine without counters the clock."""
    command = ["perf", "stat", "-x,", "-e", "cycles", "true"]
    told = subprocess.run(command, capture_output=True, text=True)
    return "cycles" if told.returncode == 0 and told.stderr[:1].isdigit() else "cpu-clock"


def report(data: Path, *options: str) -> str:
    """What perf says about its samples."""
    command = ["perf", "report", "--stdio", "--no-children", "-i", str(data), *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def flame_graph(data: Path, file: Path) -> bool:
    """Draws one, if there is a tool for it."""
    for collapse, draw in GRAPHS:
        if shutil.which(collapse[0]) and shutil.which(draw[0]):
            text = b""
            for command in (["perf", "script", "-i", str(data)], collapse, draw):
                text = subprocess.run(command, input=text, capture_output=True, check=True).stdout
            file.write_bytes(text)
            return True
    return False


def main() -> int:
    """Builds, loads, records, and reports."""
    parser = argparse.ArgumentParser(description="Where does a server under load spend its time?")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--pipeline", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    if not shutil.which("perf"):
        raise BenchError("there is no perf here")
    loader = Loader(build())
    cargo = [os.environ.get("CARGO", "cargo"), "build", "--release", "--locked", "--bin", "herd"]
    flags = f"{os.environ.get('RUSTFLAGS', '')} {FLAGS}".strip()
    environment = {**os.environ, "RUSTFLAGS": flags, "CARGO_TARGET_DIR": str(TARGET)}
    subprocess.run(cargo, cwd=TOP, env=environment, check=True)
    servers.HERD = TARGET / "release/herd"
    data = TOP / "run/bench/perf.data"
    data.parent.mkdir(parents=True, exist_ok=True)
    failed: list[BaseException] = []
    with (
        tempfile.TemporaryDirectory(prefix="herd-perf-") as name,
        server("herd", Path(name)) as target,
    ):
        load = Load(options.connections, options.pipeline, f"seconds:{options.seconds + 1}")

        def bear() -> None:
            try:
                loader(target, load)
            except BenchError as error:
                failed.append(error)

        loading = threading.Thread(target=bear)
        loading.start()
        record = ["perf", "record", "-q", "-e", event(), "-F", SAMPLES_A_SECOND]
        record += ["--call-graph", "fp", "-p", str(target.pid), "-o", str(data)]
        record += ["--", "sleep", str(options.seconds)]
        recorded = subprocess.run(record)
        loading.join()
    if failed or recorded.returncode:
        raise BenchError(str(failed[0]) if failed else "perf may not record here")
    flat = report(data, "-g", "none", "--percent-limit", "0.5")
    chains = report(data, "-g", "caller,0.5,callee", "--percent-limit", "2")
    file = data.with_suffix(".txt")
    file.write_text(flat + chains)
    told = [line for line in flat.splitlines() if line.strip() and not line.startswith("#")]
    print(f"{options.connections} connections, pipeline {options.pipeline}; {event()}\n")
    print("\n".join(told[:SHOWN_LINES]))
    print(f"\nWith who calls whom: {file}")
    if flame_graph(data, data.with_suffix(".svg")):
        print(f"A flame graph: {data.with_suffix('.svg')}")
    else:
        print("Without inferno or FlameGraph: no flame graph.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BenchError, subprocess.SubprocessError, OSError) as error:
        sys.exit(f"perf: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
