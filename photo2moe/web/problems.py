"""What goes wrong over HTTP: errors → ``application/problem+json`` (RFC 9457).

``detail`` is the sentence that the command line would print; ``code`` is for programs.
"""

from __future__ import annotations

import http
import json
import math
from collections.abc import Mapping

from starlette.responses import Response

from photo2moe.errors import ConfigError, ImageReadError, NoFaceError, Photo2MoeError

MEDIA_TYPE = "application/problem+json"


class Problem(Photo2MoeError):  # noqa: N818 - the word of RFC 9457
    """A refusal that only HTTP knows.

    Args:
        status: of the reply.
        code: a word for programs.
        detail: a sentence for people.
        headers: of the reply.
    """

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.headers = status, code, dict(headers or {})

    def response(self) -> Response:
        """The reply."""
        body = {
            "type": "about:blank",
            "title": _phrase(self.status),
            "status": self.status,
            "detail": str(self),
            "code": self.code,
        }
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
        return Response(data, self.status, self.headers, MEDIA_TYPE)


def busy(seconds: float, detail: str) -> Problem:
    """429: come back in a while."""
    return Problem(429, "busy", detail, {"Retry-After": str(max(1, math.ceil(seconds)))})


def problem_of(error: BaseException) -> Problem:
    """What to reply to an error of any kind; nothing of an unexpected one is told."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, MemoryError):
        return Problem(503, "memory", "not enough memory for this photo; make it smaller", {"Retry-After": "5"})
    for kind, code in ((ImageReadError, "photo"), (NoFaceError, "no_face"), (ConfigError, "option")):
        if isinstance(error, kind):
            return Problem(422, code, str(error))
    if isinstance(error, Photo2MoeError):
        return Problem(422, "refused", str(error))
    return Problem(500, "internal", "something went wrong here; the terminal of photo2moe serve says what")


def _phrase(status: int) -> str:
    return http.HTTPStatus(status).phrase
