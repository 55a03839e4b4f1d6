"""The API as programs see it: options, refusals, limits, and who is let in. A tiny net draws."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from photo2moe import __version__
from photo2moe.config import PipelineConfig, ServeConfig
from photo2moe.errors import ConfigError
from photo2moe.imageio import read_image
from photo2moe.provenance import read_provenance
from photo2moe.web.album import Album, Photo
from photo2moe.web.app import build_app
from photo2moe.web.choices import read_wish
from photo2moe.web.guard import Guard, is_ours
from photo2moe.web.problems import Problem, problem_of
from photo2moe.web.studio import Studio, hire

DATA = Path(__file__).parent / "data"
TINY = str(DATA / "tiny.safetensors")
MAN, GROUP, NOBODY = ((DATA / name).read_bytes() for name in ("man.jpg", "group.jpg", "landscape.jpg"))
BASE = PipelineConfig(weights=TINY, size=64, max_pixels=1_000_000)
LOCAL = "http://127.0.0.1"
JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture(scope="module")
def workers():
    workers = hire(BASE, 2)
    yield workers
    for worker in workers:
        worker.pipeline.close()


@pytest.fixture(scope="module")
def serving(workers):
    """Make a client of a server with these settings."""
    studios = []

    def make(base=BASE, **settings):
        config = ServeConfig(**{"rate": 1e6, "burst": 10**6, **settings})
        studios.append(Studio(workers, config))
        return TestClient(build_app(studios[-1], config, base), LOCAL, raise_server_exceptions=False)

    yield make
    for studio in studios:
        studio._threads.shutdown()


@pytest.fixture(scope="module")
def client(serving):
    return serving()


def post(client, *photos, **options):
    files = [("photo", (f"p{i}.jpg", data, "image/jpeg")) for i, data in enumerate(photos)]
    return client.post("/v1/convert", files=files, data={k.replace("_", "-"): v for k, v in options.items()})


def problem(reply, status):
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json()
    assert body["status"] == status
    return body["detail"]


def test_a_form_gives_a_marked_picture(client, tmp_path):
    reply = post(client, MAN, size="96", hair_colour="silver")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "image/png"
    assert "draw;dur=" in reply.headers["server-timing"]
    (tmp_path / "a.png").write_bytes(reply.content)
    assert read_image(tmp_path / "a.png").shape == (96, 96, 3)
    assert read_provenance(tmp_path / "a.png").is_ai_made


def test_a_picture_as_the_body_gives_the_same(client):
    raw = client.post("/v1/convert?size=96&format=webp", content=MAN, headers=JPEG)
    assert raw.headers["content-type"] == "image/webp"
    assert raw.content == post(client, MAN, size="96", format="webp").content


def test_json_tells_what_was_done(client):
    reply = client.post("/v1/convert", content=MAN, headers={**JPEG, "Accept": "application/json"})
    [photo] = reply.json()["photos"]
    [output] = photo["outputs"]
    assert base64.b64decode(output["image"]).startswith(b"\x89PNG")
    assert set(output["seconds"]) == {"detect", "describe", "draw", "paint", "compose"}
    assert sum(output["seconds"].values()) <= reply.json()["seconds"]


def test_several_photos_come_as_a_zip_that_says_what_failed(client):
    reply = post(client, MAN, NOBODY, MAN, b"GIF89a", format="jpg")
    assert reply.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(reply.content))
    assert archive.namelist() == ["p0.moe.jpg", "p2.moe.jpg", "failed.txt"]
    lines = archive.read("failed.txt").decode().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["p1.jpg", "p3.jpg"]


def test_names_in_a_zip_lead_nowhere_and_do_not_collide(client):
    names = ["../../etc/passwd.jpg", "..\\..\\x.jpg", "A.jpg", "a.jpg", "/"]
    reply = client.post("/v1/convert", files=[("photo", (name, MAN)) for name in names])
    listed = zipfile.ZipFile(io.BytesIO(reply.content)).namelist()
    assert len({name.lower() for name in listed}) == len(names)
    assert not any("/" in name or "\\" in name or name.startswith(".") for name in listed)


def test_every_face_of_a_group_comes_as_a_zip(client):
    reply = post(client, GROUP, face="all")
    assert len(zipfile.ZipFile(io.BytesIO(reply.content)).namelist()) >= 6
    assert post(client, GROUP, face="2").headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"strength": "2"}, "strength must be 0…1, not 2.0"),
        ({"strength": "nan"}, "strength must be a number, not 'nan'"),
        ({"size": "63"}, "size must be 64…4096 pixels, not 63"),
        ({"size": "١٢٨"}, "size must be a whole number, not '١٢٨'"),
        ({"size": "9" * 900}, "size must be a whole number, not '" + "9" * 200 + "'"),
        ({"compare": "yes"}, "compare must be true or false, not 'yes'"),
        ({"face": "0"}, "face must be largest, all, or a number from 1, not 0"),
        ({"frame": "wide"}, "frame must be avatar or full or photo, not wide"),
        (
            {"frame": "photo", "background": "white"},
            "frame photo keeps the photo's background; --background white needs --frame avatar",
        ),
        ({"style": "best"}, "style must be moe or clean, not 'best'"),
        ({"format": "gif"}, "format must be png or jpg or webp, not 'gif'"),
        ({"format": "jpg", "background": "transparent"}, "JPEG cannot hold transparency; use .png or .webp"),
    ],
)
def test_options_are_refused_in_the_words_of_the_command_line(client, options, sentence):
    assert problem(post(client, MAN, **options), 422) == sentence


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../selfie.jpg", "examples/selfie.jpg", "C:\\x.png", "file:///x.png"]
)
def test_no_path_of_a_client_is_opened(client, path, monkeypatch):
    monkeypatch.setattr("photo2moe.pipeline.Decoder", lambda *_: pytest.fail("a file was opened"))
    assert problem(post(client, MAN, background=path), 422).startswith("background must be photo, blur, white")
    assert problem(post(client, MAN, weights=path), 422).startswith("unknown option 'weights'")
    assert problem(client.get(f"/assets/{path.replace('/', '%2F')}"), 404) == "there is nothing here"


def test_options_come_once(client):
    reply = client.post("/v1/convert?size=64&size=96", content=MAN, headers=JPEG)
    assert problem(reply, 422) == "size is given twice"


def test_photos_are_refused_in_the_words_of_the_command_line(client):
    assert problem(post(client, NOBODY), 422).startswith(
        "p0.jpg: no face found; try a photo in which the face is larger"
    )
    assert problem(post(client, MAN, face="7"), 422).startswith("p0.jpg: face 7 was asked for, but only")
    assert problem(post(client, b""), 422) == "p0.jpg: the file is empty"
    assert problem(post(client, b"hello"), 422).startswith("p0.jpg: not an image; photo2moe reads JPEG")
    assert problem(post(client, MAN[:3000]), 422).startswith("p0.jpg: damaged or incomplete image")


def test_bodies_that_are_neither(client):
    assert problem(client.post("/v1/convert", content=b"{}", headers={"Content-Type": "application/json"}), 415)
    assert problem(client.post("/v1/convert", data={"size": "64"}), 415)
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert problem(client.post("/v1/convert", content=b"--y\r\n", headers=form), 400)
    assert problem(client.post("/v1/convert", content=b"", headers={"Content-Type": "multipart/form-data"}), 400)
    assert problem(client.post("/v1/convert", files={"other": ("a", MAN)}), 400).startswith("unknown file 'other'")
    assert problem(client.post("/v1/convert", files={"size": (None, "64")}), 400).startswith("the form has no photo")


def test_what_is_too_large_is_not_received(serving):
    client = serving(max_bytes=len(MAN) - 1, max_total=3 * len(MAN))
    assert problem(client.post("/v1/convert", content=MAN, headers=JPEG), 413).startswith("the photo: over the limit")
    assert problem(client.post("/v1/convert", content=4 * MAN, headers=JPEG), 413).startswith("the request is over")
    assert problem(client.post("/v1/convert", content=iter([MAN] * 4), headers=JPEG), 413)  # no length promised
    assert problem(post(client, *[MAN] * 4), 413)
    assert problem(post(serving(max_photos=1), MAN, MAN), 400).startswith("the form cannot be read: Too many files")
    few = serving(BASE.__class__(weights=TINY, max_pixels=1000))
    assert "over the limit of 1,000" in problem(post(few, MAN), 422)


def test_a_photo_is_analysed_once_and_drawn_again(client, workers, monkeypatch):
    seen = client.post("/v1/photos", files={"photo": ("g.jpg", GROUP)}).json()
    assert seen["size"] == [640, 480]
    assert [face["number"] for face in seen["faces"]] == list(range(1, len(seen["faces"]) + 1))
    at = f"/v1/photos/{seen['token']}"
    first = client.get(f"{at}/avatar?size=64")
    for worker in workers:
        monkeypatch.setattr(type(worker.pipeline), "measure", lambda *_: pytest.fail("measured again"))
    second = client.get(f"{at}/avatar?size=64&strength=0.2")
    assert first.status_code == second.status_code == 200
    assert first.content != second.content
    assert client.get(f"{at}/avatar?size=64").content == first.content
    whole = read_image(io.BytesIO(client.get(f"{at}/avatar?frame=photo&fit=320").content))
    assert whole.shape == (240, 320, 3)
    before = client.get(f"{at}/before?size=80").content
    assert read_image(io.BytesIO(before)).shape == (80, 80, 3)
    assert client.get(f"{at}/before?size=80&frame=full").content != before  # a whole figure is smaller
    assert b"trainedAlgorithmicMedia" not in before  # nobody made that by machine
    assert problem(client.get(f"{at}/avatar?face=99"), 422).startswith("face 99 was asked for, but only")
    assert client.delete(at).status_code == 204
    assert problem(client.get(f"{at}/avatar"), 404) == problem(client.delete(at), 404)


def test_an_analysed_photo_gives_what_convert_gives(client):
    token = client.post("/v1/photos", content=MAN, headers=JPEG).json()["token"]
    drawn = client.get(f"/v1/photos/{token}/avatar?strength=0.5&eye-colour=green").content
    assert drawn == post(client, MAN, strength="0.5", eye_colour="green").content


def test_what_there_is(client):
    assert client.get("/v1/health").json() == {
        "status": "ok", "version": __version__, "workers": 2, "busy": 0, "waiting": 0
    }  # fmt: skip
    styles = client.get("/v1/styles").json()
    assert styles["options"]["size"] == 64
    assert styles["colours"]["silver"] == "#cdd0d8"
    assert TINY not in json.dumps(styles)
    document = client.get("/v1/openapi.json").json()
    assert {"/v1/convert", "/v1/photos", "/v1/health", "/v1/styles"} <= set(document["paths"])


def test_the_page_and_its_files(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "http:" not in page.text  # nothing from elsewhere
    assert "https:" not in page.text
    for name, kind in (("page.js", "text/javascript"), ("page.css", "text/css"), ("example-1.webp", "image/webp")):
        reply = client.get(f"/assets/{name}")
        assert reply.headers["content-type"].startswith(kind)
        assert reply.headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"


def test_addresses_and_methods_that_do_not_exist(client):
    assert problem(client.get("/nothing"), 404) == "there is nothing here"
    reply = client.put("/v1/convert")
    assert problem(reply, 405)
    assert reply.headers["allow"] == "POST"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "", "[::1", "a@b:c"])
def test_other_host_names_are_turned_away(client, host):
    assert problem(client.get("/v1/health", headers={"Host": host}), 421)


def test_hosts():
    local, opened = ServeConfig(names=("moe.lan",)), ServeConfig(host="0.0.0.0")
    for host in ("localhost", "LOCALHOST:7860", "127.0.0.1:1", "[::1]:7860", "moe.lan", "Moe.lan:80"):
        assert is_ours(host, local)
    assert not is_ours("192.168.1.2", local)
    assert is_ours("192.168.1.2:7860", opened)
    assert not is_ours("moe.lan", opened)


def test_other_sites_are_turned_away(client):
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert problem(client.post("/v1/convert", content=MAN, headers={**JPEG, **headers}), 403)
    own = client.post("/v1/convert", content=MAN, headers={**JPEG, "Origin": LOCAL, "Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 200
    assert "access-control-allow-origin" not in own.headers
    assert client.options("/v1/convert", headers={"Origin": "https://evil.example"}).status_code == 403


def test_the_token(serving):
    client = serving(token="correct horse")
    reply = client.get("/v1/styles")
    assert problem(reply, 401)
    assert reply.headers["www-authenticate"] == "Bearer"
    for wrong in ("Bearer correct", "Basic correct horse", "correct horse", "Bearer ünsinn"):
        assert client.get("/v1/styles", headers={"Authorization": wrong.encode("utf-8")}).status_code == 401
    assert client.get("/v1/styles", headers={"Authorization": "Bearer correct horse"}).status_code == 200
    assert client.get("/v1/health").status_code == client.get("/").status_code == 200
    document = client.get("/v1/openapi.json", headers={"Authorization": "Bearer correct horse"}).json()
    assert document["paths"]["/v1/convert"]["post"]["security"] == [{"token": []}]
    with pytest.raises(ConfigError, match="at least 8 characters"):
        ServeConfig(token="short")


def test_the_rate_of_a_client_is_bounded_and_recovers():
    now = [0.0]

    async def app(scope, receive, send):
        await Problem(404, "reached", "reached").response()(scope, receive, send)

    client = TestClient(Guard(app, ServeConfig(rate=2, burst=3), lambda: now[0]), LOCAL)
    assert [client.get("/v1/x").status_code for _ in range(5)] == [404, 404, 404, 429, 429]
    assert client.get("/v1/x").headers["retry-after"] == "1"
    assert client.get("/").status_code == client.get("/v1/health").status_code == 404  # not counted
    now[0] += 0.6
    assert [client.get("/v1/x").status_code for _ in range(2)] == [404, 429]


def test_requests_at_once_are_bounded(serving):
    assert problem(post(serving(uploads=0), MAN), 429) == "0 requests are being worked on; try again in a moment"
    reply = serving(uploads=0).post("/v1/photos", content=MAN, headers=JPEG)
    assert int(reply.headers["retry-after"]) >= 1


def test_a_body_that_does_not_arrive(workers):
    app = build_app(Studio(workers, ServeConfig()), ServeConfig(receive=0.1), BASE)
    sent, scope = [], {
        "type": "http", "method": "POST", "path": "/v1/convert", "raw_path": b"/v1/convert", "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"image/jpeg"), (b"content-length", b"9")],
        "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip

    async def never():
        await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, never, send))
    assert sent[0]["status"] == 408
    assert b"did not arrive within 0.1 s" in sent[1]["body"]


def test_a_full_queue_says_when_to_return(workers):
    studio = Studio(workers, ServeConfig(queue=1))

    async def crowd():
        jobs = [asyncio.ensure_future(studio.run(lambda _: time.sleep(0.3))) for _ in range(5)]
        await asyncio.sleep(0.1)
        assert (studio.busy, studio.waiting) == (2, 1)
        done = await asyncio.gather(*jobs, return_exceptions=True)
        await asyncio.sleep(0.05)
        assert (studio.busy, studio.waiting) == (0, 0)
        return done

    refused = [outcome for outcome in asyncio.run(crowd()) if outcome is not None]
    assert [outcome.status for outcome in refused] == [429, 429]
    assert all(int(outcome.headers["Retry-After"]) >= 1 for outcome in refused)
    studio._threads.shutdown()


def test_times_out_in_the_queue_and_at_work(workers):
    studio = Studio(workers, ServeConfig(wait=0.1, work=0.3))

    async def crowd():
        jobs = [studio.run(lambda _: time.sleep(0.6)) for _ in range(3)]
        return await asyncio.gather(*jobs, return_exceptions=True)

    assert [outcome.status for outcome in asyncio.run(crowd())] == [504, 504, 503]
    studio._threads.shutdown()


def test_who_has_left_is_not_drawn(workers):
    studio, drawn = Studio(workers, ServeConfig()), []

    async def gone():
        return True

    async def crowd():
        jobs = [studio.run(lambda _: time.sleep(1.0)) for _ in range(2)]
        jobs.append(studio.run(drawn.append, gone))
        await asyncio.gather(*jobs, return_exceptions=True)

    asyncio.run(crowd())
    assert not drawn
    studio._threads.shutdown()


def test_errors_in_threads_do_not_end_the_workers(workers):
    studio = Studio(workers, ServeConfig())

    async def crowd():
        outcomes = await asyncio.gather(*[studio.run(lambda _: 1 / 0) for _ in range(6)], return_exceptions=True)
        assert all(isinstance(outcome, ZeroDivisionError) for outcome in outcomes)
        return await studio.run(lambda worker: worker in workers)

    assert asyncio.run(crowd())
    studio._threads.shutdown()
    with pytest.raises(Problem, match="being closed"):
        asyncio.run(studio.run(lambda _: None))


def test_the_net_is_in_memory_once(workers):
    assert len({id(worker.pipeline.painter) for worker in workers}) == 1
    assert len({id(worker.pipeline.detect) for worker in workers}) == 2


def test_unexpected_errors_tell_nothing():
    secret = problem_of(RuntimeError("/home/someone/secret"))
    assert secret.status == 500
    assert "secret" not in str(secret)
    assert problem_of(MemoryError()).status == 503


def test_an_album_is_bounded():
    now = [0.0]
    album = Album(ServeConfig(album=3, album_bytes=1000, album_seconds=10), lambda: now[0])
    photos = [Photo(np.zeros((10, 10, 3), np.uint8), []) for _ in range(5)]
    tokens = [album.add(photo) for photo in photos[:3]]
    album.get(tokens[0])
    tokens.append(album.add(photos[3]))
    assert len(album) == 3
    assert album.get(tokens[0]) is photos[0]
    with pytest.raises(Problem, match="send it again"):
        album.get(tokens[1])
    album.add(Photo(np.zeros((40, 40, 3), np.uint8), []))
    assert len(album) == 1  # larger than allowed, but the newest
    now[0] += 11
    album.tidy()
    assert len(album) == 0


def test_a_wish_keeps_the_defaults():
    assert read_wish([], BASE).config == BASE
    wish = read_wish([("hair-colour", "#102030"), ("fit", "100")], BASE, preview=True)
    assert (wish.config.hair, wish.fit) == ("#102030", 100)
    with pytest.raises(ConfigError, match="--hair-colour must be keep, #rrggbb, or one of"):
        read_wish([("hair-colour", "tartan")], BASE)
    with pytest.raises(ConfigError, match="unknown option 'fit'"):
        read_wish([("fit", "100")], BASE)


@pytest.mark.slow
def test_many_at_once_get_a_picture_or_are_told_to_return(serving):
    client = serving(queue=2)
    with ThreadPoolExecutor(12) as crowd:
        replies = list(crowd.map(lambda _: post(client, MAN).status_code, range(24)))
    assert set(replies) == {200, 429}
