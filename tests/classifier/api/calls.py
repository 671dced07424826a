"""What the tests of the API's resources send, and what they look for afterwards."""

from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from tenants import isolation
from tenants.models import Organisation
from tests.classifier import rows

API = "/api/v1"
UNKNOWN = {"dataset": f"ds_{'0' * 20}", "job": f"job_{'0' * 20}", "classification": f"cls_{'0' * 20}"}


def csv(content: str | bytes = rows.MESSAGES, name: str = "messages.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def upload(api: APIClient, content: str | bytes = rows.MESSAGES, name: str = "messages.csv", **fields: Any) -> Any:
    return api.post(f"{API}/datasets", {"file": csv(content, name), **fields}, format="multipart")


def form(*parts: tuple[str, bytes], end: bytes = b"--b--\r\n") -> dict[str, Any]:
    """Return a form written by hand: each part is its disposition (and other headers) and its content."""
    body = b"".join(
        b"--b\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    )
    return {"data": body + end, "content_type": "multipart/form-data; boundary=b"}


def pointers(response: Any) -> list[str]:
    return [error["pointer"] for error in response.json()["errors"]]


def left_behind(organisation: Organisation) -> list[Path]:
    """Return the files that no data set has taken over."""
    return list((isolation.directory(organisation.tenant) / "uploads").glob("*"))
