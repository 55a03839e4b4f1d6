"""The face: skin, ears, neck, eyes, brows, nose and mouth, from parts of the kit.

Parts may ask with ``"for"`` for words about the person: those of :func:`photo2moe.pen.features.words_of`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen.ageing import draw_lines
from photo2moe.pen.features import face_materials, sourness, words_of
from photo2moe.pen.head import Head
from photo2moe.pen.palette import SkinTones, mix
from photo2moe.pen.parts import Materials, draw_part
from photo2moe.pen.proportions import BARE, years_of
from photo2moe.pen.scene import Flat, Gradient, Group, Item, Path, Points, Shape, bezier, brush, clip, columns, shares

CLOSED = 0.16  # openness below which an eye is drawn shut
OPENING = (CLOSED, 0.5, 1.0, 1.3), (0.72, 0.88, 1.0, 1.13)  # openness, and share of its height that an eye is drawn
LOWER_LID = 0.85  # where a lid meets, in the eye's own unit
SLANT = 7.5  # degrees by which an eye is tilted at most
SMILING = 0.35  # smile from which on the lower lids rise
LID_RISE = 0.24  # share of the eye's lower half that a full smile takes
SAGGING = (45.0, 75.0), (0.0, 0.18)  # years, and share by which upper lids come down at the outer corner
MOUTH_BEND = 0.17  # rise of the corners of the mouth at full smile, in half widths
AT_REST = 0.025  # the same without a smile, so that nobody looks grim at rest
FROWN_BEND = 0.28  # their fall at the deepest frown
GRIN = (0.76, 0.28)  # width of a mouth that shows teeth over that drawn: without a smile, and what a full one adds
PARTED = (0.84, 0.24)  # the same of lips that are only parted
AJAR = (0.60, 0.32)  # the same of the height of an open mouth
THIN_LIPS = (40.0, 70.0), (1.0, 0.8)  # years, and height of the lips over that of the young
OPEN_MOUTHS = ("open", "teeth", "grin", "laugh", "happy")
BEND_END = 1.25  # half widths beyond which the corners rise no further
FROWN_BROW = 0.025  # face units by which the deepest frown of the mouth lowers the brows
BROW = (0.98, 0.16)  # radius of the forehead over the skull, and what a full turn takes off, so that it stays inside
SLANTS, FRIENDLY = (-0.2, 0.5), 4.0  # the slants of brows that are drawn; degrees they are friendlier than measured
PAINTED = 1.25  # times by which lips with lipstick are fuller, so that their colour is seen
SOOTHED = 0.8  # share of the slant of brows that a full smile takes off
IRIS = (6.0, 18.0, 30.0, 50.0, 75.0), (0.72, 0.70, 0.67, 0.63, 0.60)  # years, and half width of an iris over the eye's
SOFT_IRIS = 58.0  # years from which on the rim and the pupil are softer
IRIS_HEIGHT = 0.97  # height of an iris over that of the eye
ROUND_IRIS = 1.05  # least height of an iris over its width
GLINT_BELOW = -0.12  # of the height of the iris: how far its top lies above the lid before the glint moves
PUPIL_FREE = 0.34  # of that height: how far below the lid the middle of the iris lies at least
GLINT_FALL = 0.4  # of that height: how far it moves at most
# Width over the cheeks' of the skin above the temples, and how far it reaches, so that it stays within any hair, and
# within a bare skull.
FOREHEAD = ((0.95, 0.62), (0.78, 0.25))
ROUNDED = 0.8  # height above the temples within which that skin narrows to nothing on the far side of a turned head
EARS, HIDDEN = 1.25, 4.0  # how far ears stand off over how they are written; share that hides over the sine of a turn
GLOW = (0.34, 0.19)  # radius of the blush of a cheek, and of the tip of the nose, face units
BLUSH = {"woman": ((20, 45, 65), (0.34, 0.25, 0.21)), "man": ((25, 65), (0.18, 0.15))}  # years, and its strength
HATCHED = 0.35  # strength from which on a cheek is hatched as well
GLOW_FLAT = 0.9  # height of a blush over its width
GLOW_FADE = ((0.0, 1.0), (0.25, 0.86), (0.5, 0.42), (0.72, 0.1), (0.85, 0.0))  # its strength, from its middle outwards
PLANE_BLUR = (0.012, 0.06)  # blur of the side plane under hair, and below a bare skull, whose shade is as soft
CHIN_SHADE = 0.3  # share of the shade in the skin at the chin; the forehead has none, as bare skulls do
NOSE_GROWS = (28.0, 70.0), (1.0, 1.2)  # years, and size of a nose over that of the young
TURNED = 8.0  # degrees of drawn yaw from which on a nose is seen from its side


def _variant(kit: Kit, kind: str, name: str, words: tuple[str, ...]) -> Part:
    """The part of that name, or a man's if the kit has one (``NAME_m``) and he is one."""
    own = f"{name}_m"
    return kit.get(kind, own if "man" in words and kit.has(kind, own) else name)


