"""topology.txt, read as the herd reads it, for the doubles in this directory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

FORM = "server NAME HOST clients=PORT servers=PORT"


class TopologyError(Exception):
    """`file:line: what is wrong, what to do`, one line for a person."""


class Server(NamedTuple):
    """Who, where, and on which ports; `servers` is None where it says `plain`."""

    name: str
    host: str
    clients: int
    servers: int | None


class Topology(NamedTuple):
    """All servers by name, in the order of the file, and the links between them."""

    servers: dict[str, Server]
    links: list[tuple[str, str]]

    def neighbours(self, name: str) -> list[Server]:
        """Those that a server is linked to."""
        ends = [b if a == name else a for a, b in self.links if name in (a, b)]
        return [self.servers[end] for end in ends]


def load(path: Path) -> Topology:
    """Reads a file. Raises TopologyError."""
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read: {error}; name a topology with -t FILE"
        raise TopologyError(message) from error
    servers: dict[str, Server] = {}
    links: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines, 1):
        try:
            match line.split("#")[0].split():
                case []:
                    pass
                case ["server", name, host, *words]:
                    add(servers, Server(name, host, *ports(words)))
                case ["link", a, b]:
                    links.append((number, a, b))
                case [word, *_]:
                    raise ValueError(f"cannot read {word!r}; write {FORM}, or link NAME NAME")
        except ValueError as error:
            raise TopologyError(f"{path}:{number}: {error}") from None
    if not servers:
        raise TopologyError(f"{path}: no server in it; add at least one line: {FORM}")
    seen: set[frozenset[str]] = set()
    for number, a, b in links:
        if problem := link_problem(servers, seen, a, b):
            raise TopologyError(f"{path}:{number}: {problem}")
        seen.add(frozenset((a, b)))
    return Topology(servers, [(a, b) for _, a, b in links])


def add(servers: dict[str, Server], new: Server) -> None:
    doors = {new.clients, new.servers} - {None}
    if new.servers == new.clients:
        raise ValueError("both doors have one port; choose another port")
    for old in servers.values():
        if old.name == new.name:
            raise ValueError(f"{new.name} is already there; name each server once")
        if old.host == new.host and doors & {old.clients, old.servers}:
            raise ValueError(f"{old.name} has that address already; choose another port")
    servers[new.name] = new


def ports(words: list[str]) -> tuple[int, int | None]:
    """Clients' and servers' port out of the words behind the host."""
    found: dict[str, int] = {}
    for word in words:
        given = re.fullmatch(r"(clients|servers)=([0-9]{1,5})|plain", word)
        kind = given and (given[1] or word)
        if not given or not kind or kind in found:
            raise ValueError(f"unknown or repeated word {word!r}; write {FORM}")
        found[kind] = int(given[2] or 1)
        if not 1 <= found[kind] <= 65535:
            raise ValueError(f"bad port in {word!r}; a port is a number from 1 to 65535")
    if "clients" not in found:
        raise ValueError("no clients=PORT; say where its clients' door is")
    if ("servers" in found) == ("plain" in found):
        raise ValueError("either servers=PORT or plain; say whether it has a servers' door")
    return found["clients"], found.get("servers")


def link_problem(
    servers: dict[str, Server], seen: set[frozenset[str]], a: str, b: str
) -> str | None:
    """What is wrong with a link; two plain servers may be linked here, unlike in a herd."""
    for end in (a, b):
        if end not in servers:
            return f"no server is named {end!r}; the servers are {', '.join(servers)}"
    if a == b:
        return f"{a} is linked to itself; a link has two different ends"
    if frozenset((a, b)) in seen:
        return f"{a} and {b} are already linked; a link works both ways, leave one out"
    return None
