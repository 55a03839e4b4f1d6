"""The mark that says a picture was made by a machine.

Each picture that photo2moe writes carries an XMP packet with the IPTC digital
source type of generative media and the name of the program; nothing of the
photo's own metadata (place, camera, time) is carried over. :mod:`photo2moe.imageio`
puts the mark into files.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from xml.etree import ElementTree

from PIL.PngImagePlugin import PngInfo

from photo2moe.files import StrPath, printable, read_source

TRAINED_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = "http://ns.adobe.com/xap/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
# The packet identifier is fixed by the XMP specification; the mark before it is a BOM.
_TEMPLATE = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{rdf}">
  <rdf:Description rdf:about="" xmlns:xmp="{xmp}" xmlns:Iptc4xmpExt="{iptc}"
    xmp:CreatorTool="{tool}"
    Iptc4xmpExt:DigitalSourceType="{source}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
_OPEN, _CLOSE = b"<x:xmpmeta", b"</x:xmpmeta>"
_MAX_FILE = 256 << 20  # bytes
_MAX_PACKET = 1 << 20  # bytes; ours has 500, those of photo editors some ten thousand
_AI_TERMS = ("/trainedAlgorithmicMedia", "/compositeWithTrainedAlgorithmicMedia")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a picture says about its own making.

    The words come from the file and may hold anything: show them through
    :func:`photo2moe.files.printable`.

    Attributes:
        digital_source_type: IPTC term as a URI, None if the picture names none.
        creator_tool: program and version, None if the picture names none.
    """

    digital_source_type: str | None
    creator_tool: str | None

    @property
    def is_ai_made(self) -> bool:
        """Whether the source type is one of IPTC's two for generative media."""
        return (self.digital_source_type or "").endswith(_AI_TERMS)


def mark(form: str) -> dict[str, bytes | PngInfo]:
    """Options of Pillow's ``save`` that mark a ``"PNG"``, ``"JPEG"`` or ``"WEBP"`` file, the same each time."""
    if form != "PNG":
        return {"xmp": packet().encode()}
    texts = PngInfo()
    texts.add_text("Software", tool())
    texts.add_itxt("XML:com.adobe.xmp", packet())
    return {"pnginfo": texts}


def packet() -> str:
    """The XMP packet that is the mark."""
    return _TEMPLATE.format(rdf=_RDF, xmp=_XMP, iptc=_IPTC, tool=escape(tool()), source=TRAINED_MEDIA)


def tool() -> str:
    """Name and version of the program."""
    from photo2moe import __version__  # not at the top: the package imports its modules first

    return f"photo2moe {__version__}"


def read_provenance(path: StrPath) -> Provenance | None:
    """Read what a picture says about its own making; None if nothing that makes sense.

    Raises:
        ImageReadError: missing, empty, not a regular file, or larger than 256 MiB.
    """
    return find_provenance(read_source(path, _MAX_FILE, printable(path)))


def find_provenance(data: bytes) -> Provenance | None:
    """Find what a file's bytes say about its making; None if nothing that makes sense.

    XMP is made to be found by scanning: its packet stands as plain text in JPEG, PNG,
    WebP, TIFF and HEIC alike, so nothing has to be decoded. The first packet counts.
    """
    start = data.find(_OPEN)
    end = data.find(_CLOSE, start)
    if start < 0 or end < 0 or end - start > _MAX_PACKET:
        return None
    try:
        text = data[start : end + len(_CLOSE)].decode()
        if "<!DOCTYPE" in text:  # entities can expand without end, and XMP has no use for them
            return None
        root = ElementTree.fromstring(text)
    except (UnicodeDecodeError, ElementTree.ParseError):
        return None
    source, tool = _value(root, _IPTC, "DigitalSourceType"), _value(root, _XMP, "CreatorTool")
    return Provenance(source, tool) if source or tool else None


def _value(root: ElementTree.Element, namespace: str, name: str) -> str | None:
    """Value of a simple property, in any of the three ways that RDF may write it."""
    key = f"{{{namespace}}}{name}"
    for description in root.iter(f"{{{_RDF}}}Description"):
        element = description.find(key)
        nested = None if element is None else element.get(f"{{{_RDF}}}resource") or (element.text or "").strip()
        if value := description.get(key) or nested:
            return value
    return None