def eye_place(head: Head, side: int, who: Character, opened: float = 1.0) -> Callable[[Points], Points]:
    """Where the points of an eye lie: x from -1 at the inner to 1 at the outer corner, y from -1 above to 1 below."""
    (u, v), (w, h) = head.size.eye, head.size.eye_size
    slant = np.radians(SLANT * who.eyes.slant)
    fall = float(np.interp(years_of(who), *SAGGING))
    rise = LID_RISE * float(clip((who.expression.smile - SMILING) / (1 - SMILING), 0, 1))

    def place(p: Points) -> Points:
        low = p[:, 1] * (1 - rise * clip(p[:, 1] * 2, 0, 1))
        low = low + fall * clip(-low, 0, 1) * clip(0.5 + 0.5 * p[:, 0], 0, 1.2)
        x, y = p[:, 0] * w, (LOWER_LID + (low - LOWER_LID) * opened) * h
        x, y = x * np.cos(slant) + y * np.sin(slant), y * np.cos(slant) - x * np.sin(slant)
        return head.face(columns([side * (u + x), v + y]))

    return place


def draw_eyes(who: Character, head: Head, kit: Kit, materials: Materials) -> tuple[Item, ...]:
    """Both eyes, alike but for how far they are open."""
    items: list[Item] = []
    (u, v), (w, h) = head.size.eye, head.size.eye_size
    words, stuff = words_of(who), face_materials(who, materials)
    part = _variant(kit, "eyes", who.eyes.shape, words)
    pupil = kit.get("iris", "soft" if years_of(who) > SOFT_IRIS and kit.has("iris", "soft") else "round")
    wide = w * float(np.interp(years_of(who), *IRIS))
    radii = wide, max(IRIS_HEIGHT * h, ROUND_IRIS * wide)
    gaze = np.array(who.expression.gaze) * (0.28 * w, 0.16 * h)
    shut = "closed_smile" if who.expression.smile > 0.5 and who.expression.mouth not in ("closed", "open") else "closed"
    for side, opened in ((-1, who.expression.left), (1, who.expression.right)):
        if opened < CLOSED:
            items += draw_part(kit.get("eyes", shut), stuff, eye_place(head, side, who), scale=w, words=words)
            continue
        share = float(np.interp(opened, *OPENING))
        centre = np.array([side * (u - 0.02 * w), v + 0.03 * h]) + gaze
        lid = (_lid_height(part) - LOWER_LID) * share + LOWER_LID
        centre[1] = max(centre[1], v + lid * h + PUPIL_FREE * radii[1])
        low = lid * h - (centre[1] - v) + (1 + GLINT_BELOW) * radii[1]
        low = float(clip(low, 0, GLINT_FALL * radii[1]))  # so far the glint comes down with the lid

        def centred(p: Points, centre: Points = centre) -> Points:
            return head.face(centre + p * radii)

        def under_lid(p: Points, centre: Points = centre, low: float = low) -> Points:
            return head.face(centre + (0, low) + p * radii)

        inside = draw_part(pupil, stuff, centred, scale=radii[0], words=words, places={"glint": under_lid})
        items += draw_part(part, stuff, eye_place(head, side, who, share), scale=w, words=words, extra={"iris": inside})
    return tuple(items)


