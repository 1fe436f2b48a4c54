#!/usr/bin/env python3
"""delay.py HOST PORT MS FILE: a TCP relay that delivers every byte MS later.

Listens on a free loopback port and writes its number to FILE. The kernel here
has no netem, so a slow road has to be made in user space. Bytes in flight do
not wait for one another: only the delay grows, the throughput stays.
"""
import asyncio
import os
import socket
import sys


def no_nagle(writer):
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def deliver(queue, writer):
    """Write what lies in the queue, each piece when its time has come."""
    loop = asyncio.get_running_loop()
    try:
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


async def pump(reader, writer, delay):
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue(4096)
    sender = asyncio.create_task(deliver(queue, writer))
    data = b"-"
    while data:
        try:
            data = await reader.read(65536)
        except OSError:
            data = b""
        await queue.put((loop.time() + delay, data))
    await sender


async def main(host, port, delay, file):
    async def serve(reader, writer):
        # The client thinks it is connected at once. On a real road its own
        # handshake takes one round trip and the far side hears of it half a
        # round trip later.
        await asyncio.sleep(3 * delay)
        try:
            far_reader, far_writer = await asyncio.open_connection(host, port)
        except OSError:
            writer.close()
            return
        no_nagle(writer)
        no_nagle(far_writer)
        await asyncio.gather(pump(reader, far_writer, delay), pump(far_reader, writer, delay))
        far_writer.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with open(file + ".new", "w", encoding="ascii") as out:
        print(server.sockets[0].getsockname()[1], file=out)
    os.rename(file + ".new", file)
    await server.serve_forever()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) / 1000, sys.argv[4]))
