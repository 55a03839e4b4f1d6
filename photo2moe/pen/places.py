"""Where the points of what is worn lie on a head or body, however the head is turned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.pen import jaw
from photo2moe.pen.head import PIT, Head
from photo2moe.pen.parts import Place
from photo2moe.pen.scene import Points, clip, columns

SKULL = (1.26, 1.33)  # half width and half height of the skull that headwear is drawn for
CENTRE = -0.72  # v of its centre
ROUND = 1.08  # radius of headwear over the skull: how far its front slides when the head turns
CLOSE = ("bald", "shaved", "short", "hidden")  # lengths of hair that leave headwear no room
SNUG = (0.93, 0.965)  # width and height of headwear on such hair
PRESSED = 0.95  # width over that of a band which presses short hair flat
CLOSING = 0.25  # drawn yaw, radians, from which its far end lies close to the temple
AWAY = 0.04  # by which the end may stand off there, face units
FLAT_END = 0.85  # share of what stands off farther that is taken off
# Headwear that sits on the head: half width of its rim and v of its rim over the brow, as drawn, and where the rim
# comes to lie, as a share of the way from the brows up to the hairline.
SEATS = {
    "bandana": (1.32, -1.00, 0.75),
    "beanie": (1.42, -0.78, 0.50),
    "beret": (1.38, -1.15, 0.90),
    "bucket_hat": (1.23, -0.58, 0.45),
    "cap": (1.33, -0.42, 0.40),
    "cap_back": (1.33, -1.05, 0.75),
    "flat_cap": (1.33, -0.57, 0.45),
    "fur_hat": (1.34, -0.66, 0.30),
    "hat": (1.20, -0.56, 0.45),
    "headwrap": (1.36, -0.96, 0.75),
    "kufi": (1.26, -1.20, 1.00),
    "straw_hat": (1.18, -0.50, 0.40),
    "turban": (1.36, -1.14, 1.10),
}
COVERED = ("headwrap", "turban")  # under which no hair is seen, however long
LOWEST = 0.42  # how far headwear comes down at most, face units
TOP = (-2.4, 1.2)  # v of the top of headwear, and the share of that by which it comes down with the rim
OVER_EARS = 0.20  # half width of a rim over that of the cheeks, on hair that leaves no room
# Half width of the rim on hair that falls over the ears, and how far it then reaches beyond the far temple.
LOOSE_SEAT, LONG_SEAT = (1.22, 0.16), (1.28, 0.20)
SNUG_FAR, SNUG_NEAR = 0.07, 0.05  # beyond the far temple and beyond the near side of the skull, on close hair
LIFT, NAPE = 0.18, 0.12  # how far the far end of a rim rises and the near one falls as the head turns
WIDEST = 1.04  # how much wider than drawn headwear is at most
BOWED = 0.2  # how far before the axis the top of headwear lies where a head that bows takes it down
RING_NOD = 0.62  # how far before the axis a round brim lies where it follows a nod
RING_WIDE = 2.0  # |u| within which it does
HANGS = (-0.2, 1.6)  # v between which cloth that hangs from a head comes to lie on the shoulders
BESIDE = (1.0, 1.36)  # |u| between which cloth beside a face leaves its outline and keeps that of the skull
CHIN_BAND = 1.0  # v from which cloth keeps to the chin however far out it lies
BRIM = 1.75  # how far before the axis the brim of a cap reaches, face units
EYE = (0.305, 0.335)  # half width and half height of the eyes that glasses are drawn for
FITTED = 0.42  # how far lenses follow the size of the eyes; the rest is the frame's own
LENS = 0.38  # half width of the lenses that glasses are drawn for
BRIDGE = 0.07  # least half width of the bridge of glasses
HINGE = 0.98  # u at which the arms of glasses begin
FRAME_FRONT = 1.0  # how far before the axis the bridge of glasses sits
FRAME_WRAP = 0.34  # how far glasses bend back at u = 1
EAR = (0.04, -0.18)  # where arms of glasses end: beside the cheek, before the axis
EAR_CUP = 1.30  # u about which the cups of headphones lie


def places(who: Character, head: Head) -> dict[str, tuple[Place, dict[str, Place]]]:
    """Where the points of what is worn lie, by kind of part; and where those of its groups lie."""
    on_jaw, grown = jaw.place(head), _grown(who)
    band = who.headwear.kind == "headband" and who.hair.length in CLOSE
    moving = {"brim": _brim(head, grown), "ring": _ring(head, grown), "face": _around_face(head, on_jaw)}
    moving["fall"] = _fall(head, moving["face"])
    skull = _band(head, grown) if band else _on_skull(head, grown)
    if who.headwear.kind in SEATS:
        seat = _seat(who, head)
        skull, moving["brim"], moving["ring"] = seat(skull), seat(moving["brim"]), seat(moving["ring"], RING_NOD)
    return {
        "beard": (on_jaw, {}),
        "mask": (on_jaw, {}),
        "glasses": (_before_eyes(head, who), {"arm": _arm(head, who)}),
        "headwear": (skull, {**moving, "body": head.body}),
        "headphones": (_ring(head, (1.0, 1.0)), {"cup": _cup(head), "mic": head.face}),
        "earrings": (_at_ear(head), {}),
        "marks": (_on_face(head), {}),
        "clothes": (head.body, {}),
    }


def _on_face(head: Head) -> Place:
    """On the skin, for a face whose cheeks are 0.98 wide, whose mouth lies at 0.63 and whose chin at 1.05."""

    def place(p: Points) -> Points:
        s = head.size
        v = np.interp(p[:, 1], (-1, 0, 0.63, 1.05, 2), (-1, 0, s.mouth, s.chin, s.chin + 0.95))
        return head.face(columns([p[:, 0] * s.cheek / 0.98, v]))

    return place


def _around_face(head: Head, on_jaw: Place) -> Place:
    """Points that frame a face whose cheeks are 0.98 wide and whose chin lies at 1.0; above the eyes, on the skull."""
    _, wide, _, _ = head.size.skull
    above = _on_skull(head, (max(1.0, head.size.cheek / jaw.CHEEK * SKULL[0] / wide), 1.0))

    def place(p: Points) -> Points:
        share = clip((p[:, 1] + 0.75) / 0.5, 0, 1)
        beside = clip((np.abs(p[:, 0]) - BESIDE[0]) / (BESIDE[1] - BESIDE[0]), 0, 1)
        beside = beside * beside * (3 - 2 * beside) * clip((CHIN_BAND - p[:, 1]) / CHIN_BAND, 0, 1)
        share = (share * (1 - beside))[:, None]
        return np.asarray(above(p) * (1 - share) + on_jaw(p) * share)

    return place


def _fall(head: Head, above: Place) -> Place:
    """Cloth that hangs from the head onto the shoulders: above, around the face; below, on the body."""

    def place(p: Points) -> Points:
        share = clip((p[:, 1] - HANGS[0]) / (HANGS[1] - HANGS[0]), 0, 1)
        share = (share * share * (3 - 2 * share))[:, None]
        below = head.body(columns([p[:, 0], p[:, 1] - jaw.CHIN - PIT]))
        return np.asarray(above(p) * (1 - share) + below * share)

    return place


def _fit(head: Head, p: Points, grown: tuple[float, float]) -> Points:
    """Points of this skull, its centre the origin, grown in width and height."""
    _, a, b, _ = head.size.skull
    return columns([p[:, 0] * a / SKULL[0] * grown[0], (p[:, 1] - CENTRE) * b / SKULL[1] * grown[1]])


def _grown(who: Character) -> tuple[float, float]:
    """How much wider and higher headwear is than drawn: it sits closer on a head with little hair."""
    width, height = SNUG if who.hair.length in CLOSE else (1.0, 1.0)
    size = 1 + 0.06 * who.headwear.size
    return width * size, height * size


def _reach(who: Character, head: Head) -> tuple[float, float]:
    """How far a rim reaches on the far and on the near side of the head, face units."""
    length, crop = who.hair.length, who.hair.texture != "curly" and who.person.look == "m"
    turned = float(clip(abs(head.yaw) / CLOSING, 0, 1))
    temple = float(head.far_edge([0.0])[0])
    if length in CLOSE or who.headwear.kind in COVERED or (length == "ear" and crop):
        front, beyond = head.size.cheek + OVER_EARS, SNUG_FAR
        near = front if length in ("bald", "shaved") else head.size.skull[1] + SNUG_NEAR
    else:
        front, beyond = LOOSE_SEAT if length in ("ear", "chin") else LONG_SEAT
        near = front
    size = 1 + 0.06 * who.headwear.size
    return size * (front + (temple + beyond - front) * turned), size * (front + (near - front) * turned)


def _seat(who: Character, head: Head) -> Callable[..., Place]:
    """What brings headwear down to the forehead and in to the temples: it hugs the head however it is turned."""
    wide, rim, share = SEATS[who.headwear.kind]
    target = head.size.brow + share * (head.size.hairline - head.size.brow)
    down = float(clip(target - rim, 0, LOWEST))
    far, near = _reach(who, head)
    side = 1.0 if head.yaw > 0 else -1.0
    drawn = wide * head.size.skull[1] / SKULL[0] * _grown(who)[0]
    scale, middle = min((far + near) / (2 * drawn), WIDEST), side * (far - near) / 2
    turned = float(clip(abs(head.yaw) / CLOSING, 0, 1))

    def seat(place: Place, nod: float = 0.0) -> Place:
        def seated(p: Points) -> Points:
            u, v = head.upright(place(p)).T
            lower = np.interp(p[:, 1], (TOP[0], rim), (TOP[1], 1.0))
            out = clip(side * u / drawn, -1, 1)
            slope = turned * out**2 * np.where(out > 0, -LIFT, NAPE)
            front = nod * np.sin(head.pitch) * np.exp(-((u / RING_WIDE) ** 2))
            bowed = np.interp(p[:, 1], (TOP[0], rim), (BOWED, 0.0)) * np.sin(max(-head.pitch, 0.0))
            return head.tilt(columns([middle + scale * u, v + lower * (down + slope) - front + bowed]))

        return seated

    return seat


def _on_skull(head: Head, grown: tuple[float, float]) -> Place:
    """On a ball about the skull: its outline stays as the head turns, and what lies on it slides."""
    centre, a, b, c = head.size.skull

    def place(p: Points) -> Points:
        q = _fit(head, p, grown)
        x, y = q[:, 0] / (a * ROUND), q[:, 1] / (b * ROUND)
        reach = np.sqrt(clip(1 - y**2, 0, 1))
        inner = clip(x, -reach, reach)
        angle = np.arcsin(clip(inner / np.maximum(reach, 1e-6), -1, 1))
        deep = np.sqrt(clip(reach**2 - inner**2, 0, 1))
        turned = reach * np.sin(angle + head.yaw * np.cos(angle) ** 2) + (x - inner)
        nodded = y * b * ROUND + centre - c * np.sin(head.pitch) * deep
        return head.tilt(columns([turned * a * ROUND, nodded]))

    return place


def _band(head: Head, grown: tuple[float, float]) -> Place:
    """On short hair, which it presses flat: a band ends where hair runs out into the far temple of a turned head."""
    on_skull, side = _on_skull(head, (grown[0] * PRESSED, grown[1])), np.sign(head.yaw)
    turned = float(clip(abs(head.yaw) / CLOSING, 0, 1))

    def place(p: Points) -> Points:
        q = head.upright(on_skull(p))
        beyond = np.maximum(side * q[:, 0] - head.far_edge(q[:, 1]) - AWAY, 0)
        return head.tilt(columns([q[:, 0] - side * turned * FLAT_END * beyond, q[:, 1]]))

    return place


def _brim(head: Head, grown: tuple[float, float]) -> Place:
    """On a shield before the forehead, farther out the lower a point lies."""
    centre = head.size.skull[0]

    def place(p: Points) -> Points:
        q = _fit(head, p, grown)
        reach = np.maximum(1.02 - 0.42 * q[:, 0] ** 2, 0) + (BRIM - 1.02) * clip((q[:, 1] + 0.25) / 0.5, 0, 1)
        return head.tilt(
            columns(
                [
                    q[:, 0] * np.cos(head.yaw) + reach * np.sin(head.yaw),
                    q[:, 1] + centre - 0.8 * reach * np.sin(head.pitch),
                ]
            )
        )

    return place


def _ring(head: Head, grown: tuple[float, float]) -> Place:
    """Alike from all sides: nothing moves but with the tilt of the head."""

    def place(p: Points) -> Points:
        return head.tilt(np.add(_fit(head, p, grown), (0, head.size.skull[0])))

    return place


def _cup(head: Head) -> Place:
    """Over the ears: the near cup of a turned head comes forward and is seen from its side, the far one hides."""

    def place(p: Points) -> Points:
        side = np.sign(p[:, 0])
        near = clip(-side * np.sin(head.yaw) / 0.5, -1, 1)
        across = np.abs(p[:, 0]) - EAR_CUP
        across = np.where(
            near < 0, np.maximum(across, across * (1 + 1.6 * near)), across * (1 + 0.9 * np.maximum(near, 0))
        )
        middle = EAR_CUP - 0.28 * np.maximum(near, 0) + 0.02 * np.minimum(near, 0)
        return head.tilt(columns([side * (middle + np.where(near < -0.6, np.maximum(across, 0), across)), p[:, 1]]))

    return place


def _before_eyes(head: Head, who: Character) -> Place:
    """In the plane of a frame that fits the eyes."""
    eye, (w, h) = head.size.eye[0], head.size.eye_size
    wide = (1 - FITTED + FITTED * w / EYE[0]) * (1 + 0.10 * who.glasses.size)
    high = (1 - FITTED + FITTED * h / EYE[1]) * (1 + 0.10 * who.glasses.size)
    inner = max(eye - LENS * wide, BRIDGE)

    def place(p: Points) -> Points:
        u = np.sign(p[:, 0]) * np.interp(
            np.abs(p[:, 0]),
            (0, 0.5 - LENS, 0.5, 0.5 + LENS, 1.5),
            (0, inner, eye, eye + LENS * wide, eye + LENS * wide + 0.62),
        )
        deep = FRAME_FRONT - FRAME_WRAP * u**2
        return head.project(columns([head.narrowed(u), p[:, 1] * high, deep]))

    return place


def _arm(head: Head, who: Character) -> Place:
    """Along an arm of glasses, from the hinge (u = ±1) to the ear (±2); the far one hides behind the face."""
    front = _before_eyes(head, who)

    def place(p: Points) -> Points:
        side = np.where(p[:, 0] < 0, -1.0, 1.0)
        share = clip(np.abs(p[:, 0]) - 1, 0, 1)[:, None]
        hinge = front(columns([side * HINGE, p[:, 1]]))
        ear = head.project(columns([side * (head.size.cheek + EAR[0]), p[:, 1], np.full(len(p), EAR[1])]))
        seen = (side * (ear[:, 0] - hinge[:, 0]) > 0)[:, None]
        return hinge + (ear - hinge) * share * seen

    return place


def _at_ear(head: Head) -> Place:
    """Beside a cheek that is 1 wide, in the plane of the ears."""

    def place(p: Points) -> Points:
        shift = np.where(p[:, 0] > 0, head.size.cheek - 1, 1 - head.size.cheek)
        return head.project(columns([p[:, 0] + shift, p[:, 1], np.full(len(p), EAR[1])]))

    return place
