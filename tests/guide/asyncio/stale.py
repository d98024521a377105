"""Whose answer is this? A server that knows its clients by their descriptors.

A client asks, and its lookup takes a while. Meanwhile it goes, and another one comes.
"""

import socket

listener = socket.create_server(("127.0.0.1", 0))
clients: dict[int, socket.socket] = {}


def connect() -> tuple[socket.socket, int]:
    """A client, and the descriptor by which the server knows it."""
    client = socket.create_connection(listener.getsockname())
    accepted, _ = listener.accept()
    clients[accepted.fileno()] = accepted
    return client, accepted.fileno()


kiwi, kiwis = connect()
kiwi.sendall(b"WHATSAT kiwi 10 5\n")
who_asked = kiwis

kiwi.close()
while clients[kiwis].recv(100):
    pass
clients.pop(kiwis).close()

plum, plums = connect()
print("plum has the descriptor that kiwi had:", plums == kiwis)

clients[who_asked].sendall(b"AT Goloman +0.1 kiwi +1-2 1000\n")
print("plum hears", plum.recv(100))
