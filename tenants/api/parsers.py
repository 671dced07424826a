from typing import Any

import msgspec
from rest_framework.parsers import BaseParser

from tenants import documents
from tenants.errors import Malformed


class JsonParser(BaseParser):
    """Reads JSON as the gateway does: UTF-8 whatever the header says, and no half of a surrogate pair."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        # Django reads the body as far as DATA_UPLOAD_MAX_MEMORY_SIZE; the framework's stream has no end.
        body = parser_context["request"]._request.body
        documents.check_size(body)
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Malformed("The body is not JSON in UTF-8. Mend it; a JSON checker shows the place.") from None
