"""What a client says and what it must hear, as a table: the same for every make of server.

Each case is one connection: everything is sent, sending is shut down, all is read to the end.
"""

from __future__ import annotations

import re
import time
from typing import NamedTuple

DAY_S = 24 * 60 * 60
NOW_S = int(time.time())
PLACE = b"+34.068930-118.445127"


class Case(NamedTuple):
    """`want` is a pattern for all that comes back; SERVER in it is the name of who is asked."""

    name: str
    sent: bytes
    want: bytes
    pieces: int = 1  # the pieces that it is sent in


def at(client: bytes, place: bytes = PLACE, when: bytes = b"1520023934.918963997") -> bytes:
    """A pattern for the AT line of what the server heard itself."""
    fields = rb"AT SERVER [+-]\d+\.\d{9} %b %b %b\n"
    return fields % (re.escape(client), re.escape(place), re.escape(when))


def iamat(client: bytes, place: bytes = PLACE, when: bytes = b"1520023934.918963997") -> bytes:
    """A command, without LF."""
    return b"IAMAT %b %b %b" % (client, place, when)


def echo(line: bytes) -> bytes:
    """A pattern for the answer to an invalid line."""
    return re.escape(b"? " + line + b"\n")


# The blank line is the only one in it.
JSON = rb'\{\n(?:(?!\n\n).)*"status" : "[A-Z_]+"\n\}\n\n'


def good(name: str, client: bytes, place: bytes = PLACE, when: bytes = b"1520023934.9") -> Case:
    """A valid IAMAT."""
    return Case(name, iamat(client, place, when) + b"\n", at(client, place, when))


def bad(name: str, line: bytes) -> Case:
    """An invalid line."""
    return Case(name, line + b"\n", echo(line))


FAR = str(NOW_S + DAY_S + 60).encode()
NEAR = str(NOW_S + DAY_S - 60).encode()
KNOWN = iamat(b"w") + b"\n"
LONG = 8 << 10
PADDED = iamat(b"p").ljust(LONG)

