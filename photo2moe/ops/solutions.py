"""MediaPipe's solutions, loaded without what they never use here."""

from __future__ import annotations

import sys
import threading
from types import ModuleType
from typing import Any

# MediaPipe's package loads its drawing helpers, and with them Matplotlib, and its newer API with some hundred modules:
# five sixths of the time that it takes to load, and 30 MB. Neither is called when a photo is converted.
NEEDLESS = ("matplotlib", "matplotlib.pyplot", "mediapipe.tasks", "mediapipe.tasks.python")

_LOCK = threading.Lock()


def load_solutions() -> Any:
    """``mediapipe.solutions``.

    While it is loaded for the first time, empty modules stand in for :data:`NEEDLESS`. Afterwards they are gone again,
    so that whoever imports the true ones gets them.
    """
    with _LOCK:
        if "mediapipe" not in sys.modules:
            _load()
    import mediapipe

    return mediapipe.solutions


def _load() -> None:
    stand_ins = {name: ModuleType(name) for name in NEEDLESS if name not in sys.modules}
    for name, module in stand_ins.items():
        parent, _, child = name.rpartition(".")
        if parent in stand_ins:
            setattr(stand_ins[parent], child, module)
    sys.modules.update(stand_ins)
    try:
        import mediapipe
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
    if getattr(mediapipe, "tasks", None) in stand_ins.values():
        del mediapipe.tasks  # the next import of it looks for the true one
