"""How a worker takes messages from the broker: as kombu does it, but without a note of what it has in hand.

kombu writes each message down in two further keys until it is acknowledged, so that another worker takes it up if this
one dies. That is two more round trips for every message, and nobody needs it: whoever sent the message looks after it
and sends it again, the gateway a batch that is not answered, the relay a job that nobody has claimed.

What somebody waits for kombu never sees: see delivery.py. After it the channel asks for more and waits by itself, since
the way through the event loop takes as long as the arithmetic of an answer does in a process that sleeps between two.

A worker with nothing to do sleeps. kombu's would wake up twice a second, which with a hundred workers is a fifteenth of
a core.
"""

import select
import signal
import socket
from collections.abc import Sequence
from functools import cache
from typing import Any

from kombu.transport import redis, virtual

from classifier import delivery

# How long one request to the broker for the next message lasts. A message ends it at once.
WAIT_SECONDS = 10
# What does not come in this time does not come on this connection; kombu looks whether there is still one.
OVERDUE_SECONDS = 5


class InHand(virtual.QoS):
    """Counts what this process has in hand, and tells nobody."""

    restore_at_shutdown = False

    def restore_visible(self, *args: object, **kwargs: object) -> None:
        """There are no notes of others to look through."""


class Channel(redis.Channel):
    QoS = InHand  # type: ignore[assignment]  # kombu's stubs want the class that writes the notes.
    # Whether the broker was asked for a message and has not answered yet, when kombu's turn came.
    _is_asking = False

    def _create_client(self, asynchronous: bool = False) -> Any:
        client: Any = super()._create_client(asynchronous)  # type: ignore[no-untyped-call]
        client.set_response_callback("BRPOP", self._left_for_kombu)
        return client

    def _brpop_read(self, **options: object) -> Any:
        self._is_asking = False
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        finally:
            if self._is_asking:
                self._in_poll = self.client.connection

    def _left_for_kombu(self, answer: Sequence[bytes] | None, **_: object) -> tuple[bytes, ...] | None:
        """Run what the broker has answered with, and what comes after it, as long as somebody waits for it. Return the
        queue and the message that nobody waits for, or nothing if there is none.
        """
        while answer and delivery.run(answer[-1]):
            answer = None if self._closing or _has_rung() else self._next()
        return tuple(answer) if answer else None

    def _next(self) -> Any:
        """Ask for the next message and return what the broker answers, or nothing if this process gets a signal first:
        then Celery has to look, and the answer is awaited in its event loop.
        """
        self._brpop_start()  # type: ignore[no-untyped-call]
        connection: Any = self.client.connection
        ready, *_ = select.select([connection._sock, _bell()], [], [], WAIT_SECONDS + OVERDUE_SECONDS)
        self._is_asking = ready != [connection._sock]
        return None if self._is_asking else connection.read_response()

    def close(self) -> None:
        """Hang up at once: kombu would wait for the next message, for as long as a request for one lasts.

        One that comes at this very moment is sent again, by whoever looks after it.
        """
        asking: Any = self._in_poll
        if asking and not asking.can_read(timeout=0):
            asking.disconnect()
            self._in_poll = False
        super().close()  # type: ignore[no-untyped-call]


class Transport(redis.Transport):
    Channel = Channel
    brpop_timeout = WAIT_SECONDS

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        super().register_with_event_loop(connection, loop)  # type: ignore[no-untyped-call]
        cycle: Any = self.cycle
        # They look after notes and bindings, of which there are none.
        cycle._restore_messages_tref.cancel()
        cycle._binding_expiry_tref.cancel()
        bell = _bell()
        loop.add_reader(bell, bell.recv, 64)


def _has_rung() -> bool:
    return bool(select.select([_bell()], [], [], 0)[0])


@cache
def _bell() -> socket.socket:
    """Return what can be read when this process, which has become a worker, has got a signal.

    Python goes on waiting after a signal, so a worker that is told to stop would sleep on.
    """
    hears, rings = socket.socketpair()
    for end in (hears, rings):
        end.setblocking(False)
    signal.set_wakeup_fd(rings.detach(), warn_on_full_buffer=False)
    return hears
