import asyncio, resource, time
import pytest
from classifier import event_stream
from tests.classifier.test_event_stream import *
from tests.classifier.test_event_stream import aside
pytestmark = pytest.mark.anyio
@pytest.mark.parametrize("distinct", [True, False])
async def test_load(streams, running, initech, initech_key, monkeypatch, distinct):
    monkeypatch.setattr(event_stream, "STREAMS_OF_ONE_ORGANISATION", 500)
    def make():
        t = Training.begin(initech)
        for p in range(6): t.note("reading", p)
        return t
    ts = [await aside(make) for _ in range(100 if distinct else 1)]
    reads=[]; read=event_stream._read
    monkeypatch.setattr(event_stream, "_read", lambda *j: reads.append(1) or read(*j))
    cs=[Client(streams, ts[i % len(ts)].path, initech_key) for i in range(100)]
    b=time.monotonic()
    async with asyncio.timeout(20):
        await asyncio.gather(*(c.read(7) for c in cs))
    print("\nopen", time.monotonic()-b)
    reads.clear(); b=time.monotonic(); c=time.process_time()
    lag=0
    while time.monotonic()-b<5:
        t=time.monotonic(); await asyncio.sleep(.01); lag=max(lag,time.monotonic()-t-.01)
    e=time.monotonic()-b
    print("distinct",distinct,"reads/s",len(reads)/e,"cpu",(time.process_time()-c)/e,"lag ms",lag*1000)
