"""The page in a real browser: Chromium without a window, against a real server with the tiny net."""

from __future__ import annotations

import base64
import ctypes
import io
import shutil
import sys
import time
import zipfile

import cv2
import numpy as np
import pytest
from serving import ROOT, serving

from photo2moe.imageio import read_image
from photo2moe.provenance import read_provenance

pytestmark = pytest.mark.slow
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# It runs as root in containers, has no graphics card there, and must ask nobody outside.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
SELFIE = ROOT / "examples" / "selfie.jpg"
NOBODY = ROOT / "tests" / "data" / "landscape.jpg"
FULL = ROOT / "photo2moe" / "web" / "page" / "example-8.webp"
WAIT = 60_000  # milliseconds; a busy machine draws slowly


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium here, and scripts/test may not install it: apt-get install chromium")
    if sys.platform == "linux":
        try:  # Playwright's own program is linked to it
            ctypes.CDLL("libatomic.so.1")
        except OSError:
            pytest.skip("Playwright lacks a library, and scripts/test may not install it: apt-get install libatomic1")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(browser):
    with serving("--rate", "1000") as running:
        yield running


@pytest.fixture
def page(browser, server):
    context = browser.new_context(viewport={"width": 1200, "height": 900}, color_scheme="light")
    page, wrong = context.new_page(), []
    page.set_default_timeout(WAIT)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
    page.on(
        "request", lambda request: None if request.url.startswith((server.url, "blob:")) else wrong.append(request.url)
    )
    page.goto(server.url)
    page.wait_for_selector(".swatches label")
    yield page
    context.close()
    assert not wrong


def until(page, expression, *arguments):
    """Wait until an expression is true. Playwright's own way needs eval, which the page's policy forbids."""
    deadline = time.monotonic() + WAIT / 1000
    while not page.evaluate(expression, *arguments):
        assert time.monotonic() < deadline, f"never true: {expression}"
        time.sleep(0.05)


def settled(page):
    """Wait until the picture is sharp, and return its pixels."""
    page.wait_for_selector("#viewer:not(.busy)[data-side='1024']")
    page.wait_for_selector("#download:enabled")
    data = page.evaluate("""() => {
        const image = document.getElementById("after"), canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        canvas.getContext("2d").drawImage(image, 0, 0);
        return canvas.toDataURL("image/png");
    }""")
    return read_image(io.BytesIO(base64.b64decode(data.partition(",")[2]))).astype(int)


def moved(page, old):
    """Wait until there is another picture, and return its pixels."""
    until(page, "old => document.getElementById('after').src !== old", old)
    return settled(page)


def source(page):
    return page.evaluate("document.getElementById('after').src")


def test_upload_move_see_download(page, tmp_path):
    page.set_input_files("#file", str(SELFIE))
    first, old = settled(page), source(page)
    assert not page.is_visible("#welcome")
    page.locator("#strength").fill("0.2")
    second = moved(page, old)
    assert np.abs(first - second).mean() > 2, "the slider changes nothing that one sees"

    page.select_option("#size", "256")
    page.select_option("#format", "webp")
    with page.expect_download() as waiting:
        page.click("#download")
    assert waiting.value.suggested_filename == "selfie.moe.webp"
    waiting.value.save_as(tmp_path / "got.webp")
    assert read_image(tmp_path / "got.webp").shape == (256, 256, 3)
    assert read_provenance(tmp_path / "got.webp").is_ai_made


def test_a_photo_is_dropped_onto_the_page(page):
    wire = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(SELFIE)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver"):
        wire.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})
    until(page, "() => document.getElementById('stage').classList.contains('over')")
    wire.send("Input.dispatchDragEvent", {"type": "drop", "x": 300, "y": 300, "data": data})
    assert settled(page).shape == (1024, 1024, 3)
    assert not page.is_visible("#welcome")
    assert not page.evaluate("document.getElementById('stage').classList.contains('over')")


