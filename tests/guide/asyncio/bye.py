"""Says `bye` to a client that has gone, at the steps that know such words.

    python3 tests/guide/asyncio/bye.py 12407
"""

import socket
import sys
from typing import Any

Client = tuple[socket.socket, Any]


def connect() -> Client:
    """A client, and the lines that it hears."""
    client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    return client, client.makefile("r")


def ask(client: Client, line: str) -> str:
    """Says a line, and returns the answer; empty: the connection has ended."""
    client[0].sendall(line.encode() + b"\n")
    return client[1].readline().strip()


mallory, kiwi = connect(), connect()
ask(mallory, "hello")
name = ask(kiwi, "name")
print("kiwi hears:   ", name)
kiwi[0].shutdown(socket.SHUT_WR)
kiwi[1].read()

plum = connect()
print("plum hears:   ", ask(plum, "name"))
word = name.replace("you are", "bye")
mallory[0].sendall(word.encode() + b"\n")
print("mallory says: ", word)
# When this is answered, the word has had its effect.
ask(mallory, "hello")
print("plum hears:   ", ask(plum, "hello") or "the end")
