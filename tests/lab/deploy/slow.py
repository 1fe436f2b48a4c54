#!/usr/bin/env python3
"""slow.py PORT TO KBPS: a relay on loopback that lets KBPS kilobytes a second through from TO, for pulls that take a while."""
import asyncio
import sys

port, to, rate = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) * 1000


async def copy(reader, writer, limit):
    try:
        while data := await reader.read(16384):
            writer.write(data)
            await writer.drain()
            if limit:
                await asyncio.sleep(len(data) / limit)
    except OSError:
        pass
    finally:
        writer.close()


async def serve(reader, writer):
    there, back = await asyncio.open_connection("127.0.0.1", to)
    await asyncio.gather(copy(reader, back, 0), copy(there, writer, rate))


async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        await server.serve_forever()

asyncio.run(main())
