"""Photos in, pictures out: the work of one request, and how its results are wrapped."""

from __future__ import annotations

import base64
import io
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote

import cv2
import numpy as np
from starlette.responses import JSONResponse, Response, StreamingResponse

from photo2moe import __version__
from photo2moe.avatar import Avatar
from photo2moe.config import PipelineConfig
from photo2moe.decoder import Decoder
from photo2moe.errors import NoFaceError
from photo2moe.imageio import encode_image
from photo2moe.pipeline import Pipeline
from photo2moe.types import Image
from photo2moe.web.choices import FORMATS, Wish
from photo2moe.web.problems import Problem
from photo2moe.web.upload import Upload

IN_MEMORY = 32 << 20  # bytes of a zip file; what is larger goes into a private temporary file
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Picture:
    """One encoded avatar, and what was done for it."""

    data: bytes
    facts: dict[str, Any]


def decode(read: Decoder, upload: Upload, config: PipelineConfig) -> Image:
    """Read a photo; raises ImageReadError with its name."""
    return read(io.BytesIO(upload.data), name=upload.name, max_pixels=config.max_pixels)


def convert(read: Decoder, pipeline: Pipeline, upload: Upload, wish: Wish) -> list[Picture]:
    """Decode, draw and encode one photo.

    Raises:
        ImageReadError: not a photo.
        NoFaceError: nobody in it.
        ConfigError: the format cannot hold the picture.
    """
    image = decode(read, upload, wish.config)
    try:
        avatars = pipeline(image, wish.config)
    except NoFaceError as error:
        raise NoFaceError(f"{upload.name}: {error}") from error
    return encode(avatars, wish)


def encode(avatars: list[Avatar], wish: Wish) -> list[Picture]:
    """Encode avatars as asked for, each marked as made by AI."""
    return [Picture(encode_image(fitted(avatar.image, wish.fit), wish.form), avatar.facts()) for avatar in avatars]


def fitted(image: Image, side: int) -> Image:
    """A picture whose longer side is at most ``side`` pixels; 0 leaves it alone."""
    share = side / max(image.shape[:2])
    if side == 0 or share >= 1:
        return image
    size = tuple(max(1, round(n * share)) for n in image.shape[1::-1])
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def picture_reply(picture: Picture, stem: str, form: str) -> Response:
    """A picture as the whole reply, with its timings in a header."""
    timings = ", ".join(f"{stage};dur={1000 * s:.1f}" for stage, s in picture.facts.get("seconds", {}).items())
    headers = {"Content-Disposition": _named(f"{stem}.moe.{form}"), **({"Server-Timing": timings} if timings else {})}
    return Response(picture.data, 200, headers, FORMATS[form])


class Sheet:
    """Pictures in one JSON object, as base64. Holds them all, so there is a limit.

    Args:
        form: of the pictures.
        limit: of all of them together, bytes.
    """

    def __init__(self, form: str, limit: int) -> None:
        self._form, self._left, self._photos = form, limit, list[dict[str, Any]]()

    def add(self, upload: Upload, pictures: list[Picture]) -> None:
        """Add the avatars of one photo; raises Problem 413 where they would be too much."""
        self._left -= sum(len(picture.data) for picture in pictures)
        if self._left < 0:
            raise Problem(413, "too_large", f"{upload.name}: too much for one JSON reply; leave out the Accept header")
        outputs = [
            {**p.facts, "media_type": FORMATS[self._form], "image": base64.b64encode(p.data).decode()} for p in pictures
        ]
        self._photos.append({"photo": upload.name, "outputs": outputs})

    def reply(self, failures: list[tuple[str, str]], seconds: float) -> Response:
        """The reply."""
        failed = [{"photo": name, "detail": detail} for name, detail in failures]
        facts = {"photos": self._photos, "failures": failed, "seconds": round(seconds, 3), "version": __version__}
        return JSONResponse(facts)

    def close(self) -> None:
        """Drop everything."""
        self._photos.clear()


class Parcel:
    """Pictures in a zip file that grows, in memory or in a private temporary file; a single one goes as it is.

    Args:
        form: of the pictures.
        alone: whether there was one photo.
    """

    def __init__(self, form: str, *, alone: bool) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed after the reply
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)  # pictures are compressed already
        self._form, self._names, self._alone = form, set[str](), alone
        self._single: tuple[str, Picture] | None = None

    def add(self, upload: Upload, pictures: list[Picture]) -> None:
        """Add the avatars of one photo."""
        if self._alone and len(pictures) == 1:
            self._single = upload.stem, pictures[0]
            return
        for number, picture in enumerate(pictures, 1):
            tail = f"-{number}" if len(pictures) > 1 else ""
            name, again = f"{upload.stem}.moe{tail}.{self._form}", 1
            while name.lower() in self._names:  # some file systems take A.png for a.png
                again += 1
                name = f"{upload.stem} ({again}).moe{tail}.{self._form}"
            self._names.add(name.lower())
            self._zip.writestr(name, picture.data)

    def reply(self, failures: list[tuple[str, str]], seconds: float) -> Response:
        """The reply; what failed is listed in a text inside."""
        if self._single:
            self.close()
            return picture_reply(self._single[1], self._single[0], self._form)
        if failures:
            self._zip.writestr("failed.txt", "".join(f"{detail}\n" for _, detail in failures))
        self._zip.close()
        size = self._file.tell()
        self._file.seek(0)
        headers = {
            "Content-Disposition": _named("avatars.zip"),
            "Content-Length": str(size),
            "Server-Timing": f"total;dur={1000 * seconds:.1f}",
        }
        return StreamingResponse(self._chunks(), 200, headers, "application/zip")

    def close(self) -> None:
        """Drop everything; a zip file that was sent is dropped by :meth:`reply`."""
        self._zip.close()
        self._file.close()

    def _chunks(self) -> Iterator[bytes]:
        with self._file:
            while chunk := self._file.read(CHUNK):
                yield chunk


def _named(name: str) -> str:
    return f"inline; filename*=UTF-8''{quote(name)}"
