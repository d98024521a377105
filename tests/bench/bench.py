#!/usr/bin/env python3
"""How fast is the herd, and beside what? One run, one table.

    python3 bench.py [--quick] [--clients-max N] [--goals]

It builds the herd and a load, and measures servers in turn, round by round, so that what disturbs
one disturbs all: ours, asyncio-best (tests/peers/asyncio_herd.py), asyncio-streams (streams.py),
the first on uvloop, a raw epoll echo, Redis. Tools that are missing are named and left out. What
was found goes to run/bench, too. With --goals a last table has the figures to reach, which are
those of the project's own machine.

Exit status: 0 all was measured that can be; 1 something could not; 2 wrong use. A goal that is not
reached is no failure: the table says so.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import columns
import goals
import herds
import open_loop
import results
from measure import (
    Counting,
    Load,
    Loader,
    Questions,
    can_count,
    idle_connections,
    median,
    own_memory,
    ratio,
)
from servers import (
    LOAD_CORE,
    TOP,
    BenchError,
    add_places,
    build,
    has_journal,
    herd_options,
    machine,
    meanings,
    missing,
    raise_descriptors,
    server,
    topology,
)


class Scale(NamedTuple):
    """How much is measured."""

    rounds: int
    seconds: float
    connections: tuple[int, ...]
    idle: int
    clients_max: int
    updates: int
    asyncio_updates: int
    hops: int
    counts: tuple[int, int]
    # Instructions and system calls are counted of these.
    counted: tuple[str, ...]


BEST, LASTING = "asyncio-best", "asyncio-lasting"
ALL = ("herd", BEST, "asyncio-streams", "uvloop-best", "echo", "redis")
FULL = Scale(5, 1.25, (1, 50, 1_000), 10_000, 10_000_000, 200_000, 4_000, 500, (2_000, 10_000), ALL)
QUICK = Scale(2, 0.6, (50,), 2_000, 200_000, 20_000, 500, 50, (500, 1_500), ("herd", BEST))
COLUMNS = 80
PIPELINES = (1, 16, 100)
# All are compared with this many connections; with others, ours with asyncio-best.
MANY = 50


class Bench:
    """A run: what is to be measured, and what was found."""

    def __init__(self, scale: Scale, directory: Path, lacks: dict[str, str]) -> None:
        self.scale = scale
        self.directory = directory
        self.lacks = lacks
        self.loader = Loader(build())
        without = {"cc": "echo", "redis-server": "redis", "uvloop": "uvloop-best"}
        left_out = {without[tool] for tool in lacks if tool in without}
        self.kinds = [kind for kind in ALL if kind not in left_out]
        self.found: dict[str, Any] = {}
        self.failed: list[str] = []
        self.text: list[str] = []

    def say(self, line: str = "") -> None:
        """A line for the terminal and for the file."""
        print(line, flush=True)
        self.text.append(line)

    def section(self, title: str, measure: Callable[[], None]) -> None:
        """A part of the run. What fails is named, and the others go on."""
        self.say(f"\n## {title}\n")
        try:
            measure()
        except (BenchError, OSError, subprocess.SubprocessError) as error:
            self.failed.append(title)
            self.say(f"not measured: {error}")

    def table(self, rows: list[list[str]]) -> None:
        """Columns, the first one left-aligned."""
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            cells = [cell.rjust(width) for cell, width in zip(row, widths)]
            cells[0] = row[0].ljust(widths[0])
            self.say("  ".join(cells).rstrip())

    def explain(self, text: str, result: Callable[[dict[str, Any]], str], *kinds: str) -> None:
        """What the columns and the names of these kinds mean, and the result in a sentence."""
        self.say()
        for line in [*textwrap.wrap(text, COLUMNS), *meanings(kinds)]:
            self.say(line)
        self.say()
        for line in textwrap.wrap(result(self.found), COLUMNS):
            self.say(line)

    # One server ---------------------------------------------------------------------------------

    def requests(self) -> None:
        """Every server under the same loads, in turn."""
        until = f"seconds:{self.scale.seconds}"
        cells: dict[str, dict[str, list[list[float]]]] = {}
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(server(kind, self.directory)) for kind in self.kinds]
            for connections in self.scale.connections:
                # With another number of connections the ratio to asyncio-best is what matters.
                own = servers if connections == MANY else servers[:2]
                for pipeline in PIPELINES:
                    cell = cells.setdefault(f"{connections}/{pipeline}", {})
                    for _ in range(self.scale.rounds):
                        for target in own:
                            got = self.loader(target, Load(connections, pipeline, until))
                            row = [got.per_second, got.p99_us, got.cpu_us]
                            cell.setdefault(target.kind, []).append(row)
        self.found["requests"] = cells
        rows = [["load", "server", "a second", "p99 µs", "CPU µs", "× herd"]]
        for name, cell in cells.items():
            for kind, rounds in cell.items():
                rate, p99, cpu = (list(column) for column in zip(*rounds))
                times = ratio(cpu, [row[2] for row in cell["herd"]])
                numbers = [f"{median(rate):.0f}", f"{median(p99):.0f}", f"{median(cpu):.2f}"]
                rows.append([name, kind, *numbers, f"{times:.2f}"])
        self.table(rows)
        self.explain(columns.REQUESTS, results.requests, *self.kinds)

    def open_loop(self) -> None:
        """Latencies at a fixed rate."""
        kinds = [kind for kind in open_loop.KINDS if kind in self.kinds]
        rounds, seconds = self.scale.rounds, max(1.0, self.scale.seconds)
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(server(kind, self.directory)) for kind in kinds]
            found = open_loop.run(self.loader, servers, rounds, seconds)
        self.table(open_loop.rows(found))
        middles = {share: {k: one.median() for k, one in at.items()} for share, at in found.items()}
        self.found["open loop"] = middles
        text = columns.OPEN_LOOP
        if any(middle is None for at in middles.values() for middle in at.values()):
            text += " ?: no round was without it, so nothing can be said."
        self.explain(text, results.open_loop, *kinds)

    def counts(self) -> None:
        """What can be counted is the same on every machine: instructions and system calls."""
        kinds = [kind for kind in self.kinds if kind in self.scale.counted]
        found: dict[str, dict[str, float]] = {kind: {} for kind in kinds}
        how, counting = can_count(), Counting(self.loader, self.directory, self.scale.counts)
        for kind in kinds:
            for cell in [(MANY, 1), (MANY, 16)] if how else []:
                name = f"instructions {cell[0]}/{cell[1]}"
                found[kind][name] = counting.instructions(kind, *cell)
            for cell in [(1, 1), (MANY, 1), (MANY, 16)] if shutil.which("strace") else []:
                name = f"system calls {cell[0]}/{cell[1]}"
                found[kind][name] = counting.system_calls(kind, *cell)
        self.found["counts"] = found
        names = list(found["herd"])
        if names:
            short = {"instructions": "instr.", "system calls": "calls"}
            heads = [name.rsplit(" ", 1) for name in names]
            rows = [["server", *(f"{short[what]} {cell}" for what, cell in heads)]]
            for kind in kinds:
                digits = [0 if name.startswith("instructions") else 3 for name in names]
                cells = [f"{found[kind][name]:.{d}f}" for name, d in zip(names, digits)]
                rows.append([kind, *cells])
            self.table(rows)
            text = columns.COUNTS.format(how=how)
            self.explain(text, results.counts, *kinds)

    def memory(self) -> None:
        """What a connection costs that says nothing."""
        count = min(self.scale.idle, raise_descriptors(self.scale.idle + 1_000) - 500)
        rows = [["server", "untouched", "asked once"]]
        self.found["memory"] = {}
        for kind in self.kinds:
            with server(kind, self.directory) as target:
                untouched, asked = idle_connections(target, count)
            self.found["memory"][kind] = [untouched, asked]
            rows.append([kind, f"{untouched:.0f}", f"{asked:.0f}"])
        self.table(rows)
        self.explain(columns.MEMORY.format(count=count), results.memory, *self.kinds)

    def variants(self) -> None:
        """With a log of every line, and with a journal."""
        until = f"seconds:{self.scale.seconds}"
        variants = {"base": herd_options(), "log": herd_options(log="info")}
        if has_journal():
            variants["journal"] = herd_options(journal=True)
        cpu: dict[str, list[float]] = {name: [] for name in variants}
        with contextlib.ExitStack() as stack:
            servers = {}
            for name, options in variants.items():
                place = self.directory / name
                place.mkdir()
                servers[name] = stack.enter_context(server("herd", place, options=options))
            for _ in range(self.scale.rounds):
                for name, target in servers.items():
                    got = self.loader(target, Load(MANY, 16, until))
                    cpu[name].append(got.cpu_us)
                    # The log is appended to, so it begins anew; it is hundreds of megabytes.
                    log_file = self.directory / name / "run/Goloman.log"
                    if log_file.exists():
                        os.truncate(log_file, 0)
        self.found["variants"] = cpu
        names = {"base": "neither", "log": "a log of every line", "journal": "a journal"}
        rows = [["with", "CPU µs", "× neither"]]
        for name, values in cpu.items():
            rows.append([names[name], f"{median(values):.3f}", f"{ratio(values, cpu['base']):.2f}"])
        self.table(rows)
        self.explain(columns.VARIANTS, results.variants)

    def whatsat(self) -> None:
        """Lookups in the places of the program, beside Redis' in the same."""
        until = f"seconds:{max(1.0, self.scale.seconds)}"
        kinds = [kind for kind in ("herd", "redis") if kind in self.kinds]
        # One request in a hundred is a move to the next town.
        loads = {
            f"{radius} km, {bound} results": Load(
                8, 8, until, questions=Questions(99, radius, bound, True)
            )
            for radius, bound in ((50, 20), (10, 5))
        }
        loads["16 in flight"] = Load(4, 4, until, questions=Questions(99, 10, 5, True))
        cells: dict[str, dict[str, list[list[float]]]] = {}
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(server(kind, self.directory)) for kind in kinds]
            for target in servers[1:]:
                self.say(f"Redis has {add_places(target)} of the places.\n")
            for name, load in loads.items():
                cell = cells.setdefault(name, {kind: [] for kind in kinds})
                for _ in range(self.scale.rounds):
                    for target in servers:
                        got = self.loader(target, load)
                        cell[target.kind].append([got.per_second, got.cpu_us, got.main_cpu_us])
        self.found["whatsat"] = cells
        rows = [["WHATSAT", "server", "a second", "CPU µs", "loop µs", "× Redis"]]
        for name, cell in cells.items():
            for kind, rounds in cell.items():
                rate, cpu, loop = (list(column) for column in zip(*rounds))
                numbers = [f"{median(rate):.0f}", f"{median(cpu):.1f}", f"{median(loop):.1f}"]
                redis = [row[1] for row in cell.get("redis", [])]
                times = f"{ratio(cpu, redis):.2f}" if redis else ""
                rows.append([name, kind, *numbers, times])
        self.table(rows)
        self.explain(columns.WHATSAT, results.whatsat)

    def clients(self) -> None:
        """Very many clients in one server: their memory, and what a move costs among them."""
        count, until = self.scale.clients_max, f"seconds:{self.scale.seconds}"
        moves: dict[str, list[float]] = {"few": [], "many": []}
        with server("herd", self.directory) as few, server("herd", self.directory) as many:
            before = own_memory(many.pid)
            # One connection comes to each client once.
            self.loader(many, Load(1, 100, f"requests:{count}", count))
            total = own_memory(many.pid) - before
            for _ in range(self.scale.rounds):
                moves["few"].append(self.loader(few, Load(MANY, 16, until)).cpu_us)
                moves["many"].append(self.loader(many, Load(MANY, 16, until, count)).cpu_us)
        times = ratio(moves["many"], moves["few"])
        found = {"clients": count, "bytes": total, "a client": total / count, "move ×": times}
        self.found["clients"] = found
        rows = [["clients", "memory", "bytes each", "a move ×"]]
        rows += [[f"{count:,}", f"{total / 1e6:.0f} MB", f"{total / count:.0f}", f"{times:.2f}"]]
        self.table(rows)
        self.explain(columns.CLIENTS, results.clients)

    def neighbours(self) -> None:
        """Does a move cost more if it is for 64 neighbours, none of which is there?"""
        until = f"seconds:{self.scale.seconds}"
        cpu: dict[int, list[float]] = {1: [], 64: []}
        with contextlib.ExitStack() as stack:
            servers = {}
            for count in cpu:
                names = ["Goloman", *(f"Absent{number}" for number in range(count))]
                links = [("Goloman", name) for name in names[1:]]
                herd = topology(self.directory / f"absent-{count}.txt", names, links)
                servers[count] = stack.enter_context(server("herd", self.directory, herd=herd))
            for _ in range(self.scale.rounds):
                for count, target in servers.items():
                    cpu[count].append(self.loader(target, Load(MANY, 16, until)).cpu_us)
        self.found["neighbours"] = {"move ×": ratio(cpu[64], cpu[1])}
        rows = [["neighbours", "CPU µs"]]
        rows += [[str(count), f"{median(values):.3f}"] for count, values in cpu.items()]
        self.table(rows)
        self.explain(columns.NEIGHBOURS, results.neighbours)

    # Five servers -------------------------------------------------------------------------------

    def updates(self) -> None:
        """Load on one server, until all five have what it accepted."""
        scale, found = self.scale, {}
        cases = [("herd", "topology.txt", herds.LINKS), ("herd", "star", herds.STAR)]
        cases += [("redis", "star", herds.STAR)] if "redis" in self.kinds else []
        cases += [(BEST, "topology.txt", herds.LINKS), (BEST, "star", herds.STAR)]
        rows = [["servers", "links", "a second", "CPU µs, all", "loaded", "leaf"]]
        for kind, shape, links in cases:
            count = scale.asyncio_updates if kind == BEST else scale.updates
            rounds = 1 if kind == BEST else scale.rounds
            load = Load(MANY, 16, f"requests:{count}", count)
            got = herds.updates(self.loader, kind, self.directory, links, load, rounds)
            all_five = [sum(u.cpu_us) for u in got]
            first, leaf = [u.cpu_us[0] for u in got], [u.cpu_us[3] for u in got]
            rate = median([u.per_second for u in got])
            found[f"{kind} {shape}"] = {"cpu": all_five, "first": first, "leaf": leaf, "rate": rate}
            numbers = [median(all_five), median(first), median(leaf)]
            rows.append([kind, shape, f"{rate:.0f}", *(f"{n:.2f}" for n in numbers)])
        # What the first of a star does beyond answering its clients is telling four neighbours.
        with server("herd", self.directory) as target:
            load = Load(MANY, 16, f"seconds:{scale.seconds}", scale.updates)
            lone = median([self.loader(target, load).cpu_us for _ in range(scale.rounds)])
        found["herd star"]["sender"] = (median(found["herd star"]["first"]) - lone) / 4
        self.found["updates"] = found
        self.table(rows)
        text = columns.UPDATES.format(sender=found["herd star"]["sender"])
        self.explain(text, results.updates, BEST)

    def hops(self) -> None:
        """How long news travels in an idle herd."""
        cases = [(kind, count) for count in (1, 3) for kind in ("herd", LASTING, BEST)]
        cases += [("redis", 1)] if "redis" in self.kinds else []
        rows = [["news", "hops", "p50 µs", "p99 µs"]]
        self.found["hops"] = {}
        for kind, count in [("echo", 0), *cases]:
            if kind == "echo":
                times = herds.echoed(self.directory, self.scale.hops)
            else:
                times = herds.hops(kind, self.directory, count, self.scale.hops)
            p50, p99 = median(times), times[len(times) * 99 // 100]
            self.found["hops"][f"{kind} {count}"] = {"p50": p50, "p99": p99}
            rows.append([kind, str(count), f"{p50:.0f}", f"{p99:.0f}"])
        self.table(rows)
        self.explain(columns.HOPS, results.hops, BEST, LASTING)

    def restart(self) -> None:
        """What it costs a link when a server is killed and starts again with its journal."""
        rows = [["clients", "moved", "heard", "told", "ms"]]
        self.found["restart"] = {}
        for clients in (20_000, min(1_000_000, self.scale.clients_max)):
            got = herds.restart(self.loader, self.directory, clients, 3)
            self.found["restart"][str(clients)] = got._asdict()
            rows.append([str(clients), "3", str(got.heard), str(got.told), f"{got.ms:.0f}"])
        self.table(rows)
        self.explain(columns.RESTART, results.restart)

    def goals(self) -> None:
        """The figures to reach, and how far they are."""
        rows = goals.rows(self.found)
        self.found["goals"] = rows
        self.table([["figure", "goal", "measured", ""], *rows])


def commit() -> str:
    """The commit that is measured, and whether it is quite that."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    told = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    return told.stdout.strip() or "unknown"


def main() -> int:
    """Reads the command line, and runs."""
    parser = argparse.ArgumentParser(description="How fast is the herd, and beside what?")
    parser.add_argument("--quick", action="store_true", help="a minute or two instead of ten")
    parser.add_argument("--clients-max", type=int, help="the most clients (10 M, quick 200,000)")
    parser.add_argument("--goals", action="store_true", help="the figures to reach, too")
    options = parser.parse_args()
    scale = QUICK if options.quick else FULL
    if options.clients_max:
        scale = scale._replace(clients_max=options.clients_max)
    lacks, start, measured = missing(), time.monotonic(), commit()
    raise_descriptors(scale.idle + 1_000)
    with tempfile.TemporaryDirectory(prefix="herd-bench-") as directory:
        bench = Bench(scale, Path(directory), lacks)
        # After the build, which may have all cores.
        os.sched_setaffinity(0, {LOAD_CORE})
        about = f"{machine()}; {measured}; {time.strftime('%Y-%m-%d')}"
        title = f"# {'A quick look' if options.quick else 'The herd'} on {about}"
        for line in textwrap.wrap(title, COLUMNS):
            bench.say(line)
        bench.say()
        before = f"Load average {os.getloadavg()[0]:.2f} before"
        bench.say(f"{before}; medians of {scale.rounds} rounds.")
        for tool, what in lacks.items():
            bench.say(f"Without {tool}: {what}.")
        bench.section("Requests", bench.requests)
        bench.section("Latency at a fixed rate", bench.open_loop)
        bench.section("Counts", bench.counts)
        bench.section("Idle connections", bench.memory)
        bench.section("Log and journal", bench.variants)
        bench.section("WHATSAT", bench.whatsat)
        bench.section("Very many clients", bench.clients)
        bench.section("Neighbours that are away", bench.neighbours)
        bench.section("Updates", bench.updates)
        bench.section("News", bench.hops)
        bench.section("A restart", bench.restart)
        if options.goals:
            bench.section("Figures to reach", bench.goals)
        bench.say(f"\n{time.monotonic() - start:.0f} s in all.")
    folder = TOP / "run/bench"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{platform.node() or 'machine'}-{measured}{'-quick' if options.quick else ''}"
    file.with_name(file.name + ".txt").write_text("\n".join(bench.text) + "\n")
    about_all = {"about": about, "quick": options.quick, "missing": lacks, **bench.found}
    file.with_name(file.name + ".json").write_text(json.dumps(about_all, indent=1) + "\n")
    print(f"It is in {file}.txt and .json.")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BenchError, subprocess.SubprocessError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