def _lid_height(part: Part) -> float:
    """Highest y of the opening of an eye, in the eye's own unit."""
    for shape in part.data["shapes"]:
        if shape.get("id") == "opening":
            return float(min(contour[:, 1].min() for contour in Path.parse(shape["path"]).flatten()))
    return -1.0


def draw_brows(who: Character, head: Head, kit: Kit, materials: Materials) -> tuple[Item, ...]:
    """Both brows: x from -1 at the inner to 1 at the outer end, y from -1 above to 1 below, as thick as the brow is."""
    (u, _), (w, _) = head.size.eye, head.size.eye_size
    mood, words = who.expression.brows, words_of(who)
    level = head.size.brow - 0.06 * mood + FROWN_BROW * sourness(who)
    calm = 1 - SOOTHED * float(clip(who.expression.smile, 0, 1))  # nobody smiles with angry brows
    cross = 5 * max(-mood, 0.0) + 4 * max(sourness(who) - 0.15, 0.0)
    slant = np.radians(calm * (4.5 * float(clip(who.brows.slant, *SLANTS)) + cross) - FRIENDLY * (1 - sourness(who)))
    thick = {"man": 0.060, "boy": 0.046}.get(words[2], 0.050) * (1 + 0.45 * who.brows.thickness)
    items: list[Item] = []
    for side in (-1, 1):

        def place(p: Points, side: int = side) -> Points:
            x, y = p[:, 0] * w * 1.02, p[:, 1] * thick
            x, y = x * np.cos(slant) + y * np.sin(slant), y * np.cos(slant) - x * np.sin(slant)
            return head.face(columns([side * (u + 0.02 + x), level + y]))

        part = kit.get("brows", who.brows.shape)
        items += draw_part(part, face_materials(who, materials), place, scale=thick, words=words)
    return tuple(items)


def draw_nose(who: Character, head: Head, kit: Kit, materials: Materials) -> tuple[Item, ...]:
    """The nose: face units about its tip. Turned heads show its side."""
    grown = float(np.interp(years_of(who), *NOSE_GROWS))
    width, length = grown * (1 + 0.40 * who.nose.width), grown * (1 + 0.30 * who.nose.length)
    side = 1.0 if head.yaw >= 0 else -1.0

    def place(p: Points) -> Points:
        flat = columns([p[:, 0] * width * side, p[:, 1] * length + head.size.nose])
        return head.project(head.surface(flat, lift=0.10))

    words = words_of(who)
    view = "turned" if abs(head.yaw) > np.radians(TURNED) else "front"
    return draw_part(kit.get("nose", who.nose.shape), materials, place, words=(view, f"{view}_{words[2]}", *words))


def draw_mouth(who: Character, head: Head, kit: Kit, materials: Materials) -> tuple[Item, ...]:
    """The mouth: its own unit is half its width at rest; its corners rise with a smile."""
    width, smile, name = head.size.mouth_width, who.expression.smile, who.expression.mouth
    bend = AT_REST + MOUTH_BEND * max(smile, 0.0) - FROWN_BEND * sourness(who)
    full = (1 + 0.40 * who.mouth.fullness) * float(np.interp(years_of(who), *THIN_LIPS))
    full *= PAINTED if "lipstick" in who.skin.marks else 1.0
    wide = 1.0
    if name in OPEN_MOUTHS:
        happy = max(smile, 0.0)
        least, more = PARTED if name == "open" else GRIN
        wide, full = least + more * happy, full * (AJAR[0] + AJAR[1] * happy)

    def place(p: Points) -> Points:
        y = p[:, 1] * full - bend * (np.minimum(np.abs(p[:, 0]), BEND_END) ** 2 - 0.3)
        return head.face(columns([p[:, 0] * width * wide, head.size.mouth + y * width]))

    part = kit.get("mouth", name)
    return draw_part(part, face_materials(who, materials), place, scale=width, words=words_of(who))


