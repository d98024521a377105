"""The sentence below each table: what was found, without a judgement. Another machine has other
figures; goals.py has those to reach.

>>> found = {"requests": {"50/1": {"herd": [[9, 9, 2.0]], "asyncio-best": [[9, 9, 7.0]]},
...                       "50/16": {"herd": [[9, 9, 0.5]], "asyncio-best": [[9, 9, 5.0]]}}}
>>> print(requests(found))
herd: 3.5 × less CPU than asyncio-best one at a time; 10 × with 16 in a packet
>>> hops({"hops": {"herd 1": {"p50": 105.2}, "herd 3": {"p50": 124.0},
...                "asyncio-best 3": {"p50": 2028.4}, "asyncio-lasting 3": {"p50": 616.0}}})
'herd: news one hop away in 105 µs and three away in 124; asyncio-best 2,028, asyncio-lasting 616'
>>> memory({"memory": {"herd": [174.2, 174.4]}})
'herd: 174 bytes an idle connection'
>>> each = {"instructions 50/16": 2393.4, "system calls 50/16": 0.134}
>>> said = counts({"counts": {"herd": each, "asyncio-best": {"system calls 50/16": 1.07}}})
>>> print(said.replace("; ", "\\n"))
herd: 2,393 instructions and 0.134 system calls for a request in a packet of 16
asyncio-best 1.07 system calls
>>> open_loop({"open loop": {"20 %": {"herd": [3894.2], "redis": None}, "60 %": {"herd": None}}})
'herd: half of the replies within 3,894 µs at 20 % of the rate'
>>> variants({"variants": {"base": [2.0], "log": [3.2]}})
'herd: 1.6 × the CPU with every line logged'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from measure import median, ratio

Found = dict[str, Any]
BEST = "asyncio-best"


def times(value: float) -> str:
    """A ratio with two digits."""
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"


def number(value: float) -> str:
    """A figure with three digits or more."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def beside(what: Found, kinds: Iterable[str], figure: Callable[[str], float]) -> str:
    """What others have: `, asyncio-best 5,546`; of those that were measured."""
    known = [kind for kind in kinds if kind in what]
    return "".join(f", {kind} {number(figure(kind))}" for kind in known)


def requests(found: Found) -> str:
    """CPU beside asyncio at its best."""
    said = []
    for cell, kinds in found["requests"].items():
        connections, pipeline = cell.split("/")
        if connections != "50":
            continue
        less = ratio([row[2] for row in kinds[BEST]], [row[2] for row in kinds["herd"]])
        how = "one at a time" if pipeline == "1" else f"with {pipeline} in a packet"
        what = f" less CPU than {BEST}" if not said else ""
        said.append(f"{times(less)} ×{what} {how}")
    return "herd: " + "; ".join(said)


def open_loop(found: Found) -> str:
    """The medians at each rate."""
    said = []
    for share, kinds in found["open loop"].items():
        ours, redis = kinds.get("herd"), kinds.get("redis")
        if ours:
            other = f" (Redis {number(redis[0])})" if redis else ""
            said.append(f"{number(ours[0])} µs at {share} of the rate{other}")
    return "herd: half of the replies within " + ", ".join(said) if said else "Nothing can be said."


def counts(found: Found) -> str:
    """What a request in a packet of 16 takes."""
    def of(kind: str) -> str:
        figures = found["counts"][kind]
        names = {"instructions 50/16": "instructions", "system calls 50/16": "system calls"}
        known = [f"{number(figures[key])} {name}" for key, name in names.items() if key in figures]
        return " and ".join(known)

    others = "".join(f"; {kind} {of(kind)}" for kind in (BEST,) if kind in found["counts"])
    return f"herd: {of('herd')} for a request in a packet of 16{others}"


def memory(found: Found) -> str:
    """Bytes of a connection that was never used."""
    cells = found["memory"]
    others = beside(cells, (BEST, "redis"), lambda kind: cells[kind][0])
    return f"herd: {number(cells['herd'][0])} bytes an idle connection{others}"


def variants(found: Found) -> str:
    """What a log and a journal cost."""
    cells = found["variants"]
    names = {"log": "with every line logged", "journal": "with a journal"}
    said = [f"{times(ratio(cells[key], cells['base']))} × the CPU {name}"
            for key, name in names.items() if key in cells]
    return "herd: " + ", ".join(said)


def whatsat(found: Found) -> str:
    """Lookups beside Redis."""
    said = []
    for cell, kinds in found["whatsat"].items():
        cpu = median([row[1] for row in kinds["herd"]])
        redis = [row[1] for row in kinds.get("redis", [])]
        other = f" (Redis {number(median(redis))})" if redis else ""
        said.append(f"{number(cpu)} µs{other}")
    return "herd: CPU for a WHATSAT, row by row: " + ", ".join(said)


def clients(found: Found) -> str:
    """Memory and a move among many."""
    cells = found["clients"]
    each, many = number(cells["a client"]), f"{cells['clients']:,}"
    move = times(cells["move ×"])
    return f"herd: {each} bytes for each of {many} clients; a move costs {move} × one among 1,000"


def neighbours(found: Found) -> str:
    """A move that is for neighbours that are away."""
    more = found["neighbours"]["move ×"]
    return f"herd: {more:.2f} × the CPU for a move with 64 neighbours away, against one"


def updates(found: Found) -> str:
    """CPU of an update in all servers."""
    cells = found["updates"]
    stars = {key.split()[0]: cell for key, cell in cells.items() if key.endswith(" star")}
    others = beside(stars, (BEST, "redis"), lambda kind: median(stars[kind]["cpu"]))
    own = number(median(stars["herd"]["cpu"]))
    return f"herd: {own} µs of CPU for an update in a star, all five servers together{others}"


def hops(found: Found) -> str:
    """How long news travels."""
    cells = found["hops"]
    one, three = cells["herd 1"]["p50"], cells["herd 3"]["p50"]
    others = [f"{kind} {cells[f'{kind} 3']['p50']:,.0f}" for kind in (BEST, "asyncio-lasting")]
    way = f"news one hop away in {one:,.0f} µs and three away in {three:,.0f}"
    return f"herd: {way}; {', '.join(others)}"


def restart(found: Found) -> str:
    """What a restart costs a link."""
    count, cells = list(found["restart"].items())[-1]
    cost = f"{cells['heard']:,} lines and {cells['ms']:,.0f} ms"
    return f"herd: a restart with {int(count):,} clients costs the link {cost}"
