"""The server as a process: what it says, what it survives, how it ends."""

from __future__ import annotations

import http.client
import socket
import sys
import time
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from hostile import hostile_files
from serving import ROOT, TINY, serving

from photo2moe.cli.main import main
from photo2moe.config import ServeConfig
from photo2moe.errors import InputError, MissingExtraError
from photo2moe.web.server import listen, serve, url, warning

MAN = (ROOT / "tests" / "data" / "man.jpg").read_bytes()
POST = b"POST /v1/convert?size=64 HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"


@pytest.fixture(scope="module")
def server():
    with serving("--rate", "1000") as running:
        yield running


def ask(server, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    connection.request(method, path, body, headers or {})
    reply = connection.getresponse()
    data = reply.read()
    connection.close()
    return reply.status, data


def convert(server, data, name="photo.jpg"):
    quoted = name.encode("utf-8", "replace").replace(b'"', b"")
    head = b'--cut\r\nContent-Disposition: form-data; name="photo"; filename="' + quoted + b'"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=cut"}
    return ask(server, "POST", "/v1/convert?size=64", head + data + b"\r\n--cut--\r\n", headers)


@pytest.mark.slow
def test_a_hundred_hostile_files_are_refused_and_the_server_lives(server):
    files = hostile_files(100)
    assert len(files) == 100
    odd = {}
    for name, data in files:
        status, body = convert(server, data, name)
        if not 400 <= status < 500 or status == 429:
            odd[name[:40]] = status, body[:200]
    assert not odd
    assert ask(server, "GET", "/v1/health")[0] == 200
    assert convert(server, MAN)[0] == 200
    assert server.process.poll() is None
    assert len(server.said) == 1, server.said  # no traceback, nothing of a decoder


@pytest.mark.slow
@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        POST + b"Content-Length: 99999999999\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        b"GET /../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /assets/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /assets/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(200),
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_odd_requests_are_refused(server, request_bytes):
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as wire:
        wire.sendall(request_bytes)
        status = wire.recv(64).split()
    assert status[1].startswith(b"4"), status
    assert b"root:" not in b"".join(status)


@pytest.mark.slow
def test_clients_that_leave_early_block_nobody(server):
    address = urlsplit(server.url)
    head = POST + b"Content-Length: %d\r\n\r\n"
    for sent in (b"", MAN[:1000], MAN):
        for _ in range(4):
            with socket.create_connection((address.hostname, address.port), timeout=20) as wire:
                wire.sendall(head % len(MAN) + sent)
    deadline = time.monotonic() + 30
    while convert(server, MAN)[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.slow
def test_it_says_where_it_is_and_ends_quietly():
    with serving("--token", "open sesame", "--host", "0.0.0.0", "--workers", "1") as server:
        assert server.said[0].startswith("Warning: 0.0.0.0 is open to the network")
        assert server.said[1].split()[3].endswith("/#token=open%20sesame")
        assert ask(server, "GET", "/v1/styles")[0] == 401
        assert server.end() == 0
    assert len(server.said) == 2, server.said


def test_a_port_that_is_taken():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1, port {port}: .*; try another --port"):
            listen("127.0.0.1", port)
        done = CliRunner().invoke(main, ["serve", "--port", str(port), "--weights", str(TINY)])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: cannot listen on 127.0.0.1, port {port}: ")
    assert done.stderr.endswith("; try another --port\n")


def test_addresses_and_warnings():
    assert url(ServeConfig(), 7860) == "http://127.0.0.1:7860/"
    assert url(ServeConfig(host="::", token="12345678"), 1) == "http://[::1]:1/#token=12345678"
    assert "--token" in warning(ServeConfig(host="0.0.0.0"))
    assert "whoever has the token" in warning(ServeConfig(host="0.0.0.0", token="12345678"))


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingExtraError, match=r"install photo2moe\[web\]"):
        serve(ServeConfig(), None, say=lambda _: None)
