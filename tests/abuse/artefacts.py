"""What somebody who may write to MLflow could make of a model's files: each changes a folder that was good once."""

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Attack = Callable[[Path], None]


def signed(folder: Path, **said: Any) -> None:
    """Write the manifest anew, with these entries and the hashes of the files that are there now."""
    manifest = json.loads((folder / "manifest.json").read_text()) | said
    files = [path for path in folder.iterdir() if path.name != "manifest.json"]
    manifest["files"] = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def places(folder: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((folder / "manifest.json").read_text())["arrays"]
    return found


def file(name: str, content: bytes) -> Attack:
    def attack(folder: Path) -> None:
        (folder / name).write_bytes(content)
        signed(folder)

    return attack


def said(**entries: Any) -> Attack:
    return lambda folder: signed(folder, **entries)


def each_array(**place: Any) -> Attack:
    return lambda folder: signed(folder, arrays={name: old | place for name, old in places(folder).items()})


def one_array(**place: Any) -> Attack:
    """Say something else of an array that every answer needs."""

    def attack(folder: Path) -> None:
        found = places(folder)
        signed(folder, arrays=found | {"idf": found["idf"] | place})

    return attack


def filled(value: float) -> Attack:
    """Every weight is this number."""

    def attack(folder: Path) -> None:
        content = bytearray((folder / "arrays.bin").read_bytes())
        for place in places(folder).values():
            dtype = np.dtype(place["dtype"])
            if dtype.kind == "f":
                size = int(np.prod(place["shape"]))
                content[place["at"] : place["at"] + size * dtype.itemsize] = np.full(size, value, dtype).tobytes()
        file("arrays.bin", bytes(content))(folder)

    return attack


def files_named(name: str) -> Attack:
    """The manifest names a file that lies elsewhere."""

    def attack(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["files"][name] = manifest["files"]["settings.json"]
        (folder / "manifest.json").write_text(json.dumps(manifest))

    return attack


def instead(name: str, make: Callable[[Path], Any]) -> Attack:
    """Something that is no regular file stands under this name."""

    def attack(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return attack


def twin(name: str) -> Attack:
    """The file is another one of the same content, reached by a link that leads out of the folder."""

    def attack(folder: Path) -> None:
        outside = folder.parent / f"outside-{name}"
        outside.write_bytes((folder / name).read_bytes())
        instead(name, lambda path: path.symlink_to(outside))(folder)

    return attack


class Payload:
    """Whoever unpickles it makes the file that it names."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.marker),))


def npy(array: NDArray[Any]) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def header(text: str) -> bytes:
    """Return an array's file that has this header and nothing else."""
    return b"\x93NUMPY\x01\x00" + (len(text) + 1).to_bytes(2, "little") + text.encode() + b"\n"


def running_code(marker: Path) -> dict[str, Attack]:
    """Attacks that would make the marker if anything of them were run."""
    code = pickle.dumps(Payload(marker))
    objects = np.array([Payload(marker)], dtype=object)
    return {
        "a pickle for an array": file("golden.npy", code),
        "an array of objects": file("golden.npy", npy(objects)),
        "a pickle for the arrays": file("arrays.bin", code),
        "a pickle for the settings": file("settings.json", code),
        "a pickle for the manifest": lambda folder: void((folder / "manifest.json").write_bytes(code)),
        "one more array of objects": file("more.npy", npy(objects)),
        "one more pickle": file("model.pkl", code),
        "a Python file": file("__init__.py", f"import os\nos.mkdir({str(marker)!r})\n".encode()),
        "a header of an array that is code": file(
            "golden.npy",
            b"\x93NUMPY\x01\x00\x76\x00" + f"__import__('os').mkdir({str(marker)!r})".encode().ljust(117) + b"\n",
        ),
        "a form that is a module": said(form=f"os.mkdir({str(marker)!r})"),
    }


def cut(folder: Path) -> None:
    file("arrays.bin", (folder / "arrays.bin").read_bytes()[:100])(folder)


def void(_: object) -> None:
    """Forget what was returned."""


DEEP = b"[" * 200_000
ALIEN = ("O", "|O", "V8", "S10", "U4", "M8[s]", "c16")
TYPES: tuple[Any, ...] = (">f8", "i4,f4", "V1000000000", "nothing", "", None, 7, [], {"names": ["a"], "formats": ["O"]})
SHAPES: tuple[Any, ...] = ([-1], [2**62, 4], [10**12], [0], [1.5], ["8"], [[1]], None, "12", 10**30, {"a": 1}, True)
PLACES: tuple[Any, ...] = (-8, -1, 2**63, 2**70, 10**9, 1.5, "0", None, [])
NAMES = ("../settings.json", "/etc/passwd", "", ".", "..", "a/b", "a\0b")
MALFORMED: dict[str, Attack] = {
    **{f"arrays of type {dtype}": each_array(dtype=dtype) for dtype in ALIEN},
    **{f"an array of type {dtype!r}": one_array(dtype=dtype) for dtype in TYPES},
    **{f"an array of shape {shape!r}": one_array(shape=shape) for shape in SHAPES},
    **{f"an array at {at!r}": one_array(at=at) for at in PLACES},
    **{f"a file called {name!r}": files_named(name) for name in NAMES},
    "all arrays at one place": each_array(at=0),
    "arrays that overlap": each_array(at=8),
    "one more word about an array": one_array(allow_pickle=True),
    "no arrays": said(arrays={}),
    "a list of arrays": said(arrays=[]),
    "weights that are no numbers": filled(float("nan")),
    "weights without end": filled(float("inf")),
    "an empty file of arrays": file("arrays.bin", b""),
    "a file of arrays that is cut": cut,
    "settings a million deep": file("settings.json", DEEP),
    "golden rows a million deep": file("golden.json", DEEP),
    "a manifest a million deep": lambda folder: void((folder / "manifest.json").write_bytes(DEEP)),
    "settings that are a number": file("settings.json", b"9" * 100_000),
    "settings that are NaN": file("settings.json", b"NaN"),
    "a key twice": file("settings.json", b'{"grams": 1, "grams": 1000000000}'),
    "settings in no encoding": file("settings.json", b"\xff\xfe\0"),
    "golden rows of another sort": file("golden.json", b'[{"a": 1}, null, 3]'),
    "no golden rows": file("golden.json", b"[]"),
    "a golden row of twenty million characters": file("golden.json", json.dumps(["a" * 20_000_000]).encode()),
    "golden answers of another shape": file("golden.npy", npy(np.zeros((1, 1)))),
    "golden answers that are no numbers": file("golden.npy", npy(np.full((4, 3), np.nan))),
    "golden answers of a giant shape": file(
        "golden.npy", header("{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999,), }")
    ),
    "an unknown form": said(form="../../evil"),
    "a form that is a list": said(form=["text"]),
    "an unknown format": said(format=10**6),
    "a format that is a list": said(format=[]),
    "a temperature of nothing": said(temperature=0),
    "a temperature below nothing": said(temperature=-1),
    "a temperature that is a text": said(temperature="nan"),
    "one label": said(labels=["a"]),
    "labels that are the same": said(labels=["a", "a", "a"]),
    "labels that are no texts": said(labels=[1, None, {}]),
    "labels with a NUL": said(labels=["a\0", "b", "c"]),
    "half a character as a label": said(labels=["\ud800", "b", "c"]),
    "two million labels": said(labels=[str(number) for number in range(2_000_000)]),
    "a schema that is none": said(schema=[]),
    "a schema of another kind": said(schema={"label": "a", "kind": "evil", "features": [], "ignored": []}),
    "a scope that is none": said(scope={"a": 1}),
    "a file too many": lambda folder: void((folder / "more.json").write_text("{}")),
    "a file too few": lambda folder: (folder / "settings.json").unlink(),
    "a folder for a file": instead("settings.json", Path.mkdir),
    "a pipe for the arrays": instead("arrays.bin", os.mkfifo),
    "a pipe for the manifest": instead("manifest.json", os.mkfifo),
    "a link for the arrays": twin("arrays.bin"),
    "a link for the manifest": twin("manifest.json"),
    "a link to nowhere": instead("golden.json", lambda path: path.symlink_to("nowhere")),
    "a link to itself": instead("golden.json", lambda path: path.symlink_to(path.name)),
    "a link to a device": instead("golden.json", lambda path: path.symlink_to("/dev/zero")),
    "a manifest of 60 MB": lambda folder: void((folder / "manifest.json").write_bytes(b" " * 60_000_000 + b"{}")),
}
