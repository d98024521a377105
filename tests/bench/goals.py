"""The figures to reach. A row: what, its goal, what was measured, and whether it is reached."""

from __future__ import annotations

from typing import Any

from measure import median, ratio


def rows(found: dict[str, Any]) -> list[list[str]]:
    """All goals against what was found; what was not measured says so."""
    table = Table(found)
    for pipeline, echo, redis, streams in (
        (1, 1.15, 0.9, 2.8),
        (16, 2.0, 0.6, 14.0),
        (100, 4.5, 0.4, 28.0),
    ):
        cell = f"50/{pipeline}"
        table.at_most(f"CPU of an IAMAT, × raw echo, {cell}", echo, lambda: cpu(found, cell, "herd", "echo"))
        table.at_most(f"CPU of an IAMAT, × Redis SET, {cell}", redis, lambda: cpu(found, cell, "herd", "redis"))
        table.at_least(f"CPU of asyncio line by line, × ours, {cell}", streams, lambda: cpu(found, cell, "streams", "herd"))
        best = f"CPU of asyncio at its best, × ours, {cell}"
        table.at_least(best, streams, lambda: cpu(found, cell, "asyncio", "herd"))
    counts = lambda name: found["counts"]["herd"][name]  # noqa: E731
    table.at_most("user instructions of an IAMAT, pipeline 16", 2_400, lambda: counts("instructions 1/16"))
    table.at_most("user instructions of an IAMAT, pipeline 1", 2_900, lambda: counts("instructions 1/1"))
    for cell, calls in (("1/1", 3.00), ("50/1", 2.06), ("50/16", 0.14)):
        table.at_most(f"system calls of an IAMAT, {cell}", calls, lambda: counts(f"system calls {cell}"), 0.005)
    memory = lambda index: found["memory"]["herd"][index]  # noqa: E731
    table.at_most("bytes of an idle connection, untouched", 200, lambda: memory(0))
    table.at_most("bytes of an idle connection, asked once", 600, lambda: memory(1))
    table.rows.append(["allocations of an IAMAT", "0", "see cargo test", ""])
    variant = lambda name: ratio(found["variants"][name], found["variants"]["base"])  # noqa: E731
    table.at_most("CPU with every line logged, ×, 50/16", 2.0, lambda: variant("log"))
    table.at_most("CPU with a journal, ×, 50/16", 1.3, lambda: variant("journal"))
    flood = found.get("updates", {})
    table.at_most("CPU of an update, all five, × Redis with 4 replicas", 1.0, lambda: herd_and_redis(flood))
    table.at_most("flood alone, sender, µs a neighbour", 0.15, lambda: flood["herd star"]["sender"])
    table.at_most("flood alone, receiver, µs", 0.6, lambda: median(flood["herd star"]["leaf"]))
    news = lambda case: found["hops"][case]["p50"]  # noqa: E731
    table.at_most("news one hop away, p50, × Redis's replica", 1.0, lambda: news("herd 1") / news("redis 1"))
    table.at_most("news three hops away, p50, × asyncio", 0.5, lambda: news("herd 3") / news("asyncio 3"))
    table.at_most("WHATSAT on the loop thread, µs", 10.0, lambda: found["whatsat"]["loop"])
    # 2.5 GB for ten million.
    table.at_most("bytes of a client among very many", 250, lambda: found["clients"]["a client"])
    table.at_most("a move among very many, × one of 1000", 1.6, lambda: found["clients"]["move ×"])
    return table.rows


def cpu(found: dict[str, Any], cell: str, above: str, below: str) -> float:
    """The ratio of two servers' CPU a request, round by round."""
    rounds = found["requests"][cell]
    return ratio([row[2] for row in rounds[above]], [row[2] for row in rounds[below]])


def herd_and_redis(flood: dict[str, Any]) -> float:
    """CPU of an update over all five servers: the herd of topology.txt, in Redises."""
    return median(flood["herd topology.txt"]["cpu"]) / median(flood["redis star"]["cpu"])


class Table:
    """The rows so far."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found
        self.rows: list[list[str]] = []

    def at_most(self, what: str, goal: float, measured: Any, slack: float = 0.0) -> None:
        """A figure that is to be small; `slack` is what its rounding hides."""
        self.add(what, goal, measured, lambda value: value <= goal + slack)

    def at_least(self, what: str, goal: float, measured: Any) -> None:
        """A figure that is to be great."""
        self.add(what, goal, measured, lambda value: value >= goal)

    def add(self, what: str, goal: float, measured: Any, is_reached: Any) -> None:
        try:
            value = measured()
        except KeyError:
            self.rows.append([what, f"{goal:g}", "not measured", ""])
            return
        said = f"{value:.0f}" if goal >= 100 else f"{value:.2f}"
        self.rows.append([what, f"{goal:g}", said, "reached" if is_reached(value) else "not reached"])
