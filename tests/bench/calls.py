#!/usr/bin/env python3
"""The system calls of an IAMAT and of a flood as a picture for the book: a box for each call.

    python3 calls.py measure   # writes the data, from the traces of strace.py, and draws
    python3 calls.py draw      # draws from the data

The picture is plain SVG without script or style. The comment in it has the hash of the data and of
this file, by which a test sees that somebody changed one and did not draw again.

>>> kind("recvfrom"), kind("sendto"), kind("epoll_wait"), kind("epoll_ctl")
('read', 'write', 'wait', 'else')
>>> "".join(column(["sendto      AT line to the client"], 0)).count("<rect")
1
"""

from __future__ import annotations

import json
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import kept
import strace
from servers import TOP

DATA = TOP / "src/guide/book/data/calls.json"
PICTURE = TOP / "src/guide/book/pictures/calls.svg"
WIDTH, ROW, TOP_ROWS, COLUMN = 760, 17, 58, 186
# From light to dark, for paper without colours.
COLOURS = {"wait": "#dddddd", "write": "#f0bf85", "read": "#86b878", "else": "#4f86c6"}
KINDS = {
    "wait": ("epoll_wait",),
    "read": ("recvfrom", "read", "recvmsg"),
    "write": ("sendto", "write", "sendmsg"),
}
GREY = 'font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#767676"'
BLACK = 'font-family="Helvetica, Arial, sans-serif" font-size="10.5" fill="#111"'


def kind(call: str) -> str:
    """The colour's name for a call."""
    return next((name for name, calls in KINDS.items() if call in calls), "else")


def column(rows: list[str], x: int) -> Iterator[str]:
    """The boxes of one server, from the first call down."""
    for number, row in enumerate(rows):
        call, _, note = row.partition(" ")
        y = TOP_ROWS + number * ROW
        place = f'x="{x}" y="{y}" width="{COLUMN - 6}" height="{ROW - 2}"'
        yield f'<g><title>{escape(f"{call}: {note.strip()}")}</title>'
        yield f'<rect {place} rx="2" fill="{COLOURS[kind(call)]}"/>'
        yield f'<text x="{x + 4}" y="{y + 11}" {BLACK}>{escape(shown(call, note.strip()))}</text>'
        yield "</g>"


def shown(call: str, note: str) -> str:
    """A call and what it is for, as far as there is room."""
    text = f"{call}: {note}"
    return text if len(text) <= 33 else text[:32] + "…"


def draw() -> None:
    data = json.loads(DATA.read_text())
    columns = [(scene, *pair) for scene, both in data["scenes"].items() for pair in both.items()]
    height = TOP_ROWS + max(len(rows) for *_, rows in columns) * ROW + 4
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    title = "The system calls of a server, ours and asyncio's, for an IAMAT and for its flood"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<!-- tests/bench/calls.py, {kept.digest(DATA, __file__)} -->",
        f"<title>{title}</title>",
    ]
    x = 0
    for name, colour in COLOURS.items():
        lines.append(f'<rect x="{x}" y="2" width="12" height="12" fill="{colour}"/>')
        lines.append(f'<text x="{x + 17}" y="12" {GREY}>{name}</text>')
        x += 70
    lines.append(f'<text x="380" y="12" {GREY}>as make strace sees them; {data["made"]}</text>')
    for number, (scene, server, rows) in enumerate(columns):
        x = number * (COLUMN + 4)
        lines.append(f'<text x="{x}" y="34" {GREY}>{scene if number % 2 == 0 else ""}</text>')
        lines.append(f'<text x="{x}" y="51" {GREY}>{server}: {len(rows)} calls</text>')
        lines += column(rows, x)
    PICTURE.write_text("\n".join([*lines, "</svg>"]) + "\n")


def measure() -> None:
    with tempfile.TemporaryDirectory(prefix="herd-calls-") as name:
        directory = Path(name)
        moved = {kind: strace.alone(kind, directory)[0] for kind in strace.KINDS}
        floods = {kind: strace.flood(kind, directory)[0] for kind in strace.KINDS}
    scenes = {"an IAMAT, alone": moved, "an IAMAT with one neighbour, who is told": floods}
    data = {
        "made": f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}",
        "scenes": {
            scene: {kind: strace.annotated(calls) for kind, calls in both.items()}
            for scene, both in scenes.items()
        },
    }
    DATA.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    kept.run("calls", "The system calls of the book.", measure, draw)
