"""Loaded by schemathesis: what a photo is. JSON Schema only says "bytes"; most that are sent show somebody."""

from __future__ import annotations

from pathlib import Path

import schemathesis
from hypothesis import strategies as st

from photo2moe.web.document import RAW_TYPES

MAN = (Path(__file__).parent / "data" / "man.jpg").read_bytes()
PHOTOS = st.one_of(st.just(MAN), st.just(MAN), st.binary(max_size=200))

schemathesis.openapi.format("binary", PHOTOS)
for kind in RAW_TYPES:
    schemathesis.openapi.media_type(kind, PHOTOS)
