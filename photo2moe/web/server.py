"""Run the server: listen, load, say where it is, serve until Ctrl-C."""

from __future__ import annotations

import logging
import os
import socket
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote

from photo2moe.config import PipelineConfig, ServeConfig
from photo2moe.engine import limit_threads
from photo2moe.errors import InputError, MissingExtraError
from photo2moe.web.guard import is_loopback

CONNECTIONS = 256  # open at once; more are turned away unread
BACKLOG = 128
IDLE = 20  # seconds that a connection may be kept for the next request
GRACE = 5  # seconds for replies that are under way when the server is closed


def serve(config: ServeConfig, base: PipelineConfig, *, say: Callable[[str], None], open_browser: bool = False) -> None:
    """Serve the page and the API until interrupted.

    Args:
        config: where and how.
        base: weights, engine, device, and the defaults of a conversion.
        say: tells the user a line.
        open_browser: show the page.

    Raises:
        MissingExtraError: FastAPI or uvicorn is not installed.
        InputError: the address cannot be listened on.
        WeightsError: unknown or unusable weights.
    """
    try:
        import python_multipart  # noqa: F401 - starlette says so only at the first form
        import uvicorn

        from photo2moe.web.app import build_app
        from photo2moe.web.studio import Studio, hire
    except ImportError as error:
        raise MissingExtraError(f"the page cannot be served ({error}); install photo2moe[web]") from error
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # forms that make no sense are no news
    with listen(config.host, config.port) as listener:
        if not is_loopback(config.host):
            say(warning(config))
        share_processors(config.workers)
        workers = hire(base, config.workers)
        address = url(config, listener.getsockname()[1])
        say(f"photo2moe is at {address}   Ctrl-C ends it")
        if open_browser:
            webbrowser.open(address)
        settings = uvicorn.Config(
            build_app(Studio(workers, config), config, base),
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nobody in front whose word would count
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=GRACE,
        )
        with suppress(KeyboardInterrupt):
            uvicorn.Server(settings).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes a free one.

    Raises:
        InputError: it is in use, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise InputError(f"cannot listen on {host}, port {port}: {error.strerror}; try another --port") from error


def url(config: ServeConfig, port: int) -> str:
    """Address of the page. The token follows the ``#``: browsers do not send that on, so no log has it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(config.host, config.host)
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"http://{host}:{port}/" + (f"#token={quote(config.token, safe='')}" if config.token else "")


def warning(config: ServeConfig) -> str:
    """What a user must know who lets others in."""
    who = "whoever has the token" if config.token else "anyone who can reach it; --token asks them for one"
    return f"Warning: {config.host} is open to the network, unencrypted, to {who}"


def share_processors(workers: int) -> None:
    """Give each worker its share of the processors; more threads than those only get in each other's way."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit_threads(max(1, there // workers))