CASES = [
    good("the handout's example", b"kiwi.cs.ucla.edu", when=b"1520023934.918963997"),
    good("a client that is no UTF-8, with NUL", b"\xff\xfe\0\x80"),
    good("a name of white space in Unicode", "a\u00a0b\u2003c".encode()),
    good("bytes that are space elsewhere", b"a\x1c\x1d\x85b"),
    good("a sign before the time", b"s", when=b"+1520023934.5"),
    good("a time before 1970", b"n", when=b"-1.5"),
    good("18 digits of seconds", b"z", when=b"000001520023934.000000001"),
    good("no fraction", b"i", b"+0-0", b"0"),
    good("the bounds of places", b"b", b"+90.000-180.0", b"1"),
    good("the other bounds", b"b2", b"-90+180", b"1"),
    good("digits without end", b"d", b"+89." + b"9" * 99 + b"+179." + b"9" * 99, b"1"),
    good("leading zeros in a place", b"lz", b"+05.5-007.25", b"1"),
    good("almost a day ahead", b"a1", when=NEAR),
    bad("more than a day ahead", iamat(b"a2", when=FAR)),
    bad("far ahead", iamat(b"a3", when=b"999999999999999999")),
    *(bad("a bad place", iamat(b"x", place)) for place in (
        b"+91+0", b"+90.0000000000000000000000001+0", b"+0-180.01", b"+0+181", b"34.0-118.0",
        b"+34.0118.0", b"+34.-118.0", b"+.5-118.0", b"+34.0-118.", b"+34.0-118.0/", b"+34.0",
        b"+100+0", b"+0+1000", b"++34.0-118.0", b"+nan-118.0", b"+3e1-118.0", b"+34,0-118,0",
        "+\u0663-118".encode(),
    )),
    *(bad("a bad time", iamat(b"x", when=when)) for when in (
        b"nan", b"inf", b"-inf", b"1e9", b"1_000", b"1.", b".5", b"+", b"1.1234567890", b"0x10",
        b"1" * 19, b"1.5.5", b"--1", b"1,5", "\u0661".encode(),
    )),
    bad("too few fields", b"IAMAT k +1+1"),
    bad("too many fields", b"IAMAT k +1+1 1 1"),
    bad("small letters", b"iamat k +1+1 1"),
    bad("a place in two fields", b"IAMAT k +1 +1 1"),
    bad("anything", b"hello,  world \t"),
    bad("an empty line", b""),
    bad("a blank line", b" \t\x0b\x0c "),
    bad("bytes", b"\xff\0\x80"),
    *(bad("a server's word", word) for word in (
        b"HELLO a b 0 0", b"MARK 0 0 0", b"SINCE 0 0 0 0", b"AT", b"AT x y", b"AUTH 0",
        b"AT s +0.000000000 k +91+1 1", b"AT s +0.000000000 k +1+1", b"AT s +1.0 k +1+1 nan",
    )),
    *(bad("a bad WHATSAT", line) for line in (
        b"WHATSAT nobody 10 5", b"WHATSAT w 51 5", b"WHATSAT w 10 21", b"WHATSAT w -1 5",
        b"WHATSAT w +10 5", b"WHATSAT w 10.0 5", b"WHATSAT w 1e1 5", b"WHATSAT w 10",
        b"WHATSAT w 10 5 5", b"whatsat w 10 5", b"WHATSAT w 100 5", b"WHATSAT w 10 0x5",
    )),
    Case("CR before LF is not echoed", b"hello\r\nIAMAT\r\r\n", echo(b"hello") + echo(b"IAMAT\r")),
    Case("CR before the end is not", b"hello\r", echo(b"hello")),
    Case("a rest of CR alone", b"\r", echo(b"")),
    Case("nothing gets nothing", b"", b""),
    Case("no LF at the end", iamat(b"e"), at(b"e")),
    Case("an unterminated echo", b"a\nb", echo(b"a") + echo(b"b")),
    Case("white space all over", b"\x0b \tIAMAT\x0bk\x0c+1+1\t \x0b1\r\n", at(b"k", b"+1+1", b"1")),
    Case("byte by byte", iamat(b"y") + b"\r\n?\n", at(b"y") + echo(b"?"), 99),
    Case("many in a packet", b"".join(iamat(b"m%d" % i) + b"\nx\n" for i in range(99)),
         b"".join(at(b"m%d" % i) + echo(b"x") for i in range(99))),
    Case("WHATSAT", KNOWN + b"WHATSAT w 10 5\n", at(b"w") + at(b"w") + JSON),
    Case("WHATSAT of nothing", KNOWN + b"WHATSAT w 0 0\n", at(b"w") * 2 + JSON),
    Case("by value, however long", KNOWN + b"WHATSAT w 00050 " + b"0" * 5000 + b"20",
         at(b"w") * 2 + JSON),
    Case("a WHATSAT's line is of its moment",
         iamat(b"o", b"+1+1", b"1") + b"\nWHATSAT o 1 1\n" + iamat(b"o", b"+2+2", b"2")
         + b"\nWHATSAT o 1 1\nWHATSAT o 1 1",
         at(b"o", b"+1+1", b"1") * 2 + JSON + at(b"o", b"+2+2", b"2") * 2 + JSON
         + at(b"o", b"+2+2", b"2") + JSON),
    Case("an older one is answered and changes nothing",
         iamat(b"l", b"+1+1", b"2.000000002") + b"\n" + iamat(b"l", b"+2+2", b"2.000000001")
         + b"\nWHATSAT l 1 1",
         at(b"l", b"+1+1", b"2.000000002") + at(b"l", b"+2+2", b"2.000000001")
         + at(b"l", b"+1+1", b"2.000000002") + JSON),
    Case("a nanosecond newer",
         iamat(b"g", b"+2+2", b"1520023934.918963997") + b"\n"
         + iamat(b"g", b"+1+1", b"1520023934.918963998") + b"\nWHATSAT g 1 1",
         at(b"g", b"+2+2") + at(b"g", b"+1+1", b"1520023934.918963998") * 2 + JSON),
    Case("equal times: the greater place",
         iamat(b"q", b"+2+2", b"1") + b"\n" + iamat(b"q", b"+1+1", b"1.0") + b"\nWHATSAT q 1 1",
         at(b"q", b"+2+2", b"1") + at(b"q", b"+1+1", b"1.0") + at(b"q", b"+2+2", b"1") + JSON),
    Case("the same again changes nothing",
         iamat(b"r", b"+2+2", b"1") + b"\n" + iamat(b"r", b"+2+2", b"1.0") + b"\nWHATSAT r 1 1",
         at(b"r", b"+2+2", b"1") + at(b"r", b"+2+2", b"1.0") + at(b"r", b"+2+2", b"1") + JSON),
    Case("8 KiB are a line", PADDED + b"\n", at(b"p")),
    Case("8 KiB with CR", PADDED[:-1] + b"\r\nx", at(b"p") + echo(b"x")),
    Case("8 KiB without LF", PADDED, at(b"p")),
    Case("8 KiB of it are echoed", b"x" * LONG + b"\ny", echo(b"x" * LONG) + echo(b"y")),
    Case("over 8 KiB is the end", KNOWN + PADDED + b" \nx\n" * 99, at(b"w") + echo(PADDED)),
    Case("a CR too many", PADDED + b"\r\nx\n", echo(PADDED)),
    Case("over 8 KiB, its 8192nd byte CR", b"x" * (LONG - 1) + b"\ry\n",
         echo(b"x" * (LONG - 1) + b"\r")),
    Case("over 8 KiB without LF", b"x" * (LONG + 1), echo(b"x" * LONG)),
    Case("endless", b"x" * (1 << 20), echo(b"x" * LONG)),
]  # fmt: skip