def test_a_picture_is_pasted_from_the_clipboard(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    picture = cv2.imencode(".png", cv2.imread(str(SELFIE)))[1]
    page.evaluate(
        """async text => {
            const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
            await navigator.clipboard.write([new ClipboardItem({"image/png": new Blob([bytes], {type: "image/png"})})]);
        }""",
        base64.b64encode(picture).decode(),
    )
    page.keyboard.press("Control+V")
    assert settled(page).shape == (1024, 1024, 3)
    assert page.locator("#photos button").count() <= 1


def test_the_keyboard_is_enough(page):
    page.locator("#examples button").first.press("Enter")
    settled(page)
    old = source(page)
    page.locator("#strength").press("ArrowLeft")
    moved(page, old)
    assert page.text_content("#strength-value") == "95 %"
    page.locator("#cut").press("End")
    assert page.evaluate("document.getElementById('viewer').style.getPropertyValue('--cut')") == "100%"
    old = source(page)
    page.locator('[name="background"][value="photo"]').press("ArrowRight")
    moved(page, old)
    old = source(page)
    page.locator('[name="hair-colour"][value="keep"]').press("ArrowRight")
    moved(page, old)


def test_a_photo_of_nobody_is_explained(page):
    page.set_input_files("#file", str(NOBODY))
    page.wait_for_selector("#status.problem")
    assert page.text_content("#status").startswith("Landscape.jpg: no face found; try a photo in which the face is")
    assert page.is_disabled("#download")


def test_a_face_of_several_and_everyone(page):
    page.set_input_files("#file", str(FULL))
    first, old = settled(page), source(page)
    assert page.locator("#faces button").count() == 4
    page.click("#faces button[data-face='2']")
    assert np.abs(moved(page, old) - first).mean() > 5
    old = source(page)
    page.click("#faces button:last-child")
    whole = moved(page, old)
    assert whole.shape[1] > 2 * whole.shape[0]  # in the photo, which is wide
    assert page.is_disabled('[name="background"][value="white"], [name="background"][value="blur"]')
    page.check('[name="frame"][value="avatar"]', force=True)
    with page.expect_download() as waiting:
        page.click("#download")
    assert len(zipfile.ZipFile(waiting.value.path()).namelist()) == 3


def test_several_photos_come_as_a_zip(page):
    page.set_input_files("#file", [str(SELFIE), str(NOBODY), str(ROOT / "tests" / "data" / "man.jpg")])
    settled(page)
    assert page.locator("#photos button").count() == 3
    with page.expect_download() as waiting:
        page.click("#download-all")
    assert waiting.value.suggested_filename == "avatars.zip"
    assert zipfile.ZipFile(waiting.value.path()).namelist() == ["selfie.moe.png", "man.moe.png", "failed.txt"]


def test_the_webcam(page):
    page.context.grant_permissions(["camera"])
    page.click("#welcome [data-webcam]")
    until(page, "document.getElementById('video').videoWidth > 0")
    page.click("#shoot")
    page.wait_for_selector("#status.problem")  # the camera of the tests films a green ball
    assert page.text_content("#status").startswith("Webcam.jpg: no face found")


def test_a_photo_that_the_server_forgot_is_sent_again(page):
    page.set_input_files("#file", str(SELFIE))
    settled(page)
    old = source(page)
    page.route(
        "**/v1/photos/*/avatar*",
        lambda route: route.continue_(url=route.request.url.replace("photos/", "photos/x")),
        times=1,
    )
    page.locator("#strength").fill("0.5")
    moved(page, old)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(browser, server, scheme):
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme, has_touch=True)
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector(".swatches label")
    page.tap("#examples button:nth-child(2)")
    page.set_default_timeout(WAIT)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    page.tap("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") != scheme
    context.close()


def test_the_token_is_asked_for(browser):
    with serving("--token", "open sesame", "--workers", "1") as server:
        context = browser.new_context()
        page = context.new_page()
        page.goto(server.url)
        page.fill("#token", "open sesame", timeout=WAIT)
        page.press("#token", "Enter")
        page.wait_for_selector(".swatches label", timeout=WAIT)
        page.goto(f"{server.url}/#token=open%20sesame")
        page.wait_for_selector(".swatches label", timeout=WAIT)
        until(page, "!location.href.includes('sesame')")
        context.close()
