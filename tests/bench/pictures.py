#!/usr/bin/env python3
"""The measured pictures of the book's last chapter: where a server's CPU time goes, ours and
asyncio's.

    python3 pictures.py measure   # writes the data, and draws; three minutes
    python3 pictures.py draw      # draws from the data

The pictures are plain SVG without script or style. The comment in each has the hash of the data and
of this file, by which a test sees that somebody changed one and did not draw again.

>>> folded(("herd", "herd::reactor::event_loop::EventLoop::turn", "in reactor/io.rs", "__send",
...     "[kernel] do_syscall_64", "[kernel] __x64_sys_sendto", "[kernel] net_rx_action"))
('EventLoop::turn', '[kernel] sendto', '[kernel] net_rx_action')
>>> folded(("python3", "[python] main (a.py)", "[python] BaseEventLoop._run_once (base_events.py)",
...     "gen_send", "[python] StreamWriter.write (streams.py)"))
('[python] BaseEventLoop._run_once', '[python] StreamWriter.write')
>>> merged({("turn", "read"): 995, ("turn", "rare", "rarer"): 4, ("turn",): 1})
{('turn', 'read'): 995, ('turn',): 5}
>>> "<title>turn: 100.0 %</title>" in "".join(flames({("turn",): 7}))
True
"""

from __future__ import annotations

import json
import platform
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import flame
import perf
import servers
from measure import Load, Loader
import kept
from servers import TOP, machine, server

BOOK = TOP / "src/guide/book"
DATA = BOOK / "data/cores.json"
PICTURES = {"herd": "flame_herd.svg", "asyncio-streams": "flame_asyncio.svg"}
BARS = "cpu.svg"
BARS_OF = ("echo", "herd", "asyncio-best", "asyncio-streams")
# Other work on the machine only adds to a server's CPU time, so the least of all rounds is kept.
ROUNDS, SECONDS = 8, 2.0
WIDTH, ROW, LETTER = 760, 18, 6.1
# A smaller share of the samples is counted with its caller.
SHARE_MIN = 0.005
# Of the kernel's functions, those that say what a system call is busy with.
KERNEL = re.compile(r"tcp_sendmsg|net_rx_action|tcp_recvmsg|sock_def_readable|ep_send_events")
# Of the machine its name is left out, and of its kernel all but the version.
MACHINE = re.compile(r"^.*?: (.*Linux \d+\.\d+).*$")
# The kernel's is the darkest: it is told from the others on paper without colours, too.
COLOURS = {"[kernel] ": "#4f86c6", "[python] ": "#a3cf95", "": "#f0bf85"}
GREY = 'font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#767676"'
BLACK = 'font-family="Helvetica, Arial, sans-serif" font-size="11" fill="#111"'


def folded(stack: tuple[str, ...]) -> tuple[str, ...]:
    """The functions of a stack that a reader can look up, from the loop's turn upwards."""
    names: list[str] = []
    for frame in stack:
        call = re.match(r"\[kernel\] __x64_sys_(\w+)", frame)
        if frame.endswith("EventLoop::turn") or "._run_once" in frame:
            names.clear()
        if call:
            names.append(f"[kernel] {call[1]}")
        elif frame.startswith("[kernel]"):
            names += [frame] if KERNEL.fullmatch(frame[9:]) else []
        elif frame.startswith("[python]"):
            names.append(frame.rpartition(" (")[0])
        elif "::" in frame and not frame.startswith("<"):
            names.append("::".join(frame.split("<")[0].rstrip(":").split("::")[-2:]))
    return tuple(name for name, before in zip(names, ["", *names]) if name != before)


