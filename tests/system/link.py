"""A line between two programs that can be cut, stalled and slowed: a TCP forwarder on loopback.

    dialler ──▶ 127.0.0.1:link.port ══ link ══▶ 127.0.0.1:target ──▶ listener
"""

import asyncio
import contextlib
import socket
import struct
import threading

PIECE = 65536


class Lines:
    """The thread on which all links of a test forward; close() ends it."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def link(self, target):
        return asyncio.run_coroutine_threadsafe(Link.new(target), self.loop).result(10)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


class Link:
    """Open, or until `mend`: cut (connections reset, new ones refused at once), stalled (nothing moves) or slow."""

    @classmethod
    async def new(cls, target):
        link = cls()
        link.loop = asyncio.get_running_loop()
        link.target = target
        link.writers = set()
        link.delay_s = 0
        link.is_cut = False
        link.moving = asyncio.Event()
        link.moving.set()
        link.server = await asyncio.start_server(link.serve, "127.0.0.1", 0)
        link.port = link.server.sockets[0].getsockname()[1]
        return link

    async def serve(self, reader, writer):
        if self.is_cut:
            writer.transport.abort()
            return
        await self.moving.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, far_writer}
        await asyncio.gather(self.pump(reader, far_writer), self.pump(far_reader, writer))
        self.writers -= {writer, far_writer}

    async def pump(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while piece := await reader.read(PIECE):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self.moving.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()

    def reset_all(self):
        for writer in self.writers:
            handle = writer.transport.get_extra_info("socket")
            with contextlib.suppress(OSError, AttributeError):
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def cut(self):
        self.is_cut = True
        self.loop.call_soon_threadsafe(self.reset_all)

    def stall(self):
        self.loop.call_soon_threadsafe(self.moving.clear)

    def slow(self, delay_s):
        self.delay_s = delay_s

    def mend(self):
        self.is_cut = False
        self.delay_s = 0
        self.loop.call_soon_threadsafe(self.moving.set)
