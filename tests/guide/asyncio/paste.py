"""A client that sends 40 KiB to 127.0.0.1:PORT at once, and counts how many bytes come back in the next second."""

import socket
import sys

client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
client.sendall(b"x" * (40 << 10))
client.settimeout(1)
got = 0
try:
    while part := client.recv(1 << 16):
        got += len(part)
except TimeoutError:
    pass
print(f"{got} of {40 << 10} bytes came back")
