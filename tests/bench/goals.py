"""The figures to reach. A row: what, its goal, what was measured, and whether it is reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from measure import median, ratio

# Pipeline, and an IAMAT's CPU: at most × a raw echo's, × a Redis's; asyncio's at least × ours.
CPU = [(1, 1.15, 0.9, 2.8), (16, 2.0, 0.6, 14.0), (100, 4.5, 0.4, 28.0)]
# Connections/pipeline, and system calls of an IAMAT; half of the last digit is its rounding.
CALLS = [("1/1", 3.00), ("50/1", 2.06), ("50/16", 0.14)]
ROUNDING = 0.005

Measure = Callable[[dict[str, Any]], float]


def rows(found: dict[str, Any]) -> list[list[str]]:
    """All goals against what was found; what was not measured says so."""
    table = Table(found)
    most, least = table.at_most, table.at_least
    for pipeline, echo, redis, python in CPU:
        cell = f"50/{pipeline}"
        most(f"CPU, {cell}, × raw echo", echo, lambda f: cpu(f, cell, "herd", "echo"))
        most(f"CPU, {cell}, × Redis SET", redis, lambda f: cpu(f, cell, "herd", "redis"))
        for kind in ("asyncio-streams", "asyncio-best"):
            least(f"CPU of {kind}, {cell}, × ours", python, lambda f: cpu(f, cell, kind, "herd"))
    for pipeline, goal in ((16, 2_400), (1, 2_900)):
        name = f"instructions 50/{pipeline}"
        most(f"user {name}", goal, lambda f: f["counts"]["herd"][name])
    for cell, calls in CALLS:
        name = f"system calls {cell}"
        most(name, calls, lambda f: f["counts"]["herd"][name], ROUNDING)
    most("bytes of an idle connection, untouched", 200, lambda f: f["memory"]["herd"][0])
    most("bytes of an idle connection, asked once", 600, lambda f: f["memory"]["herd"][1])
    table.rows.append(["allocations of an IAMAT", "0", "see cargo test", ""])
    most("CPU with every line logged, 50/16, ×", 1.6, lambda f: variant(f, "log"))
    most("CPU with a journal, 50/16, ×", 1.3, lambda f: variant(f, "journal"))
    most("CPU of an update, all five, × Redis", 1.0, all_five)
    most("flood alone, sender, µs a neighbour", 0.15, lambda f: star(f, "sender"))
    most("flood alone, receiver, µs", 0.6, lambda f: median(star(f, "leaf")))
    most("news one hop away, × Redis's replica", 1.0, lambda f: news(f, "herd 1", "redis 1"))
    for hops, name in ((1, "one hop"), (3, "three hops")):
        for kind in ("asyncio-lasting", "asyncio-best"):
            what = f"news {name} away, × {kind}"
            most(what, 0.5, lambda f: news(f, f"herd {hops}", f"{kind} {hops}"))
    for share in ("20 %", "60 %"):
        for place, name in enumerate(("p50", "p99", "p99.9")):
            most(f"{name} at {share}, × Redis", 1.0, lambda f: latency(f, share, place))
    for cell, goal in (("50 km, 20 results", 0.5), ("10 km, 5 results", 0.9)):
        most(f"CPU of a WHATSAT, {cell}, × Redis GEOSEARCH", goal, lambda f: search(f, cell))
    most("WHATSAT on the loop's thread, 16 in flight, µs", 6.0, on_the_loop)
    # 2.5 GB for ten million.
    most("bytes of a client among very many", 250, lambda f: f["clients"]["a client"])
    most("a move among very many, × one of 1000", 2.0, lambda f: f["clients"]["move ×"])
    most("a move with 64 neighbours away, × with 1", 1.05, lambda f: f["neighbours"]["move ×"])
    return table.rows


def cpu(found: dict[str, Any], cell: str, above: str, below: str) -> float:
    """The ratio of two servers' CPU a request, round by round."""
    rounds = found["requests"][cell]
    return ratio([row[2] for row in rounds[above]], [row[2] for row in rounds[below]])


def variant(found: dict[str, Any], name: str) -> float:
    """What a log or a journal costs."""
    return ratio(found["variants"][name], found["variants"]["base"])


def star(found: dict[str, Any], name: str) -> Any:
    """A figure of the herd in which one tells all others."""
    return found["updates"]["herd star"][name]


def all_five(found: dict[str, Any]) -> float:
    """CPU of an update over all servers: the herd of topology.txt, in Redises."""
    updates = found["updates"]
    return median(updates["herd topology.txt"]["cpu"]) / median(updates["redis star"]["cpu"])


def news(found: dict[str, Any], above: str, below: str) -> float:
    """The ratio of two median times."""
    return float(found["hops"][above]["p50"] / found["hops"][below]["p50"])


def latency(found: dict[str, Any], share: str, place: int) -> float:
    """The ratio of a latency at a fixed rate to that of Redis; KeyError if nothing can be said."""
    ours, redis = (found["open loop"][share][kind] for kind in ("herd", "redis"))
    if not ours or not redis:
        raise KeyError(share)
    return float(ours[place] / redis[place])


def search(found: dict[str, Any], cell: str) -> float:
    """The ratio of a WHATSAT's CPU to that of Redis' GEOSEARCH, round by round."""
    rounds = found["whatsat"][cell]
    return ratio([row[1] for row in rounds["herd"]], [row[1] for row in rounds["redis"]])


def on_the_loop(found: dict[str, Any]) -> float:
    """What a WHATSAT costs the loop's own thread."""
    return median([row[2] for row in found["whatsat"]["16 in flight"]["herd"]])


class Table:
    """The rows so far."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found
        self.rows: list[list[str]] = []

    def at_most(self, what: str, goal: float, measured: Measure, slack: float = 0.0) -> None:
        """A figure that is to be small; `slack` is what its rounding hides."""
        self.add(what, goal, measured, "<=", lambda value: value <= goal + slack)

    def at_least(self, what: str, goal: float, measured: Measure) -> None:
        """A figure that is to be great."""
        self.add(what, goal, measured, ">=", lambda value: value >= goal)

    def add(
        self,
        what: str,
        goal: float,
        measured: Measure,
        sign: str,
        is_reached: Callable[[float], bool],
    ) -> None:
        """A row; a part of the run that is missing leaves its rows unmeasured."""
        try:
            value = measured(self.found)
        except KeyError:
            self.rows.append([what, f"{sign} {goal:g}", "not measured", ""])
            return
        said = f"{value:.0f}" if goal >= 100 else f"{value:.2f}"
        verdict = "reached" if is_reached(value) else "not reached"
        self.rows.append([what, f"{sign} {goal:g}", said, verdict])
