"""Who waits when the client does not read?

A client sends 8 MiB of lines to an echo server. The server writes each line back, and waits in drain() after it or
does not; the client reads the answers or does not.
"""
import asyncio
import logging
import socket
import threading

TOTAL = 8 << 20
LINE = b"x" * 1023 + b"\n"


async def serve(reader, writer, drains, most):
    try:
        while line := await reader.readline():
            writer.write(line)
            most.append(max(most.pop(), writer.transport.get_write_buffer_size()))
            if drains:
                await writer.drain()
    except ConnectionResetError:
        pass  # The client has given up.


def send(client):
    """Sends until all is sent, or the server has taken nothing for a while."""
    client.settimeout(4)
    left = TOTAL
    try:
        while left > 0:
            left -= client.send(LINE)
    except TimeoutError:
        pass
    return left <= 0


def receive(client):
    try:
        while client.recv(1 << 16):
            pass
    except OSError:
        pass  # It was closed.


async def run(drains, reads):
    most = [0]
    listener = socket.create_server(("127.0.0.1", 0))
    for size in socket.SO_SNDBUF, socket.SO_RCVBUF:
        # The kernel's own buffers, which the connections inherit, would take some MiB.
        listener.setsockopt(socket.SOL_SOCKET, size, 1 << 16)
    server = await asyncio.start_server(lambda r, w: serve(r, w, drains, most), sock=listener)
    client = socket.create_connection(server.sockets[0].getsockname())
    if reads:
        threading.Thread(target=receive, args=(client,), daemon=True).start()
    sent_all = await asyncio.to_thread(send, client)
    size = "over 1 MiB" if most[0] > 1 << 20 else "64 KiB at most" if most[0] <= (64 << 10) + len(LINE) else "more"
    case = f"{'drain' if drains else 'no drain'}, the client {'reads' if reads else 'never reads'}:"
    print(f"{case:34}{'all is sent' if sent_all else 'it must wait'}, {size} in the server's buffer")
    client.shutdown(socket.SHUT_RDWR)
    client.close()
    server.close()


async def main():
    logging.disable()
    for drains, reads in (False, False), (True, False), (True, True):
        await run(drains, reads)


asyncio.run(main())
