#!/usr/bin/env python3
"""Who has the turn while two clients send as fast as they can: ours beside asyncio's, as a picture.

    python3 taking_turns.py measure   # writes the data, and draws
    python3 taking_turns.py draw      # draws from the data

Both clients have sent all that fits before the server looks at either. The order of the lines that
the server obeyed is kept as runs: how many of one client, then how many of the other. Asyncio's
server is the usual one, which awaits twice a line; ours says the order in its log.

>>> runs(["a", "a", "b", "a"])
[2, 1, 1]
>>> "".join(strip([60, 40], 0)).count("<rect")
2
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import platform
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import kept
from servers import TOP, herd_options, server

DATA = TOP / "src/guide/book/data/taking_turns.json"
PICTURE = TOP / "src/guide/book/pictures/taking_turns.svg"
LINE = b"IAMAT kiwi +1.0-2.0 1000\n"
LINES = 20_000  # of each client
WIDTH, HEIGHT = 760, 36
# A light one and a dark one, for paper without colours.
COLOURS = ("#f0bf85", "#4f86c6")
GREY = 'font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#767676"'


def runs(names: Iterable[str]) -> list[int]:
    """How many lines in a row are of one client."""
    return [len(list(group)) for _, group in itertools.groupby(names)]


def flood(port: int) -> list[threading.Thread]:
    """Two clients, each of which sends all its lines and takes all answers."""
    threads = []
    for _ in range(2):
        client = socket.create_connection(("127.0.0.1", port), 30)

        def send(client: socket.socket = client) -> None:
            client.sendall(LINE * LINES)
            client.shutdown(socket.SHUT_WR)

        def take(client: socket.socket = client) -> None:
            while client.recv(1 << 20):
                pass

        threads += [threading.Thread(target=send), threading.Thread(target=take)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    return threads


def asyncios() -> list[int]:
    """The runs of a server on asyncio's streams."""
    order: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = str(writer.get_extra_info("peername"))
        while line := await reader.readline():
            order.append(name)
            writer.write(b"? " + line)
            await writer.drain()
        writer.close()

    async def main(listener: socket.socket) -> None:
        await asyncio.start_server(serve, sock=listener)
        while len(order) < 2 * LINES:
            await asyncio.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0), backlog=2) as listener:
        threads = flood(listener.getsockname()[1])
        asyncio.run(main(listener))
        for thread in threads:
            thread.join()
    return runs(order)


def ours() -> list[int]:
    """The runs of a server of the herd."""
    with tempfile.TemporaryDirectory(prefix="herd-turns-") as name:
        options = herd_options(log="info")
        with server("herd", Path(name), options=options) as target:
            os.kill(target.pid, signal.SIGSTOP)
            threads = flood(target.port)
            os.kill(target.pid, signal.SIGCONT)
            for thread in threads:
                thread.join()
        log = (Path(name) / "run/Goloman.log").read_text()
    return runs(line.split()[2] for line in log.splitlines() if " < IAMAT" in line)


def strip(lengths: list[int], y: int) -> Iterator[str]:
    """The lines of a server from left to right, a box for each run."""
    x, scale = 0.0, WIDTH / sum(lengths)
    for number, length in enumerate(lengths):
        place = f'x="{x:.1f}" y="{y}" width="{length * scale:.1f}" height="{HEIGHT}"'
        yield f'<rect {place} fill="{COLOURS[number % 2]}"/>'
        x += length * scale


def draw() -> None:
    data = json.loads(DATA.read_text())
    height = 24 + (HEIGHT + 30) * len(data["runs"])
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    title = f"Whose line is obeyed, of two clients that send {LINES:,} lines each"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<!-- tests/bench/taking_turns.py, {kept.digest(DATA, __file__)} -->",
        f"<title>{title}</title>",
        f'<text x="0" y="14" {GREY}>{title}; {data["made"]}</text>',
    ]
    for number, (name, lengths) in enumerate(data["runs"].items()):
        y = 24 + number * (HEIGHT + 30)
        said = f"{name}: at most {max(lengths):,} lines of one client in a row"
        lines.append(f'<text x="0" y="{y + 14}" {GREY}>{said}</text>')
        lines += strip(lengths, y + 20)
    PICTURE.write_text("\n".join([*lines, "</svg>"]) + "\n")


def measure() -> None:
    found = {"asyncio": asyncios(), "herd": ours()}
    made = f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}"
    DATA.write_text(json.dumps({"made": made, "runs": found}) + "\n")


if __name__ == "__main__":
    kept.run("taking_turns", "Who has the turn?", measure, draw)
