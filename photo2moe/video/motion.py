"""How the frames of a moving picture hang together: every number of it that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass

from photo2moe.errors import ConfigError


@dataclass(frozen=True, slots=True)
class MotionConfig:
    """How the frames of a moving picture hang together.

    The two filters of a face are those of One-Euro: below ``cutoff`` hertz everything
    passes, and for each face unit a second of speed ``beta`` hertz more.

    Attributes:
        place_cutoff, place_beta: filter of place, size and tilt of a face.
        shape_cutoff, shape_beta: filter of its landmarks within the face.
        matte_seconds: time constant of the person's outline, where it moves little.
        view_cutoff, view_beta: filter of the view in which an avatar is shown.
        hold: seconds that the last drawing stays where a face is lost.
        fade: seconds in which it then goes.
        fine: whether outlines follow single strands of hair, which takes a few milliseconds a frame.
        matte_every: frames between two of which the outlines are measured anew.
        search_every: frames between two searches of the whole picture for who is not near the last place.
    """

    place_cutoff: float = 1.2
    place_beta: float = 4.0
    shape_cutoff: float = 1.0
    shape_beta: float = 3.0
    matte_seconds: float = 0.15
    view_cutoff: float = 0.15
    view_beta: float = 0.5
    hold: float = 1.0
    fade: float = 0.5
    fine: bool = True
    matte_every: int = 1
    search_every: int = 5

    def __post_init__(self) -> None:
        for name in ("place_cutoff", "shape_cutoff", "view_cutoff", "fade"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("place_beta", "shape_beta", "view_beta", "matte_seconds", "hold"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must be at least 0, not {getattr(self, name)}")
        for name in ("matte_every", "search_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
