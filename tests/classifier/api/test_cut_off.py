"""Uploads whose sender goes away in the middle, as the running service sees them."""

import socket
import time
from urllib.parse import urlsplit

import httpx2 as httpx

from tenants import isolation
from tests import universe
from tests.classifier.api.calls import API
from tests.service import Service

START = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\ntext,label\n'
LINES = b"the same again,bug\n" * 20_000


def test_an_upload_that_is_cut_off_leaves_neither_a_data_set_nor_a_file(service: Service, committed: None) -> None:
    organisation, key = universe.organisation("Cut", universe.person("cut"))
    folder = isolation.directory(organisation.tenant) / "uploads"
    address = urlsplit(service.url)
    head = (
        f"POST {API}/datasets HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {2 * len(LINES)}\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), address.port or 80)) as connection:
        connection.sendall(head.encode() + START + LINES)
        time.sleep(0.5)
    time.sleep(0.5)
    assert not folder.exists() or not any(folder.iterdir())
    listed = httpx.get(f"{service.url}{API}/datasets", headers={"Authorization": f"Bearer {key}"})
    assert listed.json()["data"] == []
