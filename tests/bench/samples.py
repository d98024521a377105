"""The samples of `perf script`: stacks, the part of a server that each belongs to, and the names
that a picture shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import flame

# System calls, by the kernel's names or, where those are hidden, by the C library's.
SEND = re.compile(r"_sys_(send|write)\w*$|^(__)?(libc_)?(send|write)(to|msg|v)?$")
RECEIVE = re.compile(r"_sys_(recv|read)\w*$|^(__)?(libc_)?(recv|read)(from|msg|v)?$")
# A function's part: by the file of src that it is in, or by its name, which has a file of Python's.
ROOMS = [
    (re.compile(r"^wire/|\bherd::wire::|/words\.py$"), "wire"),
    (re.compile(r"^(node|store|buffers)/|\bherd::(node|store|buffers)::"), "node"),
    (re.compile(r"/(asyncio_herd|topology)\.py$|/bench/streams\.py$"), "node"),
    (re.compile(r"^\w+/|\bherd::|\.py$"), "loop"),
]
# The interpreter's steps from one function of Python to the next.
STEPS = re.compile(r"^(_PyEval_|PyObject_Vectorcall|py_trampoline|_PyFunction_Vec|\w*_vectorcall)")


class Frame(NamedTuple):
    """A function on the stack, whether it is the kernel's, and its file in src if it is ours."""

    name: str
    in_kernel: bool = False
    file: str = ""


class Line(NamedTuple):
    """A frame as perf says it. Only the herd's own files are named; an inlined function has the
    address of the one that it is in, and no program."""

    address: str
    name: str
    program: str
    file: str
    is_inlined: bool


def lines(block: str) -> Iterator[Line]:
    """The frames of a sample."""
    texts = block.split("\n")[1:]
    for text, place in zip(texts, [*texts[1:], ""]):
        found = re.match(r"\s+([0-9a-f]+) (.*?)(?: \((/[^()]*|\[[^()]*)\))?$", text)
        if not found or text.startswith("  /"):
            continue
        source = re.match(r"  /.*/src/(\w+/[\w/]+\.rs):\d", place)
        is_ours = source and not re.search("/registry/|/library/", place)
        file = source[1] if source and is_ours else ""
        yield Line(found[1], found[2], found[3] or "", file, place.endswith("(inlined)"))


def frames(group: list[Line]) -> Iterator[Frame]:
    """The functions at one address, the innermost first. perf begins with the symbol that they are
    in, at the line of the innermost, whose name it leaves out; the last is the symbol's own."""
    head, *inlined = group
    if not inlined:
        if head.name != "[unknown]" or head.program.startswith("[kernel"):
            yield Frame(head.name, head.program.startswith("[kernel"), head.file)
        return
    if head.file:
        yield Frame(f"in {head.file}", False, head.file)
    for one in inlined[:-1]:
        if one.file:
            path = one.file.removesuffix(".rs").removesuffix("/mod").replace("/", "::")
            yield Frame(f"{path}::{one.name.split('<')[0] or one.name}", False, one.file)
    yield Frame(head.name, False, inlined[-1].file)


def samples(script: str) -> Iterator[tuple[str, list[Frame]]]:
    """The threads and stacks of `perf script`'s text, each from the top down.

    >>> text = '''herd 12
    ... \\tffffffff81 __x64_sys_sendto ([kernel.kallsyms])
    ... \\t      1f __send (/usr/lib/libc.so.6)
    ... \\t      2f herd::store::Store::offer (/x/herd)
    ...   /x/src/store/digests.rs:29
    ... \\t      2f extend<u8, (A, B)>
    ...   /rustc/59/library/alloc/vec.rs:2 (inlined)
    ... \\t      2f keep<u8>
    ...   /x/src/wire/hex.rs:164 (inlined)
    ... \\t      2f offer
    ...   /x/src/store/mod.rs:120 (inlined)
    ... \\tffffffffffffffff [unknown] ([unknown])
    ...
    ... '''
    >>> for thread, stack in samples(text):
    ...     for frame in stack: print(*frame)
    __x64_sys_sendto True 
    __send False 
    in store/digests.rs False store/digests.rs
    wire::hex::keep False wire/hex.rs
    herd::store::Store::offer False store/mod.rs
    """
    for block in script.split("\n\n"):
        block = block.strip("\n")
        groups: list[list[Line]] = []
        for line in lines(block):
            if line.is_inlined and groups and groups[-1][0].address == line.address:
                groups[-1].append(line)
            else:
                groups.append([line])
        stack = [frame for group in groups for frame in frames(group)]
        if stack:
            yield block.split("\n")[0].rsplit(maxsplit=1)[0], stack


