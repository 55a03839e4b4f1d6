"""Receive photos and options: a form, or a photo as the whole body. Nothing is believed.

Parts of a form beyond a megabyte lie in unnamed temporary files while they arrive; the
name that a client gives a photo is used in messages and in zip files, never to open anything.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from photo2moe.config import ServeConfig
from photo2moe.files import printable
from photo2moe.web.problems import Problem, busy

PHOTO = "photo"  # the field of a form that holds photos
FIELDS = 32  # of a form, besides photos
FIELD_BYTES = 1024
RAW = re.compile(r"(image/[a-z0-9.+-]+|application/octet-stream)")
_UNFIT = re.compile(r"[^\w.\- ]+")


@dataclass(frozen=True, slots=True)
class Upload:
    """A photo as it came.

    Attributes:
        name: what its owner calls it, fit for a message.
        data: its bytes.
    """

    name: str
    data: bytes

    @property
    def stem(self) -> str:
        """A name for the avatar: no folders, no suffix, nothing that a file system minds."""
        stem = _UNFIT.sub("_", self.name).rsplit(".", 1)[0].strip("._ ")
        return stem[:60] or "photo"


@dataclass(frozen=True, slots=True)
class Order:
    """A whole request.

    Attributes:
        photos: one or more.
        pairs: options, from the query and from the form.
    """

    photos: list[Upload]
    pairs: list[tuple[str, str]]


class Reception:
    """Receives bodies, a bounded number at once.

    Args:
        config: the limits.
    """

    def __init__(self, config: ServeConfig) -> None:
        self._config, self._open = config, 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places for requests with photos, from the first byte to the reply: they bound the memory.

        Raises:
            Problem: 429, there is none left.
        """
        if self._open >= self._config.uploads:
            raise busy(1, f"{self._open} requests are being worked on; try again in a moment")
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    async def receive(self, request: Request, *, photos: int) -> Order:
        """Receive at most so many photos and the options.

        Raises:
            Problem: 400 the body is malformed, 408 it came too slowly, 413 it is too large,
                415 it is neither form nor picture.
        """
        try:
            return await asyncio.wait_for(self._receive(request, photos), self._config.receive)
        except asyncio.TimeoutError:
            detail = f"the photo did not arrive within {self._config.receive:g} s; send it again"
            raise Problem(408, "slow_body", detail, {"Connection": "close"}) from None
        except ClientDisconnect:
            raise Problem(400, "cut_off", "the body ended before its time") from None

    async def _receive(self, request: Request, photos: int) -> Order:
        query = request.query_params.multi_items()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        form = kind == "multipart/form-data"
        if not form and not RAW.fullmatch(kind):
            raise Problem(415, "media_type", "send a form with the field 'photo', or a picture as image/jpeg, say")
        limit = self._config.max_total if form and photos > 1 else self._config.max_bytes + (1 << 16)
        capped = _Capped(request, limit)
        if form:
            return await self._form(capped.request, query, photos)
        body = bytearray()
        async for chunk in capped.request.stream():
            body += chunk
        return Order([self._upload("the photo", bytes(body))], query)

    async def _form(self, request: Request, query: list[tuple[str, str]], photos: int) -> Order:
        uploads: list[Upload] = []
        pairs = list(query)
        try:
            form = await request.form(max_files=photos, max_fields=FIELDS, max_part_size=FIELD_BYTES)
        except HTTPException as error:
            raise Problem(400, "form", f"the form cannot be read: {error.detail}") from error
        except (ValueError, LookupError) as error:  # odd character sets and headers
            raise Problem(400, "form", "the form cannot be read; is it multipart/form-data?") from error
        async with request.form() as form:  # the same one; closes its temporary files at the end
            for name, value in form.multi_items():
                if not isinstance(value, UploadFile):
                    if name == PHOTO:
                        raise Problem(400, "form", "the field 'photo' must be a file")
                    pairs.append((name, value))
                elif name != PHOTO:
                    raise Problem(400, "form", f"unknown file {name[:40]!r}; photos go into the field 'photo'")
                else:
                    data = await value.read(self._config.max_bytes + 1)
                    uploads.append(self._upload(value.filename or "the photo", data))
        if not uploads:
            raise Problem(400, "form", "the form has no photo; put it into the field 'photo'")
        return Order(uploads, pairs)

    def _upload(self, name: str, data: bytes) -> Upload:
        label = printable(name.encode("utf-8", "replace").decode()[:100])
        if len(data) > self._config.max_bytes:
            detail = f"{label}: over the limit of {self._config.max_bytes:,} bytes; make it smaller"
            raise Problem(413, "too_large", detail)
        return Upload(label, data)


class _Capped:
    """A request whose body is counted while it comes, whatever its headers promise."""

    def __init__(self, request: Request, limit: int) -> None:
        self._receive, self._limit, self._left = request.receive, limit, limit
        length = request.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:20]) > limit:
            raise self._problem()
        self.request = Request(request.scope, self._count)

    async def _count(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise self._problem()
        return message

    def _problem(self) -> Problem:
        return Problem(413, "too_large", f"the request is over the limit of {self._limit:,} bytes; make it smaller")
