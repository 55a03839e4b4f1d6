"""The page and the API: which request is answered by what.

FastAPI, for its OpenAPI document, and a page made by hand, not Gradio: the page needs
two things that Gradio does not do, a slider over one analysed photo and a strict content
policy, and its three small files work offline, in any browser, with nothing to build.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from photo2moe import __version__
from photo2moe.character.changes import NAMES
from photo2moe.config import PipelineConfig, ServeConfig, to_dict
from photo2moe.errors import NoFaceError, Photo2MoeError
from photo2moe.imageio import encode_image
from photo2moe.web import album, document
from photo2moe.web.choices import CHOICES, Wish, read_wish
from photo2moe.web.convert import Parcel, Picture, Sheet, convert, decode, encode, fitted, picture_reply
from photo2moe.web.guard import OPEN, Guard
from photo2moe.web.problems import Problem, problem_of
from photo2moe.web.studio import Studio, Worker
from photo2moe.web.upload import Reception, Upload
from photo2moe.weights import CATALOGUE, CLEAN, DEFAULT

KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "webp": "image/webp",
}
TIDY = 30.0  # seconds between looks for photos that nobody works on any more
AGAIN = 0.5  # seconds until a request with several photos tries a full queue again


def build_app(studio: Studio, config: ServeConfig, base: PipelineConfig) -> ASGIApp:
    """The whole server as an ASGI application.

    Args:
        studio: who draws; closed with the application.
        config: how it is served.
        base: what holds where a request says nothing.
    """
    desk = Desk(studio, config, base)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tidying = asyncio.create_task(desk.tidy())
        yield
        tidying.cancel()
        await asyncio.to_thread(studio.close)

    app = FastAPI(
        title="photo2moe",
        version=__version__,
        description=document.ABOUT,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # the usual pages load their code from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(Photo2MoeError, _refuse)
    app.add_exception_handler(MemoryError, _refuse)
    app.add_exception_handler(Exception, _refuse)
    _add_routes(app, desk, config)
    _add_page(app)
    if config.token:
        plain = app.openapi
        app.openapi = lambda: document.secured(plain(), OPEN)  # type: ignore[method-assign]
    return Guard(app, config)


class Desk:
    """Answers to requests.

    Args:
        studio: who draws.
        config: the limits.
        base: the defaults of a conversion.
    """

    def __init__(self, studio: Studio, config: ServeConfig, base: PipelineConfig) -> None:
        self._studio, self._config, self._base = studio, config, base
        self._reception, self._album = Reception(config), album.Album(config)

    async def tidy(self) -> None:
        """Forget photos whose time is over, for as long as the server runs."""
        while True:
            await asyncio.sleep(TIDY)
            self._album.tidy()

    async def convert(self, request: Request) -> Response:
        """Turn photos into avatars.

        The reply is a picture; a zip file for several photos or faces; JSON where only that is accepted.
        """
        self._studio.refuse_if_full()
        with self._reception.place():
            return await self._convert(request)

    async def _convert(self, request: Request) -> Response:
        begun = time.perf_counter()
        order = await self._reception.receive(request, photos=self._config.max_photos)
        wish = read_wish(order.pairs, self._base)
        alone = len(order.photos) == 1
        wrap = Sheet(wish.form, self._config.max_total) if _wants_json(request) else Parcel(wish.form, alone=alone)
        failures: list[tuple[str, Photo2MoeError]] = []
        try:
            for number, upload in enumerate(order.photos):
                try:
                    wrap.add(upload, await self._drawn(request, upload, wish, patient=number > 0))
                except Photo2MoeError as error:
                    failures.append((upload.name, error))
            if len(failures) == len(order.photos):
                raise failures[0][1]
            return wrap.reply([(name, str(error)) for name, error in failures], time.perf_counter() - begun)
        except BaseException:
            wrap.close()
            raise

    async def see(self, request: Request) -> Response:
        """Analyse a photo for the page, and keep it for a while under a token."""
        self._studio.refuse_if_full()
        with self._reception.place():
            return await self._see(request)

    async def _see(self, request: Request) -> Response:
        order = await self._reception.receive(request, photos=1)
        config = read_wish(order.pairs, self._base).config
        [upload] = order.photos

        def job(worker: Worker) -> album.Photo:
            image = decode(worker.read, upload, config)
            try:
                return album.analyse(worker.dressed(config), image, config)
            except NoFaceError as error:
                raise NoFaceError(f"{upload.name}: {error}") from error

        photo = await self._studio.run(job, request.is_disconnected)
        faces = [
            {"number": number, "box": [round(v, 1) for v in face.box], "score": round(face.score, 3)}
            for number, face in enumerate(photo.faces, 1)
        ]
        height, width = photo.image.shape[:2]
        return JSONResponse({"token": self._album.add(photo), "size": [width, height], "faces": faces}, 201)

    async def avatar(self, request: Request, token: str) -> Response:
        """Draw a photo that was analysed; of several faces in squares of their own, the first."""
        photo, wish = self._album.get(token), self._wish(request)
        pictures = await self._studio.run(
            lambda worker: encode(album.draw(worker.dressed(wish.config), photo, wish.config)[:1], wish),
            request.is_disconnected,
        )
        return picture_reply(pictures[0], "photo", wish.form)

    async def before(self, request: Request, token: str) -> Response:
        """Show a photo in the frame of its avatar."""
        photo, wish = self._album.get(token), self._wish(request)

        def job(worker: Worker) -> Picture:
            image = album.before(worker.dressed(wish.config), photo, wish.config)
            return Picture(encode_image(fitted(image, wish.fit), wish.form, marked=False), {})

        return picture_reply(await self._studio.run(job, request.is_disconnected), "photo", wish.form)

    async def forget(self, token: str) -> Response:
        """Forget a photo before its time."""
        self._album.remove(token)
        return Response(status_code=204)

    async def health(self) -> Response:
        """Say that the server lives, and how busy it is."""
        studio = self._studio
        facts = {"workers": self._config.workers, "busy": studio.busy, "waiting": studio.waiting}
        return JSONResponse({"status": "ok", "version": __version__, **facts})

    async def styles(self) -> Response:
        """Say what there is to choose from."""
        loaded = next((s for s in CATALOGUE if s.name == self._base.weights), None)
        style = (loaded.name, loaded.licence, loaded.trained_on) if loaded else ("custom", "unknown", "unknown")
        values = to_dict(self._base)
        return JSONResponse(
            {
                "styles": [dict(zip(("name", "licence", "trained_on"), style, strict=True))],
                "colours": NAMES,
                "options": {choice.name: values[choice.field] for choice in CHOICES if choice.field}
                | {"style": CLEAN if self._base.weights == CLEAN else DEFAULT},
            }
        )

    def _wish(self, request: Request) -> Wish:
        return read_wish(request.query_params.multi_items(), self._base, preview=True)

    async def _drawn(self, request: Request, upload: Upload, wish: Wish, *, patient: bool) -> list[Picture]:
        """Convert one photo of a request; of several, all but the first wait for a place in the queue."""
        while True:
            try:
                return await self._studio.run(
                    lambda worker: convert(worker.read, worker.dressed(wish.config), upload, wish),
                    request.is_disconnected,
                )
            except Problem as problem:
                if problem.status != 429 or not patient or await request.is_disconnected():
                    raise
            await asyncio.sleep(AGAIN)


def _add_routes(app: FastAPI, desk: Desk, config: ServeConfig) -> None:
    """The API, with what its document says of it."""
    doc = document
    answers = doc.pictures("application/zip", also=doc.CONVERTED) | doc.problems(*doc.OF_BODIES)
    many = {"parameters": doc.query(accept=True), "requestBody": doc.body(photos=config.max_photos, options=True)}
    app.post("/v1/convert", responses=answers, openapi_extra=many, response_class=Response)(desk.convert)
    seen = doc.answer(doc.PHOTO_SEEN, 201) | doc.problems(*doc.OF_BODIES)
    one = {"requestBody": doc.body(photos=1, options=False)}
    app.post("/v1/photos", status_code=201, responses=seen, openapi_extra=one)(desk.see)
    shown = doc.pictures() | doc.problems(404, 422, 503, 504)
    asked = {"parameters": doc.query(preview=True)}
    for path, handler in (("avatar", desk.avatar), ("before", desk.before)):
        address = f"/v1/photos/{{token}}/{path}"
        app.get(address, responses=shown, openapi_extra=asked, response_class=Response)(handler)
    app.delete("/v1/photos/{token}", status_code=204, responses=doc.problems(404))(desk.forget)
    app.get("/v1/health", responses=doc.answer(doc.HEALTH) | doc.problems())(desk.health)
    app.get("/v1/styles", responses=doc.answer(doc.STYLES) | doc.problems())(desk.styles)


def _add_page(app: FastAPI) -> None:
    """The page: every file is read now and found by its whole name, so that no request opens one."""
    folder = resources.files("photo2moe.web") / "page"
    files = {
        entry.name: (entry.read_bytes(), KINDS[entry.name.rsplit(".", 1)[-1]])
        for entry in folder.iterdir()
        if entry.name.rsplit(".", 1)[-1] in KINDS
    }

    async def page() -> Response:
        data, kind = files["index.html"]
        return Response(data, media_type=kind)

    async def asset(name: str) -> Response:
        if name not in files:
            raise Problem(404, "not_found", "there is nothing here")
        data, kind = files[name]
        return Response(data, media_type=kind)

    app.get("/", include_in_schema=False)(page)
    app.get("/assets/{name}", include_in_schema=False)(asset)


def _wants_json(request: Request) -> bool:
    return request.headers.get("accept", "").partition(";")[0].strip().lower() == "application/json"


async def _refuse(_: Request, error: Exception) -> Response:
    return problem_of(error).response()


async def _refuse_http(_: Request, error: Exception) -> Response:
    """What the routes themselves refuse: nothing at that address, or not in that way."""
    assert isinstance(error, HTTPException)
    words = {404: "there is nothing here", 405: "this address does not answer to that method"}
    detail = words.get(error.status_code, str(error.detail))
    return Problem(error.status_code, "http", detail, error.headers).response()