def merged(stacks: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    """The stacks without those functions that have too small a share."""
    least = SHARE_MIN * sum(stacks.values())
    below: Counter[tuple[str, ...]] = Counter()
    for stack, count in stacks.items():
        for depth in range(len(stack)):
            below[stack[: depth + 1]] += count
    out: Counter[tuple[str, ...]] = Counter()
    for stack, count in stacks.items():
        while stack and below[stack] < least:
            stack = stack[:-1]
        out[stack] += count
    return dict(out)


def flames(stacks: Mapping[tuple[str, ...], int]) -> Iterator[str]:
    """The boxes of a flame graph, the callers below; the last line is the height."""
    total = sum(stacks.values())
    boxes = [box for box in flame.boxes(stacks) if box.depth]
    height = max(box.depth for box in boxes) * ROW
    for name, start, samples, depth in boxes:
        x, width = WIDTH * start / total, WIDTH * samples / total
        yield f"<g><title>{escape(name)}: {100 * samples / total:.1f} %</title>"
        kind = next(kind for kind in COLOURS if name.startswith(kind))
        y = height - depth * ROW
        place = f'x="{x:.1f}" y="{y}" width="{max(width - 0.8, 0.6):.1f}" height="{ROW - 1}"'
        yield f'<rect {place} rx="2" fill="{COLOURS[kind]}"/>'
        room, label = int((width - 6) / LETTER), name.removeprefix(kind)
        if room >= 4:
            label = label if len(label) <= room else label[: room - 1] + "…"
            yield f'<text x="{x + 3:.1f}" y="{y + 12}" {BLACK}>{escape(label)}</text>'
        yield "</g>"


def flame_graph(data: dict[str, Any], kind: str) -> tuple[str, int, list[str]]:
    """A flame graph: its title, its height, and its parts."""
    stacks = {tuple(name.split(";")): count for name, count in data["stacks"][kind].items()}
    height = max(map(len, stacks)) * ROW
    title = f"{kind}: where the CPU time of an IAMAT goes, one request at a time"
    return title, height, list(flames(stacks))


def bars(data: dict[str, Any]) -> tuple[str, int, list[str]]:
    """CPU time of an IAMAT: the kernel's share, and the program's."""
    scale = (WIDTH - 190) / max(map(sum, data["cpu_us"].values()))
    parts = []
    for row, (kind, (kernel, own)) in enumerate(data["cpu_us"].items()):
        y = row * 30
        parts.append(f'<text x="0" y="{y + 15}" {GREY}>{kind}</text>')
        ends = ((kernel, 110.0, "[kernel] "), (own, 110 + kernel * scale, ""))
        for us, x, colour in ends:
            size = f'width="{us * scale:.1f}" height="20"'
            parts.append(f'<rect x="{x:.1f}" y="{y}" {size} fill="{COLOURS[colour]}"/>')
            if us * scale > 40:
                parts.append(f'<text x="{x + 4:.1f}" y="{y + 14}" {BLACK}>{us:.1f}</text>')
        end = 116 + (kernel + own) * scale
        parts.append(f'<text x="{end:.1f}" y="{y + 15}" {GREY}>{kernel + own:.1f} µs</text>')
    title = "CPU time of an IAMAT in microseconds: blue (dark) in the kernel, orange (light) in the program"
    return title, 30 * len(data["cpu_us"]), parts


def draw() -> None:
    data = json.loads(DATA.read_text())
    drawn = {name: flame_graph(data, kind) for kind, name in PICTURES.items()} | {BARS: bars(data)}
    for name, (title, height, parts) in drawn.items():
        python = data["python"]["bars" if name == BARS else "flames"]
        caption = f"{data['load']}; {data['date']}, {data['machine']}, Python {python}"
        size = f'viewBox="0 0 {WIDTH} {height + 48}" width="{WIDTH}" height="{height + 48}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<!-- tests/bench/pictures.py, {kept.digest(DATA, __file__)} -->",
            f"<title>{escape(title)}</title>",
            f'<text x="0" y="14" {GREY}>{escape(title)}</text>',
            f'<text x="0" y="30" {GREY}>{escape(caption)}</text>',
            '<g transform="translate(0 42)">',
            *parts,
            "</g>",
            "</svg>",
        ]
        (BOOK / "pictures" / name).write_text("\n".join(lines) + "\n")


def times(pid: int) -> tuple[int, int]:
    """The CPU time of a process in ticks: in the kernel, and in the program (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[12]), int(fields[11])


def cpu_us(kind: str, loader: Loader) -> tuple[float, float]:
    """Microseconds of CPU time for a request: in the kernel, and in the program."""
    with tempfile.TemporaryDirectory(prefix="herd-pictures-") as name:
        with server(kind, Path(name)) as target:
            before = times(target.pid)
            measured = loader(target, Load(50, 1, f"seconds:{SECONDS}"))
            spent = [after - start for after, start in zip(times(target.pid), before)]
    return tuple(measured.cpu_us * it / max(sum(spent), 1) for it in spent)


def measure() -> None:
    perf.check()
    by = perf.python()
    loader = Loader(perf.build())
    perf.FOLDER.mkdir(parents=True, exist_ok=True)
    options = argparse.Namespace(connections=50, pipeline=1, seconds=12.0)
    servers.PYTHON = by.command
    stacks = {}
    for kind in PICTURES:
        print(f"Recording {kind} …", flush=True)
        found: Counter[tuple[str, ...]] = Counter()
        for stack, count in perf.record(kind, loader, options, by).stacks.items():
            found[folded(stack) or ("…",)] += count
        kept = sorted(merged(found).items())
        stacks[kind] = {";".join(stack or ("…",)): it for stack, it in kept}
    servers.PYTHON = [sys.executable]
    rounds = []
    for number in range(ROUNDS):
        print(f"Measuring, round {number + 1} of {ROUNDS} …", flush=True)
        rounds.append({kind: cpu_us(kind, loader) for kind in BARS_OF})
    least = {kind: min((one[kind] for one in rounds), key=sum) for kind in BARS_OF}
    data = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": MACHINE.sub(r"\1", machine().replace("(R)", "")),
        "load": "50 connections, one request at a time",
        "python": {"flames": by.version, "bars": platform.python_version()},
        "cpu_us": {kind: [round(us, 2) for us in least[kind]] for kind in BARS_OF},
        "stacks": stacks,
    }
    DATA.parent.mkdir(parents=True, exist_ok=True)
    DATA.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    kept.run("pictures", "The measured pictures of the book.", measure, draw)
