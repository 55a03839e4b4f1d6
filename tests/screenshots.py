"""Take the pictures of the page that README.md shows: python tests/screenshots.py FOLDER."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import PIL.Image
from playwright.sync_api import sync_playwright
from serving import serving
from test_page import CHROMIUM, QUIET

from photo2moe.config import PipelineConfig

# name, example to click, width and height, scheme, pixels a pixel, what to choose before
SHOTS = (
    ("page.jpg", 1, (1180, 1000), "light", 1, ()),
    ("page_phone.jpg", 6, (390, 844), "dark", 1.5, ('[name="background"][value="blur"]',)),
)


def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    with serving("--weights", PipelineConfig().weights) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for name, example, (width, height), scheme, scale, choices in SHOTS:
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=scale
            )
            page.goto(server.url)
            page.click(f"#examples button:nth-child({example})")
            for choice in choices:
                page.locator(choice).evaluate("element => element.click()")
            page.wait_for_selector("#viewer:not(.busy)[data-side='1024']", timeout=120_000)
            page.evaluate("scrollTo(0, 0)")
            page.wait_for_timeout(1500)  # the scrolling and the wheel come to rest
            shot = PIL.Image.open(io.BytesIO(page.screenshot()))
            shot.convert("RGB").save(folder / name, quality=84, optimize=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
