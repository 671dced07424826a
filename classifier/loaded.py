"""The versions that a worker has in memory: several of several models, as many as there is room for."""

import logging
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.db import DatabaseError, connection

from classifier import registry, sharing, versions
from classifier.ml.predictor import Predictor
from classifier.versions import standing

log = logging.getLogger(__name__)

ROOM_BYTES = 256 * 1024**2
# How often it is asked how a version stands, where nobody tells of changes; and where the gateway does.
CHECK_SECONDS = 2.0
TOLD_SECONDS = 30.0
# Gateways have a reading each, until something changes.
READINGS = 64
# So long a version that was checked goes on answering while the database is away.
TRUST_SECONDS = 60.0


class LoadedModels:
    """Versions that answer at once; the one that was used longest ago goes first when they take too much memory.

    They are counted by the bytes of their artefacts. The one that is wanted always finds room.
    """

    def __init__(self, tenant: str, *, room: int = ROOM_BYTES) -> None:
        self.tenant, self.room = tenant, room
        self._loaded: OrderedDict[tuple[str, int], _Loaded] = OrderedDict()

    def get(self, model: str, version: int, *, reading: str = "") -> Predictor:
        """Raises NotFound for a version that is not there, ArtefactDamaged for one whose bytes differ.

        `reading` names what the gateway knows of the model: nothing has changed while it is one that is known here.
        """
        key = (model, version)
        loaded = self._loaded.get(key)
        if loaded is None or not self._is_current(key, loaded, reading):
            self._loaded.pop(key, None)
            loaded = self._loaded[key] = self._load(model, version)
            self._make_room()
        loaded.note(reading)
        self._loaded.move_to_end(key)
        return loaded.predictor

    @property
    def bytes(self) -> int:
        return sum(loaded.bytes for loaded in self._loaded.values())

    def _make_room(self) -> None:
        while self.bytes > self.room and len(self._loaded) > 1:
            (model, version), _ = self._loaded.popitem(last=False)
            log.info("%s@%d was used longest ago and leaves the memory", model, version)

    def _load(self, model: str, version: int) -> "_Loaded":
        # Asked before it is loaded: what changes in between is found out at the first check.
        stands, now = standing(model, version), time.monotonic()
        if versions.is_shared(model):
            predictor, folder = sharing.load(model, version), sharing.folder_of(model.partition(".")[2], version)
        else:
            predictor = registry.load(tenant=self.tenant, model_name=model, number=version)
            folder = registry.folder_of(self.tenant, model) / str(version)
        predictor = replace(predictor, silence=stands.silence)
        return _Loaded(predictor, stands.sha256, _bytes_of(folder / "served"), checked_at=now, asked_at=now)

    def _is_current(self, key: tuple[str, int], loaded: "_Loaded", reading: str) -> bool:
        """A model may be deleted and another be trained under its name, so what is loaded is asked for again.

        When it is to be silent may have changed as well, and is taken over; nothing is loaded anew for that.
        """
        now = time.monotonic()
        if now - loaded.asked_at <= loaded.rests(reading):
            return True
        try:
            stands = standing(*key)
        except DatabaseError:
            connection.close()
            if now - loaded.checked_at > TRUST_SECONDS:
                raise
            loaded.asked_at, loaded.is_unsure = time.monotonic(), True
            return True
        if stands.sha256 != loaded.sha256:
            return False
        if stands.silence != loaded.predictor.silence:
            loaded.predictor = replace(loaded.predictor, silence=stands.silence)
        loaded.checked_at = loaded.asked_at = now
        loaded.is_unsure = False
        return True


@dataclass
class _Loaded:
    """`checked_at` is when the database last said that it is current, `asked_at` when it was last asked.

    It `is_unsure` where the database gave no answer then.
    """

    predictor: Predictor
    sha256: str
    bytes: int
    checked_at: float
    asked_at: float
    is_unsure: bool = False
    readings: deque[str] = field(default_factory=lambda: deque(maxlen=READINGS))

    def note(self, reading: str) -> None:
        if reading and not self.is_unsure and reading not in self.readings:
            self.readings.append(reading)

    def rests(self, reading: str) -> float:
        """Return for how many seconds what the database said is enough. A reading that is new tells of a change."""
        if self.is_unsure or not reading:
            return CHECK_SECONDS
        return TOLD_SECONDS if reading in self.readings else 0.0


def _bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
