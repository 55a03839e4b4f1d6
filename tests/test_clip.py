"""Clips in and out: times, sound, rotation, formats, the mark, and what cannot be read or written."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest

from photo2moe.errors import ConfigError, ImageReadError, ImageWriteError
from photo2moe.provenance import TRAINED_MEDIA, read_provenance
from photo2moe.video import patience
from photo2moe.video.clip import COVER, Frame, Span, open_clip, paced, read_clip, samples
from photo2moe.video.container import opened
from photo2moe.video.patience import all_in_time, in_time
from photo2moe.video.pipes import read_raw
from photo2moe.video.writer import Shape, check_output, writing
from tests.clips import RATE, clap, heard, moving, still, turn_quarter, write_clip

LIMIT = 10**8


def read(path, span=None):
    return list(read_clip(open_clip(path, LIMIT), span))


def write_song(path):
    """A tenth of a second of silence."""
    with av.open(str(path), "w") as container:
        track = container.add_stream("aac", rate=44_100)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.float32), format="fltp", layout="mono")
        samples.rate = 44_100
        track.layout = "mono"
        container.mux(track.encode(samples))
        container.mux(track.encode())
    return path


def box(kind, body):
    return struct.pack(">I4s", 8 + len(body), kind) + body


def with_cover(mp4, jpeg):
    """An MP4 with a cover picture, as shops and phones write them; its ``moov`` must come last."""
    data = box(b"data", struct.pack(">II", 13, 0) + jpeg)
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    more = box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", box(b"covr", data))))
    at = mp4.rindex(b"moov") - 4
    assert at + int.from_bytes(mp4[at : at + 4], "big") == len(mp4)
    return mp4[:at] + box(b"moov", mp4[at + 8 :].replace(b"udta", b"free") + more)


def copy(source, target, span=None):
    """A clip through our reader and writer, nothing drawn."""
    clip = open_clip(source, LIMIT)
    frames = list(read_clip(clip, span))
    shape = Shape(frames[0].image.shape[:2], False, clip.rate, clip.time_base)
    with writing(target, shape, clip, span) as writer:
        for frame in frames:
            writer(frame.image, frame)
        writer.complete()
    return target


def colours(count):
    """Frames that can be told apart by their grey."""
    return [np.full((48, 64, 3), 20 + 20 * number, np.uint8) for number in range(count)]


def test_frames_come_upright_in_order_with_their_times(tmp_path):
    path = write_clip(tmp_path / "a.mp4", colours(10))
    frames = read(path)
    assert [float(f.time) for f in frames] == pytest.approx([n / RATE for n in range(10)], abs=1e-3)
    assert [round(float(f.image.mean())) for f in frames] == pytest.approx([20 + 20 * n for n in range(10)], abs=3)
    assert float(open_clip(path, LIMIT).rate) == pytest.approx(RATE, abs=0.1)


def test_rotation_is_heeded(tmp_path):
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24] = 200  # bright above
    path = turn_quarter(write_clip(tmp_path / "a.mp4", [picture] * 3))
    image = read(path)[0].image
    assert image.shape == (64, 48, 3)
    assert image[:, -20:].mean() > 180  # clockwise: what was above is at the right
    assert image[:, :20].mean() < 20
    assert read(copy(path, tmp_path / "b.mp4"))[0].image.shape == (64, 48, 3)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webm", ".gif", ".webp"])
def test_uneven_times_are_kept_by_every_format(tmp_path, suffix):
    times = [0, 40, 120, 160, 400, 440, 700]
    path = write_clip(tmp_path / "a.mp4", colours(7), times=times)
    frames = read(copy(path, tmp_path / f"b{suffix}"))
    assert [float(f.time) for f in frames] == pytest.approx([t / 1000 for t in times], abs=0.011)
    assert [round(float(f.image.mean())) for f in frames] == pytest.approx([20 + 20 * n for n in range(7)], abs=6)
    assert [p.name for p in sorted(tmp_path.iterdir())] == sorted(["a.mp4", f"b{suffix}"])
    assert read_provenance(tmp_path / f"b{suffix}").is_ai_made


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_the_mark(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", colours(4))
    paths = [copy(clip, tmp_path / f"b{suffix}") for suffix in (".mp4", ".mov", ".gif", ".webp", ".webm")]
    command = ["exiftool", "-json", "-XMP:DigitalSourceType", "-Comment", *paths]
    *facts, webm = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert [fact["DigitalSourceType"] for fact in facts] == [TRAINED_MEDIA] * 4
    assert webm["Comment"].startswith("Made by AI: photo2moe")  # Matroska has no place for XMP that it knows


def test_marked_files_stay_readable_by_others(tmp_path):
    path = write_clip(tmp_path / "a.mp4", colours(4))
    for suffix in (".gif", ".webp"):
        with PIL.Image.open(copy(path, tmp_path / f"b{suffix}")) as picture:
            assert picture.n_frames == 4
            picture.seek(3)
            assert np.asarray(picture.convert("RGB")).mean() == pytest.approx(80, abs=6)
            assert b"trainedAlgorithmicMedia" in picture.info.get("xmp", b"trainedAlgorithmicMedia")
    with av.open(str(copy(path, tmp_path / "b.mp4"))) as container:
        assert container.metadata["comment"].startswith("Made by AI: photo2moe ")


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webm"])
def test_sound_stays_with_its_picture(tmp_path, suffix):
    """A flash and a clap at the same moment stay within a frame of each other, copied or encoded anew."""
    frames = colours(1) * 20 + [np.full((48, 64, 3), 250, np.uint8)] * 10
    path = write_clip(tmp_path / "a.mp4", frames, sound=clap(1.2, 20 / RATE))
    for span in (None, Span(Fraction(1, 2)), Span(Fraction(3, 10), Fraction(11, 10))):
        made = copy(path, tmp_path / f"b{suffix}", span)
        seen = next(float(f.time) for f in read(made) if f.image.mean() > 150)
        assert heard(made) == pytest.approx(seen, abs=1 / RATE)


def test_sound_of_the_same_kind_is_not_encoded_again(tmp_path):
    path = write_clip(tmp_path / "a.mp4", colours(10), sound=clap(0.4, 0.1))

    def packets(file):
        with av.open(str(file)) as container:
            return [bytes(p) for p in container.demux(audio=0) if p.size]

    assert packets(copy(path, tmp_path / "b.mp4")) == packets(path)


def test_a_part_begins_with_what_is_on_show_then(tmp_path):
    path = write_clip(tmp_path / "a.mp4", colours(10), times=[0, 100, 200, 300, 400, 500, 600, 700, 800, 900])
    frames = read(path, Span(Fraction(25, 100), Fraction(55, 100)))
    assert [round(float(f.image.mean())) for f in frames] == pytest.approx([60, 80, 100, 120], abs=3)
    assert [float(f.time) for f in frames] == pytest.approx([0, 0.05, 0.15, 0.25], abs=1e-3)
    assert float(frames[-1].time + frames[-1].duration) == pytest.approx(0.3, abs=1e-3)


def test_a_part_beyond_the_end_is_wrong_usage(tmp_path):
    path = write_clip(tmp_path / "a.mp4", colours(5))
    with pytest.raises(ConfigError, match=r"--start 9: the clip ends after 0\.20 s"):
        read(path, Span(Fraction(9)))
    with pytest.raises(ConfigError, match="--end later than --start"):
        Span(Fraction(2), Fraction(1))


def test_another_rate_repeats_and_leaves_out():
    frames = [Frame(np.full((1, 1, 3), n, np.uint8), Fraction(n, 10), Fraction(1, 10)) for n in range(4)]
    assert [int(f.image[0, 0, 0]) for f in paced(frames, Fraction(5))] == [0, 2]
    assert [int(f.image[0, 0, 0]) for f in paced(frames, Fraction(20))] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [f.time for f in paced(frames, Fraction(20))] == [Fraction(n, 20) for n in range(8)]


def test_samples_are_spread_over_the_clip(tmp_path):
    path = write_clip(tmp_path / "a.mp4", colours(10))
    seen = [float(image.mean()) for image in samples(open_clip(path, LIMIT), Span(), 3)]
    assert len(seen) == 3
    assert list(samples(open_clip(copy(path, tmp_path / "b.gif"), LIMIT), Span(), 3)) == []


def test_a_damaged_clip_is_read_as_far_as_it_goes(tmp_path):
    path = write_clip(tmp_path / "a.ts", moving("man", 20))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    assert 1 <= len(read(path)) < 20


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.mp4", None, "no such file"),
        ("text.mp4", b"hello" * 99, "not a clip that can be read, or damaged"),
        ("text.gif", b"hello" * 99, "not a clip that can be read, or damaged"),
        ("", None, "is a folder; name a clip"),
    ],
)
def test_what_is_no_clip(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageReadError, match=message):
        open_clip(tmp_path / name, LIMIT)


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif", ".webp"])
def test_the_content_says_what_a_clip_is(tmp_path, suffix):
    """Chats call what they send .gif, and it is something else."""
    made = tmp_path / f"a{suffix}"
    copy(write_clip(tmp_path / "source.mp4", colours(3)), made)
    expected = [frame.image for frame in read(made)]
    for other in (".gif", ".mp4", ".webp", ""):
        frames = read(made.rename(tmp_path / f"b{other}"))
        made = tmp_path / f"b{other}"
        assert len(frames) == 3
        assert all(np.array_equal(frame.image, image) for frame, image in zip(frames, expected, strict=True))


def test_the_cover_of_a_song_is_no_clip(tmp_path):
    path = write_clip(tmp_path / "a.mp4", colours(3))
    data = path.read_bytes()
    with av.open(str(path)) as container:
        assert not container.streams.video[0].disposition & COVER
    cover = io.BytesIO()
    PIL.Image.new("RGB", (64, 48), "red").save(cover, "JPEG")
    song, filmed = tmp_path / "song.m4a", tmp_path / "filmed.mp4"
    song.write_bytes(with_cover(write_song(tmp_path / "s.mp4").read_bytes(), cover.getvalue()))
    filmed.write_bytes(with_cover(data, cover.getvalue()))
    with av.open(str(song)) as container:
        assert [stream.type for stream in container.streams] == ["audio", "video"]
    with pytest.raises(ImageReadError, match="holds no moving pictures"):
        open_clip(song, LIMIT)
    assert len(read(filmed)) == 3 and open_clip(filmed, LIMIT).seconds == open_clip(path, LIMIT).seconds


def test_a_clip_without_pictures_and_one_too_large(tmp_path):
    write_song(tmp_path / "a.mp4")
    with pytest.raises(ImageReadError, match="holds no moving pictures"):
        open_clip(tmp_path / "a.mp4", LIMIT)
    path = write_clip(tmp_path / "b.mp4", colours(3))
    with pytest.raises(ImageReadError, match="64x48 is over the limit of 100 pixels"):
        open_clip(path, 100)
    with pytest.raises(ImageReadError, match="64x48 is over the limit of 100 pixels"):
        open_clip(copy(path, tmp_path / "b.gif"), 100)


def test_a_playlist_is_no_clip(tmp_path):
    """FFmpeg would follow it to other files, and ask the network for them."""
    write_clip(tmp_path / "a.ts", colours(3))
    write_clip(tmp_path / "a.mp4", colours(3))
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\na.ts\n#EXT-X-ENDLIST\n"
    for name, text in (("concat.mp4", "ffconcat version 1.0\nfile a.mp4\n"), ("hls.m3u8", hls)):
        (tmp_path / name).write_text(text)
        with pytest.raises(ImageReadError, match=f"{name}: not a clip that can be read"):
            open_clip(tmp_path / name, LIMIT)


def test_frames_that_grow_in_mid_clip_are_left_out(tmp_path):
    small, large = colours(3), [np.full((480, 640, 3), 90, np.uint8)] * 3
    parts = [write_clip(tmp_path / "a.ts", small), write_clip(tmp_path / "b.ts", large, times=[200, 240, 280])]
    (tmp_path / "both.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    clip = open_clip(tmp_path / "both.ts", 64 * 48)
    assert {frame.image.shape for frame in read_clip(clip)} == {(48, 64, 3)}
    clip = open_clip(tmp_path / "both.ts", 640 * 480)
    assert {frame.image.shape for frame in read_clip(clip)} == {(48, 64, 3), (480, 640, 3)}


def test_wide_pixels_count_as_many(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(colours(1)[0], format="rgb24")))
        container.mux(stream.encode())
    assert read(path)[0].image.shape == (48, 128, 3)
    with pytest.raises(ImageReadError, match="128x48 is over the limit of 3,072 pixels"):
        list(read_clip(open_clip(path, 64 * 48)))


def test_what_never_comes_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 0.2)
    path = write_clip(tmp_path / "a.mp4", colours(3))
    never = threading.Event()
    with pytest.raises(ImageReadError, match=r"a.mp4: cannot be read within 0.2 s"), opened(path) as container:
        in_time(str(path), never.wait)
    assert len(list(container.decode(video=0))) == 3  # left alone: a thread is still in it
    with pytest.raises(ZeroDivisionError), opened(path) as container:
        in_time(str(path), lambda: 1 // 0)
    with pytest.raises(AssertionError, match="Container is not open"):
        next(container.decode(video=0))
    assert list(all_in_time("x", iter(range(3)))) == [0, 1, 2]
    monkeypatch.setattr(av, "open", lambda *_, **__: never.wait())
    with pytest.raises(ImageReadError, match=r"a.mp4: cannot be read within 0.2 s; export it anew"):
        open_clip(path, LIMIT)
    never.set()


def test_a_gif_of_gigapixels_is_one_sentence(tmp_path):
    (tmp_path / "a.gif").write_bytes(b"GIF89a" + struct.pack("<HH", 30_000, 30_000) + b"\0\0\0,")
    with pytest.raises(ImageReadError, match=r"a.gif: not a clip that can be read, or damaged"):
        open_clip(tmp_path / "a.gif", LIMIT)


def test_formats_that_cannot_hold_it():
    with pytest.raises(ConfigError, match=r"unknown clip format; use .mp4"):
        check_output(Path("a.avi"), False)
    with pytest.raises(ConfigError, match=r"\.mp4 cannot hold transparency; use .webm"):
        check_output(Path("a.mp4"), True)
    with pytest.raises(ConfigError, match=r"\.webp cannot hold a side of 20000"):
        check_output(Path("a.webp"), False, 20_000)


def test_an_error_leaves_what_was_there(tmp_path):
    target = tmp_path / "a.mp4"
    target.write_bytes(b"old")
    with (
        pytest.raises(KeyboardInterrupt),
        writing(target, Shape((48, 64), False, Fraction(25), Fraction(1, 25))) as writer,
    ):
        writer(colours(1)[0], Frame(colours(1)[0], Fraction(0), Fraction(1, 25)))
        raise KeyboardInterrupt
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    with (
        pytest.raises(ImageWriteError, match="there is no folder"),
        writing(tmp_path / "no" / "a.mp4", Shape((48, 64), False, Fraction(25), Fraction(1, 25))),
    ):
        pass


@pytest.mark.parametrize("suffix", [".webm", ".gif", ".webp"])
def test_transparency(tmp_path, suffix):
    picture = np.full((32, 48, 4), (200, 40, 40, 255), np.uint8)
    picture[:, :24, 3] = 0
    path = tmp_path / f"a{suffix}"
    with writing(path, Shape((32, 48), True, Fraction(25), Fraction(1, 25))) as writer:
        for number in range(3):
            writer(picture, Frame(picture[..., :3], Fraction(number, 25), Fraction(1, 25)))
    if suffix == ".webm":
        assert len(read(path)) == 3
        return
    with PIL.Image.open(path) as made:
        alpha = np.asarray(made.convert("RGBA"))[..., 3]
    assert alpha[:, :20].max() == 0
    assert alpha[:, 28:].min() == 255


def test_odd_sizes_and_colours_survive(tmp_path):
    picture = np.zeros((33, 47, 3), np.uint8)
    picture[:] = (200, 60, 40)
    path = tmp_path / "a.mp4"
    with writing(path, Shape((33, 47), False, Fraction(25), Fraction(1, 25))) as writer:
        writer(picture, Frame(picture, Fraction(0), Fraction(1, 25)))
    image = read(path)[0].image
    assert image.shape == (34, 48, 3)
    assert np.abs(image.mean((0, 1)) - (200, 60, 40)).max() < 5


def test_a_gif_keeps_its_palette_until_a_cut(tmp_path):
    path = write_clip(tmp_path / "a.mp4", [*still("man", 3, (60, 80)), *still("landscape", 3, (60, 80))])
    frames = read(copy(path, tmp_path / "a.gif"))
    assert np.abs(frames[0].image.astype(int) - frames[2].image).mean() < 2
    assert np.abs(frames[-1].image.astype(int) - read(path)[-1].image).mean() < 8


def test_raw_frames(tmp_path):
    data = np.arange(2 * 4 * 6 * 3, dtype=np.uint8).tobytes()
    path = tmp_path / "raw"
    path.write_bytes(data)
    with path.open("rb") as stream:
        frames = list(read_raw(stream, 6, 4, Fraction(10)))
    assert [f.time for f in frames] == [0, Fraction(1, 10)]
    assert b"".join(f.image.tobytes() for f in frames) == data
    with path.open("rb") as stream, pytest.raises(ImageReadError, match="126 bytes short of frame 2 of 5x9"):
        list(read_raw(stream, 5, 9, Fraction(10)))
