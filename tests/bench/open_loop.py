"""Latencies at a fixed rate: requests fall due whether the server has answered or not, and each
latency counts from then. A server that stalls is not asked less for it.

Ours and Redis have the same rate, a share of what the slower of the two can do. asyncio-best
would drown in that, so it has its share of what it can do itself.

A machine that is shared stalls for hundreds of milliseconds when its host gives the
processor to somebody else. The kernel counts that as steal time (proc(5), /proc/stat), and a round
in which there was some says nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from measure import Load, Loader, median
from servers import Running

CONNECTIONS = 50
# Shares of what the server can do, in per cent.
SHARES = (20, 60)
# Rounds that are tried for one that counts.
TRIES_PER_ROUND = 3
KINDS = ("herd", "redis", "asyncio-best")


class Latencies(NamedTuple):
    """Quantiles of one round, in microseconds."""

    p50: float
    p99: float
    p999: float


class Found(NamedTuple):
    """One server at one rate: the rounds without steal time, and how many were tried."""

    rate: int
    rounds: list[Latencies]
    tried: int
    stolen_ms: float

    def median(self) -> Latencies | None:
        """The median of each quantile; None if no round counts."""
        return Latencies(*map(median, zip(*self.rounds))) if self.rounds else None


def stolen_ms() -> float:
    """Steal time of all cores since the machine started, in milliseconds."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(fields[8]) * 1e3 / os.sysconf("SC_CLK_TCK")


def capacity(loader: Loader, target: Running, seconds: float) -> float:
    """How many requests a second a server answers, one in flight on each connection."""
    return loader(target, Load(CONNECTIONS, 1, f"seconds:{seconds}")).per_second


def at_rates(
    loader: Loader, servers: dict[Running, int], rounds: int, seconds: float
) -> dict[str, Found]:
    """Servers, each at its rate, in turn, round by round."""
    found = {target.kind: Found(rate, [], 0, 0.0) for target, rate in servers.items()}
    for _ in range(rounds * TRIES_PER_ROUND):
        for target, rate in servers.items():
            known = found[target.kind]
            if len(known.rounds) == rounds:
                continue
            before = stolen_ms()
            told = loader.run(target, Load(CONNECTIONS, 1, f"seconds:{seconds}", rate=rate))
            stolen = stolen_ms() - before
            latencies = Latencies(told["p50_us"], told["p99_us"], told["p999_us"])
            counted = known.rounds if stolen else [*known.rounds, latencies]
            found[target.kind] = Found(rate, counted, known.tried + 1, known.stolen_ms + stolen)
    return found


def run(
    loader: Loader, servers: list[Running], rounds: int, seconds: float
) -> dict[str, dict[str, Found]]:
    """All shares: for each, what was found of each server."""
    able = {target: capacity(loader, target, seconds) for target in servers}
    slower = min(able[target] for target in servers if target.kind != "asyncio-best")
    able = {t: rate if t.kind == "asyncio-best" else slower for t, rate in able.items()}
    return {
        f"{share} %": at_rates(
            loader, {t: int(rate * share / 100) for t, rate in able.items()}, rounds, seconds
        )
        for share in SHARES
    }


def rows(found: dict[str, dict[str, Found]]) -> list[list[str]]:
    """The table: a row for each share and server."""
    head = ["rate", "server", "a second", "p50 µs", "p99 µs", "p99.9 µs"]
    table = [[*head, "steal ms", "rounds"]]
    for share, servers in found.items():
        for kind, one in servers.items():
            middle = one.median()
            numbers = [f"{value:.0f}" for value in middle] if middle else ["?"] * 3
            tried = f"{len(one.rounds)} of {one.tried}"
            table.append([share, kind, str(one.rate), *numbers, f"{one.stolen_ms:.0f}", tried])
    return table