def face_path(head: Head, forehead: tuple[float, float] = FOREHEAD[0]) -> Path:
    """The skin of the face, closed far above the eyes under the hair."""
    arc, w = np.radians(np.linspace(8, 172, 25)), head.size.cheek
    top = columns([forehead[0] * w * np.cos(arc), -0.75 - forehead[1] * np.sin(arc)])
    radius = BROW[0] - BROW[1] * abs(float(np.sin(head.yaw)))
    skin = head.turned(head.shell(top, radius))[:, :2]
    side = -1.0 if head.yaw < 0 else 1.0
    above = clip((skin[:, 1] + 0.75) / ROUNDED, -1, 0)
    skin[:, 0] = side * np.minimum(side * skin[:, 0], head.far_edge(skin[:, 1]) * np.sqrt(1 - above**2))
    return Path.polygon(np.vstack([head.contour(), head.tilt(skin)]))


def draw_skin(who: Character, head: Head, tones: SkinTones, shadow: tuple[Item, ...]) -> tuple[Item, ...]:
    """Face with its blush, side plane and the shadow that hair casts on it."""
    bare = who.hair.length in BARE
    path, outline, words = face_path(head, FOREHEAD[bare]), head.contour(), words_of(who)
    inside: list[Item] = [_side_plane(outline, tones, 1.35 if words[2] == "man" else 1.0, PLANE_BLUR[bare])]
    (u, _), (_, h) = head.size.eye, head.size.eye_size
    young = words[2] in ("girl", "boy")
    rosy = float(np.interp(years_of(who), *(BLUSH["man" if words[2] == "man" else "woman"])))
    strength = (0.46 if young else rosy) * (1 + 0.9 * who.skin.blush)
    level = h + (0.13 if young else 0.14)
    inside.append(_glow(head, 0.0, head.size.nose - 0.05, GLOW[1], tones, 0.5 * strength))
    for side in (-1, 1):
        inside.append(_glow(head, side * (u + 0.12), level, GLOW[0], tones, strength))
        if strength > HATCHED:
            inside.extend(_hatching(head, side, u + 0.12, level, tones, min(strength, 0.5)))
    inside.extend(draw_lines(who, head, tones))
    inside.extend(shadow)
    line = brush(outline, [0.010, 0.018, 0.022, 0.030, 0.022, 0.018, 0.010])
    (x0, y0), (x1, y1) = head.face([(0, 0), (0, head.size.chin)]).tolist()
    fill = Gradient((x0, y0), (x1, y1), ((0.0, tones.base, 1.0), (1.0, mix(tones.base, tones.shade, CHIN_SHADE), 1.0)))
    return (Shape(path, fill), Group(tuple(inside), path), Shape(line, Flat(tones.line)))


def _glow(head: Head, u: float, v: float, radius: float, tones: SkinTones, strength: float) -> Item:
    """A spot of blood under the skin that fades towards its rim."""
    spot = Path.ellipse(u, v, radius, GLOW_FLAT * radius).map(head.face)
    ((x, y),) = head.face([(u, v)]).tolist()
    strength = float(clip(strength, 0, 0.9))
    stops = tuple((at, tones.blush, share * strength) for at, share in GLOW_FADE)
    return Shape(spot, Gradient((x, y), (x, y), stops, radius))


