"""The call of the API that does what the page does."""

import json
import shlex
from typing import Any

from classifier.models import ModelVersion


def example_call(version: ModelVersion, *, address: str) -> str:
    """Return a command that classifies one input of this model, to paste into a shell."""
    body = shlex.quote(json.dumps({"inputs": [_example(version)]}, ensure_ascii=False))
    return (
        f"curl {address}/api/v1/models/{version.model.name}/classify \\\n"
        '  -H "Authorization: Bearer $ASSORT_KEY" -H "Content-Type: application/json" \\\n'
        f"  -d {body}"
    )


def _example(version: ModelVersion) -> Any:
    shown = {column["name"]: next(iter(column["examples"]), "") for column in version.schema["features"]}
    return next(iter(shown.values())) if version.kind == "text" else shown
