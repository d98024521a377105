"""The words on the wire for asyncio_herd.py: bytes to values and back, exactly.

`\\d` in a pattern of bytes is 0 to 9 and nothing else. No number is ever a float.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

SECOND = 1_000_000_000  # nanoseconds

LATITUDE = rb"[+-](?:[0-8]?\d(?:\.\d+)?|90(?:\.0+)?)"
LONGITUDE = rb"[+-](?:(?:0?\d?\d|1[0-7]\d)(?:\.\d+)?|180(?:\.0+)?)"
is_location = re.compile(LATITUDE + LONGITUDE).fullmatch
match_time = re.compile(rb"([+-]?)(\d{1,18})(?:\.(\d{1,9}))?").fullmatch
is_radius = re.compile(rb"0*(?:[0-4]?\d|50)").fullmatch
match_bound = re.compile(rb"0*(1?\d|20)").fullmatch
is_difference = re.compile(rb"[+-]\d{1,20}\.\d{9}").fullmatch
is_number = re.compile(rb"[+-]?(?:\d{1,20}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d\d?)?").fullmatch


class Report(NamedTuple):
    """What a server heard of a client. Tuples compare in the herd's total order."""

    at: int  # nanoseconds
    location: bytes
    server: bytes
    difference: bytes
    time: bytes
    line: bytes  # the AT line, LF included


def nanoseconds(text: bytes) -> int | None:
    """POSIX time as a client writes it, exactly; None if it is none."""
    found = match_time(text)
    if found is None:
        return None
    sign, whole, fraction = found.groups()
    value = int(whole) * SECOND
    if fraction:
        value += int(fraction.ljust(9, b"0"))
    return -value if sign == b"-" else value


def seconds(value: int) -> bytes:
    """A difference in nanoseconds as it is written: `+0.263873386`."""
    return b"%b%d.%09d" % (b"-" if value < 0 else b"+", *divmod(abs(value), SECOND))


def rewritten(difference: bytes, otherwise: int) -> bytes:
    """Another make's difference in our form: by value if it is a number, cut off behind the
    nanosecond; else `otherwise`."""
    if is_difference(difference):
        return difference
    if is_number(difference):
        value = int(Fraction(difference.decode()) * SECOND)
        if abs(value) < 10**29:
            return seconds(value)
    return seconds(otherwise)