def _side_plane(outline: Points, tones: SkinTones, width: float, blur: float) -> Item:
    """The narrow plane at the right of a face that the light does not reach."""
    edge = outline[len(outline) // 2 + 4 :]
    depth = np.interp(shares(len(edge)), (0, 0.25, 0.6, 1), (0.0, 0.05, 0.085, 0.10)) * width
    inner = edge - columns([depth, 0.35 * depth])
    return Shape(Path.polygon(np.vstack([np.add(edge, (0.1, 0)), inner[::-1]])), Flat(tones.shade, 0.6), blur)


def _hatching(head: Head, side: int, u: float, v: float, tones: SkinTones, strength: float) -> list[Item]:
    """Three thin slanted strokes on a cheek."""
    across, down = np.meshgrid((-0.075, 0.0, 0.075), shares(8), indexing="ij")
    places = columns([(side * u + across - 0.014 + 0.028 * down).ravel(), (v + 0.043 - 0.086 * down).ravel()])
    colour = Flat(tones.blush, 0.8 * strength)
    return [Shape(brush(line, [0.003, 0.012, 0.003]), colour) for line in head.face(places).reshape(3, 8, 2)]


EAR = (
    (0.88, -0.22),
    (0.99, -0.285),
    (1.085, -0.26),
    (1.155, -0.13),
    (1.13, 0.05),
    (1.07, 0.20),
    (1.00, 0.285),
    (0.93, 0.24),
    (0.88, 0.1),
)
EAR_RIM = ((1.02, -0.13), (1.075, -0.14), (1.095, -0.06), (1.07, 0.05), (1.035, 0.12))
EAR_HOLLOW = ((0.97, -0.08), (1.04, -0.10), (1.06, -0.02), (1.03, 0.08), (0.98, 0.14), (0.93, 0.06))


def draw_ears(who: Character, head: Head, tones: SkinTones) -> tuple[Item, ...]:
    """Both ears; the far one of a turned head hides behind the face, which is drawn over it."""
    items: list[Item] = []
    w = head.size.cheek
    for side in (-1, 1):
        seen = 1 - HIDDEN * max(side * float(np.sin(head.yaw)), 0.0)
        if seen <= 0:
            continue

        def place(p: Points, side: int = side, seen: float = seen) -> Points:
            out = EARS * seen * np.maximum(p[:, 0] - 0.93, 0)
            return head.project(
                columns([side * (np.minimum(p[:, 0], 0.93) + out - 1 + w), p[:, 1], -0.04 - 0.55 * out])
            )

        path = Path.spline(EAR, closed=True).map(place)
        items.append(Shape(path, Flat(tones.base if side < 0 else mix(tones.base, tones.shade, 0.45))))
        items.append(
            Group((Shape(Path.spline(EAR_HOLLOW, closed=True).map(place), Flat(tones.shade), blur=0.008),), path)
        )
        outer, rim = (np.vstack(Path.spline(points).map(place).flatten()) for points in (EAR[:-1], EAR_RIM))
        items.append(Shape(brush(outer, [0.010, 0.020, 0.024, 0.020, 0.010]), Flat(tones.line)))
        items.append(Shape(brush(rim, [0.003, 0.015, 0.003]), Flat(tones.deep)))
    return tuple(items)


def draw_neck(head: Head, tones: SkinTones) -> tuple[Item, ...]:
    """Neck and bare shoulders, with the shadow that the chin casts."""
    neck = bezier((0.215, -1.0), (0.22, -0.5), (0.205, -0.26), (0.32, -0.11), 14)
    shoulder = bezier((0.32, -0.11), (0.58, 0.10), (1.2, 0.16), (1.42, 0.52), 12)
    right = np.vstack([neck, shoulder[1:], [(1.5, 1.2), (1.5, 3)]])
    path = Path.polygon(head.body(np.vstack([right * (-1, 1), right[::-1]])))
    chin = head.contour()
    shadow = Path.polygon(np.vstack([np.add(chin, (0.035, 0.13)), chin[::-1]]))
    bone = bezier((0.10, 0.15), (0.28, 0.06), (0.46, 0.07), (0.66, 0.10), 12)
    lines = [Shape(brush(head.body(neck * (s, 1)), [0.02, 0.022, 0.012]), Flat(tones.line)) for s in (-1, 1)]
    lines += [Shape(brush(head.body(shoulder * (s, 1)), [0.012, 0.024]), Flat(tones.line)) for s in (-1, 1)]
    lines += [Shape(brush(head.body(bone * (s, 1)), [0.003, 0.016, 0.003]), Flat(tones.deep, 0.8)) for s in (-1, 1)]
    return (Shape(path, Flat(tones.base)), Group((Shape(shadow, Flat(tones.shade)),), path), *lines)
