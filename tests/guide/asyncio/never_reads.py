"""A client that sends lines to 127.0.0.1:PORT as fast as it can, and never reads an answer.

A number behind the port is how many seconds it stays when nobody takes anything any more.
"""

import socket
import sys
import time

client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
client.settimeout(3)
sent = 0
try:
    while sent < 64 << 20:
        sent += client.send(b"x" * 1023 + b"\n")
    print("all 64 MiB are sent")
except TimeoutError:
    print(f"nobody has taken anything for 3 s; {sent >> 10} KiB are sent", flush=True)
for seconds in sys.argv[2:]:
    time.sleep(float(seconds))
