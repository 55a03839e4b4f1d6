"""Open a clip with FFmpeg: this file and no other, and not for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from photo2moe.errors import ImageReadError, MissingExtraError
from photo2moe.files import printable
from photo2moe.video.patience import StuckError, in_time

if TYPE_CHECKING:
    from av.container import InputContainer

# What is opened, by FFmpeg's names. Of its others some are playlists, which lead to other files and the network.
CONTAINERS = "mov,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,gif,apng,ivf,h264,hevc,m4v,mpegvideo,mjpeg,yuv4mpegpipe"


def import_av() -> None:
    """See that PyAV is there.

    Raises:
        MissingExtraError: it is not.
    """
    try:
        import av  # noqa: F401 -- its log is silent unless asked for, and asked for it can lock up threads
    except ImportError as error:
        raise MissingExtraError("moving pictures need PyAV; install photo2moe[video]") from error


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The file as FFmpeg sees it, and no other file.

    Raises:
        ImageReadError: it is no clip.
    """
    import_av()
    import av

    label = printable(path)
    only = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
    try:
        container = in_time(label, partial(av.open, f"file:{path}", options=only, metadata_errors="replace"))
    except (OSError, ValueError, EOFError) as error:  # PyAV's errors are all of these
        raise ImageReadError(f"{label}: not a clip that can be read, or damaged") from error
    try:
        yield container
    except StuckError:  # closing it would take it from under the thread that reads it
        raise
    except BaseException:
        container.close()
        raise
    container.close()
