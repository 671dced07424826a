"""A process that asks for requests of one bucket as fast as it may, and writes when each was granted.

`python -m tests.tenants.hammering BUCKET LIMIT WINDOW REQUESTS_A_SECOND SECONDS`
"""

import asyncio
import sys
import time

import django
from django.conf import settings
from redis.asyncio import Redis

django.setup()

from tenants.errors import RateLimited  # noqa: E402  # models can be imported once Django is set up
from tenants.rates import Policy, RateLease  # noqa: E402


async def hammer(bucket: str, limit: int, window: int, rate: float, seconds: float) -> None:
    client = Redis.from_url(settings.REDIS_URL)
    lease = RateLease(client, [Policy("minute", bucket, limit, "This key", window)])
    began = time.monotonic()
    asked = 0
    while (now := time.monotonic()) < began + seconds:
        if asked >= (now - began) * rate:
            await asyncio.sleep(0.002)
            continue
        asked += 1
        try:
            await lease.take()
        except RateLimited:
            continue
        sys.stdout.write(f"{time.monotonic()}\n")
    await lease.close()
    await client.aclose()


if __name__ == "__main__":
    asyncio.run(hammer(sys.argv[1], *(int(number) for number in sys.argv[2:])))
