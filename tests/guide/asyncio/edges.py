"""How often does epoll(7) say that a socket is readable?

A peer has sent 40 KiB, and the reader takes at most 16 KiB at a time, as herd does. For each way to read, a line
says how often the kernel spoke, how often recv(2) was called, and how many bytes it brought.
"""
import select
import socket

SENT, BUDGET = 40 << 10, 16 << 10


def pair():
    """Two ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = socket.create_connection(listener.getsockname())
        receiver, _ = listener.accept()
    return sender, receiver


def wait_for(receiver, count):
    """Waits until that many bytes have arrived, and takes none of them."""
    while len(receiver.recv(count, socket.MSG_PEEK)) < count:
        pass
    receiver.setblocking(False)


def read(flags, until_blocked):
    """Reads once for each event, or until the kernel says that there is no more."""
    sender, receiver = pair()
    sender.sendall(b"x" * SENT)
    wait_for(receiver, SENT)
    epoll = select.epoll()
    epoll.register(receiver, select.EPOLLIN | flags)
    events = reads = got = 0
    while epoll.poll(0.2):
        events += 1
        goes_on = True
        while goes_on:
            reads += 1
            try:
                got += len(receiver.recv(BUDGET))
                goes_on = until_blocked
            except BlockingIOError:
                goes_on = False
    return events, reads, got


def urgent():
    """Reads that have the same room, and bring less than there is: they stop at an urgent byte (tcp(7))."""
    sender, receiver = pair()
    for data, flags in (b"one\n", 0), (b"!", socket.MSG_OOB), (b"three\n", 0):
        sender.send(data, flags)
    parts = []
    while sum(parts) < len("one\nthree\n"):
        parts.append(len(receiver.recv(BUDGET)))
    return parts


for name, flags, until_blocked in (
    ("level", 0, False),
    ("edge", select.EPOLLET, False),
    ("edge, until it would block", select.EPOLLET, True),
):
    events, reads, got = read(flags, until_blocked)
    print(f"{name:27}events {events}  reads {reads}  bytes {got} of {SENT}")
print(f"an urgent byte in the middle: reads of {urgent()} bytes, though the room was {BUDGET}")
