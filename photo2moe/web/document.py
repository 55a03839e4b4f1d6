"""What the API says of itself: the parts of its OpenAPI document that are not read off the routes."""

from __future__ import annotations

from typing import Any

from photo2moe.web.choices import CHOICES, FIT, FORMATS, Choice
from photo2moe.web.problems import MEDIA_TYPE
from photo2moe.web.upload import PHOTO

Schema = dict[str, Any]

ABOUT = (
    "Turns photos into chibi anime avatars on this machine. Photos are held in memory, for as long as a page works "
    "on them, and go nowhere. Options and sentences are those of the command line; errors are problem+json."
)
RAW_TYPES = ("image/jpeg", "image/png", "image/webp", "image/heic", "application/octet-stream")
OF_BODIES = (400, 408, 413, 415, 422, 503, 504)  # statuses of what receives and draws a photo
_PICTURE: Schema = {"type": "string", "format": "binary"}
_TEXT: Schema = {"type": "string"}
_NUMBERS: Schema = {"type": "object", "additionalProperties": {"type": "number"}}

PROBLEM: Schema = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence for people, as on the command line"},
        "code": {"type": "string", "description": "a word for programs"},
    },
    "additionalProperties": False,
}
OUTPUT: Schema = {
    "type": "object",
    "required": ["image", "media_type", "box", "score", "size", "colours", "seconds"],
    "properties": {
        "image": {"type": "string", "contentEncoding": "base64"},
        "media_type": _TEXT,
        "box": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
        "score": {"type": "number"},
        "size": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
        "colours": {"type": "object", "additionalProperties": _TEXT},
        "seconds": _NUMBERS,
    },
}
CONVERTED: Schema = {
    "type": "object",
    "required": ["photos", "failures", "seconds", "version"],
    "properties": {
        "photos": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["photo", "outputs"],
                "properties": {"photo": _TEXT, "outputs": {"type": "array", "items": OUTPUT}},
            },
        },
        "failures": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["photo", "detail"],
                "properties": {"photo": _TEXT, "detail": _TEXT},
            },
        },
        "seconds": {"type": "number"},
        "version": _TEXT,
    },
}
PHOTO_SEEN: Schema = {
    "type": "object",
    "required": ["token", "size", "faces"],
    "properties": {
        "token": _TEXT,
        "size": OUTPUT["properties"]["size"],
        "faces": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["number", "box", "score"],
                "properties": {
                    "number": {"type": "integer"},
                    "box": OUTPUT["properties"]["box"],
                    "score": {"type": "number"},
                },
            },
        },
    },
}
HEALTH: Schema = {
    "type": "object",
    "required": ["status", "version", "workers", "busy", "waiting"],
    "properties": {
        "status": {"enum": ["ok"]},
        "version": _TEXT,
        "workers": {"type": "integer"},
        "busy": {"type": "integer"},
        "waiting": {"type": "integer"},
    },
}
STYLES: Schema = {
    "type": "object",
    "required": ["styles", "colours", "options"],
    "properties": {
        "styles": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "licence", "trained_on"],
                "properties": {"name": _TEXT, "licence": _TEXT, "trained_on": _TEXT},
            },
        },
        "colours": {"type": "object", "additionalProperties": _TEXT},
        "options": {"type": "object", "description": "the defaults"},
    },
}


def problems(*statuses: int) -> dict[int | str, Schema]:
    """Document error replies; those that any request can get are among them."""
    reply = {"description": "a refusal", "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
    return dict.fromkeys((401, 403, 421, 429, 500, *statuses), reply)


def answer(schema: Schema, status: int = 200) -> dict[int | str, Schema]:
    """Document a reply in JSON."""
    return {status: {"description": "done", "content": {"application/json": {"schema": schema}}}}


def pictures(*others: str, also: Schema | None = None) -> dict[int | str, Schema]:
    """Document a reply that is a picture, or of other media types, or JSON."""
    content: Schema = {kind: {"schema": _PICTURE} for kind in (*FORMATS.values(), *others)}
    if also is not None:
        content["application/json"] = {"schema": also}
    return {200: {"description": "the picture", "content": content}}


def query(*, preview: bool = False, accept: bool = False) -> list[Schema]:
    """Document the options in the query."""
    rows = [
        {"name": choice.name, "in": "query", "required": False, "schema": choice.schema, "description": choice.help}
        for choice in (*CHOICES, *([FIT] if preview else []))
    ]
    if accept:
        rows.append(
            {
                "name": "Accept",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "default": "*/*"},
                "description": "application/json: pictures as base64, with what was done and how long it took; "
                "anything else: the picture itself",
            }
        )
    return rows


def body(*, photos: int, options: bool) -> Schema:
    """Document a body with so many photos at most, as a form or raw."""
    fields = {choice.name: _described(choice) for choice in CHOICES} if options else {}
    fields[PHOTO] = {"type": "array", "items": _PICTURE, "minItems": 1, "maxItems": photos}
    form = {"type": "object", "required": [PHOTO], "properties": fields, "additionalProperties": False}
    content: Schema = {"multipart/form-data": {"schema": form}}
    content.update({kind: {"schema": _PICTURE} for kind in RAW_TYPES})
    return {"required": True, "content": content}


def secured(document: Schema, open_paths: tuple[str, ...]) -> Schema:
    """Add the token to a document."""
    document.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["security"] = [] if path in open_paths else [{"token": []}]
    return document


def _described(choice: Choice) -> Schema:
    return {**choice.schema, "description": choice.help}
