from typing import Any

from rest_framework.parsers import BaseParser, DataAndFiles


class StoredFormParser(BaseParser):
    """Reads a form whose files the upload handler has put on disk while it came in."""

    media_type = "multipart/form-data"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> "DataAndFiles[Any, Any]":
        # Django parses the form once, with the project's upload handler; a replayed request has been parsed before.
        request = parser_context["request"]._request
        return DataAndFiles(request.POST, request.FILES)
