"""Where a camera's drawings go: a window with keys, a virtual camera, or nowhere."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.backdrop import Background
from photo2moe.errors import ConfigError, MissingExtraError
from photo2moe.imageio import write_image
from photo2moe.video.animate import Animator

Picture = NDArray[np.uint8]

TITLE = "photo2moe"
KEYS = "+ − strength   b background   s snapshot   q quit"
STEP = 0.1  # of the strength, for each key
CYCLE = (Background("photo"), Background("blur"), Background("colour"), Background("colour", (16, 180, 90)))
VIRTUAL_RATE = 30  # frames a second that a virtual camera announces
ESCAPE = 27
CHECKERED = 8  # pixels: squares that stand for transparency


class Controls:
    """What the keys change.

    Args:
        animator: whose strength and background they change.
        folder: where snapshots go.
    """

    def __init__(self, animator: Animator, folder: Path) -> None:
        self._animator, self._folder = animator, folder
        own = animator.background
        self._cycle = [own, *(b for b in CYCLE if b != own)]
        self.note = KEYS

    def press(self, key: int, picture: Picture) -> bool:
        """Heed a key.

        Args:
            key: its code; what stands for nothing changes nothing.
            picture: what is shown, for a snapshot.

        Returns:
            Whether to go on.
        """
        letter = chr(key).lower() if 0 <= key < 128 else ""
        if letter == "q" or key == ESCAPE:
            return False
        if letter in ("+", "=", "-", "_") and letter:
            change = STEP if letter in "+=" else -STEP
            strength = round(min(1.0, max(0.0, self._animator.config.strength + change)), 2)
            self._animator.config = dataclasses.replace(self._animator.config, strength=strength)
            self.note = f"strength {strength:.1f}"
        elif letter == "b" and self._animator.config.frame != "photo":
            self._cycle.append(self._cycle.pop(0))
            self._animator.background = self._cycle[0]
            self.note = f"background {self._cycle[0].kind}"
        elif letter == "s":
            path = self._folder / time.strftime("moe-%Y%m%d-%H%M%S.png")
            write_image(path, picture)
            self.note = f"{path.name}"
        return True


def check_display() -> None:
    """See that a window can be opened; Qt would end the whole process where it cannot.

    Raises:
        ConfigError: there is no display.
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise ConfigError("there is no display for a window; use --no-window, with --virtual or --frames N")


class Window:
    """An OpenCV window; see :func:`check_display`.

    Args:
        controls: heeds the keys.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        cv2.destroyWindow(TITLE)

    def __call__(self, picture: Picture, rate: float) -> bool:
        """Show a picture, and heed a key; whether to go on."""
        cv2.imshow(TITLE, cv2.cvtColor(on_squares(picture), cv2.COLOR_RGB2BGR))
        cv2.setWindowTitle(TITLE, f"{TITLE}   {rate:.1f}/s   {self._controls.note}")
        going = self._controls.press(cv2.waitKey(1), picture)
        return going and cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1


class Virtual:
    """A camera that other programs see, made by pyvirtualcam.

    Raises:
        MissingExtraError: pyvirtualcam is not installed.
    """

    def __init__(self) -> None:
        try:
            import pyvirtualcam
        except ImportError as error:
            raise MissingExtraError("--virtual needs pyvirtualcam (GPL); pip install pyvirtualcam") from error
        self._open = pyvirtualcam.Camera
        self._camera: Any = None

    def __enter__(self) -> Virtual:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._camera is not None:
            self._camera.close()

    def __call__(self, picture: Picture, rate: float) -> bool:
        """Send a picture; the first one says how large the camera's are.

        Raises:
            ConfigError: this system has no virtual camera.
        """
        if self._camera is None:
            try:
                self._camera = self._open(picture.shape[1], picture.shape[0], VIRTUAL_RATE)
            except RuntimeError as error:
                reason = str(error).strip().splitlines()[0]
                raise ConfigError(f"no virtual camera: {reason}; on Linux: modprobe v4l2loopback") from error
        self._camera.send(np.ascontiguousarray(on_squares(picture)))
        return True


def on_squares(picture: Picture) -> Picture:
    """Show what is transparent as grey squares; ``(H, W, 4)`` → ``(H, W, 3)``."""
    if picture.shape[2] == 3:
        return picture
    height, width = picture.shape[:2]
    y, x = np.indices((height, width)) // CHECKERED
    squares = np.where((x + y) % 2, 190, 230).astype(np.uint8)[..., None]
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.asarray((picture[..., :3] * alpha + squares * (1 - alpha)).round(), np.uint8)
