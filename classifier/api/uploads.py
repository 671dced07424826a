"""Receives files: in pieces to the disk, counted and hashed on the way, and no further than the plan allows."""

import hashlib
from pathlib import Path
from typing import Any, BinaryIO

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from classifier import uploads
from classifier.uploads import Upload
from tenants.errors import Malformed, TooLarge


class StoredFile(UploadedFile):  # type: ignore[type-arg]  # generic in its stubs only
    """A received file, of which only the path and the count are kept. Whoever wants the file moves it away."""

    def __init__(self, upload: Upload, **named: Any) -> None:
        super().__init__(file=None, size=upload.bytes, **named)
        self.upload = upload
        self.sha256 = upload.sha256

    def close(self) -> None:
        """Do nothing: the file was closed when it was complete."""


class CountingUploadHandler(FileUploadHandler):
    """Writes a file below the folder of the request's organisation. Raises TooLarge beyond its plan's limit."""

    organisation: Any

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        _check_charset(encoding)
        self.organisation = getattr(self.request, "organisation", None)
        # The form around the file is small; a body that says it is far too large is not read at all.
        if self.organisation is not None and content_length > self._limit + 64 * 1024:
            raise self._too_large()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.organisation is None:
            raise SkipFile  # A page that takes no file, or somebody who is not known: nothing is kept.
        self.path: Path = uploads.new_path(self.organisation.tenant)
        self.out = self.path.open("xb")
        _discard_with(self.request, self.out, self.path)
        self.digest = hashlib.sha256()
        self.count = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.count += len(raw_data)
        if self.count > self._limit:
            raise self._too_large()
        self.digest.update(raw_data)
        self.out.write(raw_data)

    def file_complete(self, file_size: int) -> StoredFile:
        self.out.close()
        upload = Upload(self.path, self.file_name or "upload", self.count, self.digest.hexdigest())
        return StoredFile(upload, name=self.file_name, content_type=self.content_type, charset=self.charset)

    @property
    def _limit(self) -> int:
        return int(self.organisation.plan.dataset_bytes)

    def _too_large(self) -> TooLarge:
        return TooLarge(f"A file may have {self._limit:,} bytes on this plan. Split it, or leave out columns.")


def _check_charset(name: str | None) -> None:
    """Raise Malformed for a codec that is none of texts: Django would decode the form's fields with it."""
    try:
        "".encode(name or "utf-8")
    except (LookupError, UnicodeError):
        raise Malformed(f"There is no charset {name!r}. Send the form in UTF-8.") from None


def _discard_with(request: Any, out: BinaryIO, path: Path) -> None:
    """Remove the file at the end of its request, unless it was moved away.

    Django tells an upload handler neither that a body ended in the middle of a file nor that a view refused it.
    """
    close = request.close

    def discard_and_close() -> None:
        out.close()
        path.unlink(missing_ok=True)
        close()

    request.close = discard_and_close
