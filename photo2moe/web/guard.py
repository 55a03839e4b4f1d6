"""Who may ask, and how often: everything that is decided before a request is looked at.

A page of another site, open in the same browser, can send requests to this machine.
Its name may even be made to point here (DNS rebinding), so the ``Host`` must be one of
ours, and so must the ``Origin`` and what the browser says in ``Sec-Fetch-Site``.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from photo2moe.config import ServeConfig
from photo2moe.web.problems import Problem, busy

OPEN = ("/v1/health",)  # answers without a token
API = "/v1/"
SAFE = ("GET", "HEAD", "OPTIONS")  # a link from elsewhere may lead here
PATIENCE = 2.0  # seconds for the rest of a body that is refused
CLIENTS = 1024  # whose rate is remembered

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            "connect-src 'self'",
            "manifest-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
}


class Guard:
    """ASGI middleware: hosts, origins, token, rate, and the headers of every reply.

    Args:
        app: what is guarded.
        config: names, token and rates.
        clock: seconds, for the rates.
    """

    def __init__(self, app: ASGIApp, config: ServeConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._config, self._clock = app, config, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        private, body = scope["path"].startswith(API), _Body(scope, receive, self._config.max_total)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] >= 400:
                    await body.drain()
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["Cache-Control"] = "no-store" if private else "no-cache"
            await send(message)

        try:
            self._check(scope)
        except Problem as problem:
            await problem.response()(scope, body.receive, with_headers)
            return
        await self._app(scope, body.receive, with_headers)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not is_ours(hosts[0], self._config):
            raise Problem(421, "host", "this server does not go by that name; photo2moe serve --name NAME lets it")
        origin = headers.get("origin")
        if origin is not None and origin_host(origin) != hosts[0].lower():
            raise Problem(403, "origin", "pages of other sites may not use this server")
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and scope["method"] not in SAFE:
            raise Problem(403, "origin", "pages of other sites may not use this server")
        if not scope["path"].startswith(API) or scope["path"] in OPEN:
            return
        self._check_token(headers.get("authorization", ""))
        self._check_rate(scope)

    def _check_token(self, shown: str) -> None:
        token = self._config.token
        scheme, _, value = shown.partition(" ")
        same = hmac.compare_digest(value.strip().encode("utf-8", "replace"), token.encode())  # in constant time
        if token and not (same and scheme.lower() == "bearer"):
            raise Problem(
                401, "token", "this server wants the token that it was started with", {"WWW-Authenticate": "Bearer"}
            )

    def _check_rate(self, scope: Scope) -> None:
        client = (scope.get("client") or ("",))[0]
        now, rate, burst = self._clock(), self._config.rate, float(self._config.burst)
        left, since = self._buckets.pop(client, (burst, now))
        left = min(burst, left + (now - since) * rate)
        self._buckets[client] = (max(0.0, left - 1), now)
        while len(self._buckets) > CLIENTS:
            self._buckets.popitem(last=False)
        if left < 1:
            raise busy((1 - left) / rate, f"more than {rate:g} requests a second; slow down")


class _Body:
    """The body of a request, so that what a refusal leaves unread can be taken in before it is sent.

    A client that is still sending when the connection closes never sees the reply.
    """

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        headers = Headers(scope=scope)
        self._receive, self._left = receive, limit
        self._more = "content-length" in headers or "transfer-encoding" in headers
        self._asks = "expect" in headers  # sends nothing before it is told to

    async def receive(self) -> Message:
        """As ASGI's ``receive``, with an eye on the end."""
        message = await self._receive()
        self._more = self._more and bool(message.get("more_body", False))
        self._left -= len(message.get("body", b""))
        return message

    async def drain(self) -> None:
        """Take in the rest, within bounds."""
        deadline = time.monotonic() + PATIENCE
        while self._more and not self._asks and self._left > 0 and (left := deadline - time.monotonic()) > 0:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.receive(), left)


def is_ours(host: str, config: ServeConfig) -> bool:
    """Whether a ``Host`` header names this server.

    An address cannot be rebound, so on an open interface any will do; names must be known.
    """
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name == "localhost" or name in {known.lower() for known in (*config.names, config.host)}:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or not is_loopback(config.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address that is listened on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def origin_host(origin: str) -> str:
    """Host and port of an ``Origin`` header, empty for ``null`` and nonsense."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
