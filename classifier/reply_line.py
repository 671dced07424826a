import logging
from contextlib import suppress
from typing import Any

import redis

log = logging.getLogger(__name__)

# A reply that nobody fetches, because its gateway has gone, does not stay.
REPLY_SECONDS = 30


class ReplyLine:
    """A worker's way back: replies go out at once, and what the broker says to them is read before the next goes out.

    So the worker does not wait for the broker after each message. A reply may still be on its way when a connection
    dies; it is sent once more with the next one, and a gateway that hears it twice forgets the second.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._connection: Any = client.connection_pool.make_connection()
        self._sent: list[bytes] = []
        self._unread = 0

    def send(self, address: str, reply: bytes) -> None:
        """Push a reply to a gateway's list. Raises redis.RedisError when the broker is away."""
        packed = self._connection.pack_commands([("RPUSH", address, reply), ("EXPIRE", address, REPLY_SECONDS)])
        try:
            self._settle()
            self._write(packed)
        except (redis.ConnectionError, redis.TimeoutError):
            self._connection.disconnect()
            self._unread = 0
            self._write(self._sent)
            self._write(packed)
        self._sent = packed

    def close(self) -> None:
        """End when the broker has taken the last reply, if it is there to take it."""
        with suppress(redis.RedisError):
            self._settle()
        self._connection.disconnect()

    def _write(self, packed: list[bytes]) -> None:
        if packed:
            self._connection.send_packed_command(packed)
            self._unread += 2

    def _settle(self) -> None:
        """Read what the broker said to the last reply, and make sure that it is still there."""
        while self._unread:
            self._unread -= 1
            try:
                self._connection.read_response()
            except redis.ResponseError as error:
                log.error("a reply was refused: %s", error)
        if self._sent and self._connection.can_read():
            raise redis.ConnectionError("the broker has closed the connection")