def part(stack: list[Frame]) -> str:
    """The part that a sample belongs to: a system call's own, or that of the innermost function
    that is in a room.

    >>> def of(*names): return part([Frame(name, "sys_" in name) for name in names])
    >>> of("tcp_sys_x", "__x64_sys_sendto", "__send", "herd::reactor::conn::write")
    'kernel send'
    >>> of("__x64_sys_epoll_wait", "epoll_wait", "herd::reactor::wait"), of("__send")
    ('loop', 'loop')
    >>> of("memchr", "herd::wire::span::span", "herd::node::events::handle")
    'wire'
    >>> of("PyLong_New", "py::Herd.obey:/x/peers/asyncio_herd.py", "py::run:/lib/asyncio/base.py")
    'node'
    >>> of("py::StreamWriter.write:/lib/python3.13/asyncio/streams.py")
    'loop'
    """
    if stack[0].in_kernel:
        for pattern, name in ((SEND, "kernel send"), (RECEIVE, "kernel receive")):
            if any(pattern.search(frame.name) for frame in stack):
                return name
    for frame in stack:
        for pattern, name in ROOMS:
            if pattern.search(frame.file or frame.name):
                return name
    return "loop"


def named(frame: Frame) -> str:
    """A frame as the picture names it."""
    if found := re.match(r"py::(.*):(?:.*/)?(.*)$", frame.name):
        return f"{flame.PYTHON}{found[1]} ({found[2]})"
    return flame.KERNEL + frame.name if frame.in_kernel else frame.name


def picture(thread: str, stack: list[Frame]) -> tuple[str, ...]:
    """A stack from the bottom up, as the picture shows it. It begins with the loop, so that one of
    which perf has copied less stands beside the others.

    >>> picture("herd", [Frame("send"), Frame("send"), Frame("EventLoop::turn"), Frame("main")])
    ('herd', 'EventLoop::turn', 'send')
    >>> stack = "sock_send", "_PyEval_EvalFrameDefault", "py::Door.run:/x/a.py", "Py_RunMain"
    >>> picture("python3", [Frame(name) for name in stack])
    ('python3', '[python] Door.run (a.py)', 'sock_send')
    """
    rising = stack[::-1]
    first = next((at for at, frame in enumerate(rising) if is_bottom(frame)), 0)
    if any(frame.name.startswith("py::") for frame in rising):
        rising = [frame for frame in rising if not STEPS.match(frame.name)]
        first = next(at for at, frame in enumerate(rising) if is_bottom(frame))
    names = [thread, *(named(frame) for frame in rising[first:])]
    # A function that is inlined into itself, or has two names.
    return tuple(name for name, before in zip(names, ["", *names]) if name != before)


def is_bottom(frame: Frame) -> bool:
    """Whether a picture begins here: what is below is the same for all."""
    return frame.name.startswith("py::") or frame.name.endswith("EventLoop::turn")


def shares(counts: list[int]) -> list[int]:
    """Whole percentages whose sum is 100.

    >>> shares([1, 1, 1]), shares([0, 0]), shares([5, 0, 995])
    ([34, 33, 33], [0, 0], [1, 0, 99])
    """
    total = sum(counts)
    if not total:
        return [0] * len(counts)
    whole = [100 * count // total for count in counts]
    largest = sorted(range(len(counts)), key=lambda at: -(100 * counts[at] % total))
    for at in largest[: 100 - sum(whole)]:
        whole[at] += 1
    return whole
