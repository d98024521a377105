"""Some turns of a server's loop as a picture, from a file of `herd serve --trace-turns`.

    python3 tests/bench/turns.py run/Goloman.trace.json FROM > turns.svg
    python3 tests/bench/turns.py run/Goloman.trace.json FROM --keep "two Xeon cores"
    python3 tests/bench/turns.py --draw

FROM is the number of the first turn. --keep writes the guide's data, with the date and this machine, and
draws the guide's picture; --draw draws it from the data that are there. There are five turns on a line, each line on one scale. A wait
that is longer than a short while is drawn shorter, with its length above it; the workers' slices
shrink with it. The picture is plain SVG without a script or a style.

>>> wait = {"ph": "X", "tid": 1, "name": "wait", "ts": 0.0, "dur": 500.0, "args": {}}
>>> turn = {"ph": "X", "tid": 1, "name": "turn", "ts": 500.0, "dur": 20.0, "args": {"events": 1}}
>>> read = turn | {"name": "read", "dur": 5.0}
>>> strips = cut([wait, turn, read, wait | {"ts": 520.0}], 0, 1)
>>> [(name, start, end) for name, start, end, _ in strips[0].slices]
[('wait', 0.0, 500.0), ('turn', 500.0, 520.0), ('read', 500.0, 505.0)]
>>> strips[0].at(500.0), strips[0].at(250.0), strips[0].at(510.0), strips[0].width()
(30.0, 15.0, 40.0, 50.0)
>>> "500 \N{MICRO SIGN}s" in svg(strips), "script" in svg(strips)
(True, False)
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import kept

TOP = Path(__file__).resolve().parents[2]
DATA = TOP / "src/guide/book/data/turns.json"
PICTURE = TOP / "src/guide/turns.svg"
Slice = tuple[str, float, float, dict[str, Any]]
TURNS, LINES, WIDTH, LEFT, STRIP = 5, 4, 860, 66, 112
# Longer waits are drawn with this length, in microseconds.
WAIT_MAX = 30.0
# Phases that follow one another are told apart on paper without colours, too.
COLOURS = {
    "read": "#2459a8",
    "node": "#a8d5a0",
    "journal": "#8a4fb0",
    "flush": "#e08a3c",
    "log": "#6a6a6a",
    "work": "#b8860b",
}


@dataclass
class Strip:
    """Some turns in a row, each after the wait before it, and what workers did meanwhile."""

    slices: list[Slice]

    def at(self, time: float) -> float:
        """Where a time is drawn, in microseconds from the left."""
        x = 0.0
        for name, start, end, _ in self.slices:
            if name in ("wait", "turn") and time > start:
                shown = min(end - start, WAIT_MAX) if name == "wait" else end - start
                x += shown * min(1.0, (time - start) / max(end - start, 1e-9))
        return x

    def width(self) -> float:
        return self.at(max(end for _, _, end, _ in self.slices))


def cut(events: list[dict[str, Any]], first: int, lines: int) -> list[Strip]:
    """The turns from number `first` on, in strips."""
    slices = [
        (it["name"], it["ts"], it["ts"] + it["dur"], it["args"] | {"tid": it["tid"]})
        for it in events
        if it["ph"] == "X"
    ]
    tops = [it for it in slices if it[0] in ("wait", "turn") and it[3]["tid"] == 1]
    strips = []
    for line in range(lines):
        at = 2 * (first + line * TURNS)
        inside = tops[at : at + 2 * TURNS]
        if not inside:
            sys.exit(f"turns.py: only {len(tops) // 2} turns; give the server more to do")
        if inside[-1][0] == "wait":
            inside.pop()
        start, end = inside[0][1], inside[-1][2]
        within = [it for it in slices if it[2] > start and it[1] < end and it not in tops]
        clipped = [(n, max(s, start), min(e, end), args) for n, s, e, args in within]
        strips.append(Strip(inside + clipped))
    return strips


def text(x: float, y: float, what: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y}" fill="#767676"{more}>{escape(what)}</text>'


def box(x: float, y: int, width: float, height: int, look: str, title: str = "") -> str:
    start = f'<rect x="{x:.1f}" y="{y}" width="{max(width, 0.6):.1f}" height="{height}" {look}'
    return f"{start}><title>{escape(title)}</title></rect>" if title else start + "/>"


def drawn(strip: Strip, top: int, scale: float) -> list[str]:
    """One line of the picture."""
    parts = [text(4, top + 30 + 22 * row, it) for row, it in enumerate(("serves", "phase", "worker"))]
    for name, start, end, args in strip.slices:
        x, wide = LEFT + scale * strip.at(start), scale * (strip.at(end) - strip.at(start))
        said = f"{name}: {end - start:.1f} \N{MICRO SIGN}s"
        said += "".join(f", {it} {args[it]}" for it in ("connection", "lines", "bytes") if it in args)
        if name == "wait":
            if end - start > WAIT_MAX:
                middle = ' font-size="10" text-anchor="middle"'
                length = end - start
                label = f"{length:.0f} \N{MICRO SIGN}s" if length < 1000 else f"{length / 1e3:.1f} ms"
                parts.append(text(x + wide / 2, top + 10, label, middle))
        elif name == "turn":
            look = 'fill="none" stroke="#767676" rx="2"'
            parts.append(box(x - 1, top + 14, wide + 2, 46, look, said))
        elif name.startswith("serve"):
            look = 'fill="#767676" fill-opacity=".3"'
            parts.append(box(x, top + 17, wide, 18, look, said))
        else:
            is_work = args["tid"] != 1
            look = f'fill="{COLOURS["work" if is_work else name]}"'
            # What is not a fifth of a microsecond long cannot be seen.
            if end - start > 0.2:
                title = said if is_work else ""
                parts.append(box(x, top + (62 if is_work else 39), wide, 18, look, title))
    return parts


def svg(strips: list[Strip], made: str = "", comment: str = "") -> str:
    scale = (WIDTH - LEFT - 10) / max(strip.width() for strip in strips)
    height = STRIP * len(strips) + 34
    count = sum(name == "turn" for strip in strips for name, *_ in strip.slices)
    title = f"{count} turns of a server's loop, with the phases of each"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" font-family="Helvetica, Arial, sans-serif" font-size="12">',
        *([f"<!-- {comment} -->"] if comment else []),
        f"<title>{title}</title>",
    ]
    for line, strip in enumerate(strips):
        parts += drawn(strip, STRIP * line, scale)
    base = STRIP * len(strips)
    for place, (name, colour) in enumerate(COLOURS.items()):
        x = LEFT + 90 * place
        parts.append(f'<rect x="{x}" y="{base}" width="12" height="12" fill="{colour}"/>')
        parts.append(text(x + 17, base + 11, name))
    x = WIDTH - 20 - 100 * scale
    parts.append(f'<path d="M{x:.1f} {base + 6}h{100 * scale:.1f}" stroke="#767676"/>')
    parts.append(text(x, base + 22, "100 \N{MICRO SIGN}s"))
    if made:
        parts.append(text(LEFT, base + 29, made, ' font-size="11"'))
    return "\n".join(parts) + "\n</svg>\n"


def draw() -> None:
    """Draws the guide's picture from its data."""
    data = json.loads(DATA.read_text())
    strips = [Strip([tuple(it) for it in strip]) for strip in data["strips"]]
    comment = f"tests/bench/turns.py, {kept.digest(DATA, __file__)}"
    PICTURE.write_text(svg(strips, data["made"], comment))


def main() -> None:
    parser = argparse.ArgumentParser(description="Some turns of a server's loop as a picture.")
    parser.add_argument("trace", nargs="?", type=Path)
    parser.add_argument("first", nargs="?", type=int, default=0)
    parser.add_argument("--keep", metavar="MACHINE")
    parser.add_argument("--draw", action="store_true")
    args = parser.parse_args()
    if args.draw:
        return draw()
    if args.trace is None:
        parser.error("name a trace")
    strips = cut(json.loads(args.trace.read_text())["traceEvents"], args.first, LINES)
    if args.keep is None:
        print(svg(strips), end="")
        return None
    made = f"measured {time.strftime('%Y-%m-%d')}, {args.keep}"
    DATA.write_text(json.dumps({"made": made, "strips": [it.slices for it in strips]}) + "\n")
    return draw()


if __name__ == "__main__":
    main()
