"""A flame graph: call stacks as boxes, each as wide as its share of the samples, on its caller.

It knows nothing of perf: a stack is a tuple of names from the bottom up. The same stacks give the
same picture, which is plain SVG without a script; a box says its name and share when it is pointed
at.

>>> stacks = {("main", "turn", "send"): 3, ("main", "turn"): 1, ("main", "[kernel] <tcp>"): 4}
>>> picture = svg(stacks, "herd", ["50 connections"])
>>> for name, x, width, depth in sorted(boxes(stacks)): print(name, x, width, depth)
[kernel] <tcp> 0 4 2
all 0 8 0
main 0 8 1
send 4 3 3
turn 4 4 2
>>> "<title>turn: 50.0 %</title>" in picture, "&lt;tcp&gt;: 50.0 %" in picture
(True, True)
>>> picture == svg(dict(reversed(stacks.items())), "herd", ["50 connections"])
True
>>> "script" in picture, "50 connections</text>" in picture
(False, True)
>>> svg({}, "nothing", []).count("<rect")
2
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape
from zlib import crc32

Stacks = Mapping[tuple[str, ...], int]
WIDTH, ROW, MARGIN, LETTER = 1200, 17, 10, 6.7
# Narrower boxes cannot be seen.
WIDTH_MIN = 0.4
# The kernel's boxes are blue, Python's functions green, all others between yellow and red. Black
# can be read on each, and the page has a white ground of its own, whatever is around it.
KERNEL, PYTHON = "[kernel] ", "[python] "
TEXT = 'font-family="monospace" font-size="11" fill="#111"'


class Box(NamedTuple):
    """A function under one caller: where it begins and how wide it is in samples, and how many
    callers are below it."""

    name: str
    x: int
    width: int
    depth: int


def boxes(stacks: Stacks, depth: int = 0, x: int = 0, name: str = "all") -> Iterator[Box]:
    """All boxes, each before those that it carries; beside each other they stand by their names."""
    width = sum(stacks.values())
    yield Box(name, x, width, depth)
    callees: defaultdict[str, dict[tuple[str, ...], int]] = defaultdict(dict)
    for stack, count in stacks.items():
        if stack:
            callees[stack[0]][stack[1:]] = count
    for callee in sorted(callees):
        yield from boxes(callees[callee], depth + 1, x, callee)
        x += sum(callees[callee].values())


def colour(name: str) -> str:
    """The colour of a box: always the same for a name."""
    luck = crc32(name.encode()) % 40
    if name.startswith(KERNEL):
        return f"hsl({195 + luck // 2},65%,{68 + luck // 4}%)"
    hue = 95 + luck if name.startswith(PYTHON) else 12 + luck
    return f"hsl({hue},75%,{66 + luck // 4}%)"


def svg(stacks: Stacks, title: str, captions: list[str]) -> str:
    """The picture: the title and captions above it."""
    total = max(sum(stacks.values()), 1)
    scale = (WIDTH - 2 * MARGIN) / total
    shown = [box for box in boxes(stacks) if box.width * scale >= WIDTH_MIN or box.depth == 0]
    top = (len(captions) + 2) * ROW + MARGIN
    height = top + (max(box.depth for box in shown) + 1) * ROW + MARGIN
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<title>{escape(title)}</title>"]
    out.append('<rect width="100%" height="100%" fill="#fff"/>')
    out.append(f'<text x="{MARGIN}" y="22" {TEXT} font-weight="bold">{escape(title)}</text>')
    for line, caption in enumerate(captions):
        out.append(f'<text x="{MARGIN}" y="{39 + line * ROW}" {TEXT}>{escape(caption)}</text>')
    for name, start, samples, depth in shown:
        x, y, width = MARGIN + start * scale, height - MARGIN - (depth + 1) * ROW, samples * scale
        out.append(f"<g><title>{escape(name)}: {100 * samples / total:.1f} %</title>")
        place = f'x="{x:.1f}" y="{y}" width="{max(width, 0.4):.1f}" height="{ROW - 1}"'
        out.append(f'<rect {place} rx="1" fill="{colour(name)}"/>')
        room = int((width - 4) / LETTER)
        if room >= 3:
            label = name.removeprefix(KERNEL).removeprefix(PYTHON)
            label = label if len(label) <= room else label[: room - 1] + "…"
            out.append(f'<text x="{x + 3:.1f}" y="{y + 12}" {TEXT}>{escape(label)}</text>')
        out.append("</g>")
    return "\n".join([*out, "</svg>", ""])
