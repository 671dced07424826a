"""The call of the API that does what the page does, to paste into a shell or a program."""

import json
import pprint
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# What a shared model is shown with: its schema has no examples, which would be somebody's rows.
TEXT = "I was charged twice this month. Can I have one of the payments back?"

_KEY = '-H "Authorization: Bearer $ASSORT_KEY"'
_JSON = f'{_KEY} -H "Content-Type: application/json"'
COMMANDS = {
    "datasets": f"curl $API/datasets {_KEY} -F file=@rows.csv",
    "trainings": f'curl $API/training_jobs {_JSON} \\\n  -d \'{{"dataset": "ds_…", "model": "support"}}\'',
    "answers": f'curl $API/models/assort.support/classify {_JSON} \\\n  -d \'{{"inputs": ["{TEXT}"]}}\'',
    "keys": f"curl $API/me {_KEY}",
}


@dataclass(frozen=True)
class Snippet:
    """A program of a few lines, which needs the key in the environment as ASSORT_KEY and nothing to be installed."""

    language: str
    text: str


def command(name: str, *, address: str) -> str:
    """Return how a program does what an empty page is about: `datasets`, `trainings`, `answers` or `keys`."""
    return COMMANDS[name].replace("$API", f"{address}/api/v1")


def example(schema: Mapping[str, Any]) -> Any:
    """Return an input of a model with this `ml.schema.Schema`: the first example of each column."""
    shown = {column["name"]: next(iter(column["examples"]), "") for column in schema["features"]}
    return next(iter(shown.values())) or TEXT if schema["kind"] == "text" else shown


def snippets(*, model: str, value: Any, top_k: int, address: str) -> list[Snippet]:
    """Return the call that classifies this input as the page does, in several languages."""
    url = f"{address}/api/v1/models/{model}/classify"
    body = {"inputs": [value], "top_k": top_k, "explain": True}
    return [
        Snippet("curl", _CURL.format(url=url, body=shlex.quote(_json(body)))),
        Snippet("Python", _PYTHON.format(url=url, body=pprint.pformat(body, width=100, sort_dicts=False))),
        Snippet("JavaScript", _JAVASCRIPT.format(url=url, body=_json(body, indent=2))),
    ]


def _json(body: Any, indent: int | None = None) -> str:
    shown = json.dumps(body, ensure_ascii=False, indent=indent)
    # What turns the direction of the writing would show another call than the one that is copied.
    return BIDI.sub(lambda match: f"\\u{ord(match[0]):04x}", shown)


_CURL = """\
curl {url} \\
  -H "Authorization: Bearer $ASSORT_KEY" -H "Content-Type: application/json" \\
  -d {body}"""
_PYTHON = """\
import json, os, urllib.request

body = {body}
request = urllib.request.Request(
    "{url}",
    data=json.dumps(body).encode(),
    headers={{
        "Authorization": "Bearer " + os.environ["ASSORT_KEY"],
        "Content-Type": "application/json",
    }},
)
with urllib.request.urlopen(request) as answer:
    print(json.load(answer)["results"])"""
_JAVASCRIPT = """\
const answer = await fetch("{url}", {{
  method: "POST",
  headers: {{
    "Authorization": `Bearer ${{process.env.ASSORT_KEY}}`,
    "Content-Type": "application/json",
  }},
  body: JSON.stringify({body}),
}});
console.log((await answer.json()).results);"""
