"""How a worker takes messages from the broker: as kombu does it, but without a note of what it has in hand.

kombu writes each message down in two further keys until it is acknowledged, so that another worker takes it up if this
one dies. That is two more round trips for every message, and nobody needs it: whoever sent the message looks after it
and sends it again, the gateway a batch that is not answered, the relay a job that nobody has claimed.
"""

from kombu.transport import redis, virtual


class InHand(virtual.QoS):
    """Counts what this process has in hand, and tells nobody."""

    restore_at_shutdown = False

    def restore_visible(self, *args: object, **kwargs: object) -> None:
        """There are no notes of others to look through."""


class Channel(redis.Channel):
    QoS = InHand  # type: ignore[assignment]  # kombu's stubs want the class that writes the notes.


class Transport(redis.Transport):
    Channel = Channel
