"""What the fonts of the PDF can show: one character that they lack would cost the whole document.

Only the table of characters of our own font files is read here (OpenType `cmap`, format 4).
"""

import struct
import unicodedata
from functools import cache

from pipelines.affichable import affichable
from pipelines.bilan.composition import POLICES

_FONTS = ("Inter-Regular.otf", "Inter-SemiBold.otf")
_MISSING = "□"
_SEGMENTS = 4


def montrable(texte: str) -> str:
    """Return a text that the fonts can show: what they lack loses its accents, or is a box."""
    return "".join(_shown(c, _known()) for c in unicodedata.normalize("NFC", affichable(texte)))


def _shown(caractere: str, known: frozenset[int]) -> str:
    if caractere.isspace() or ord(caractere) in known:
        return caractere
    bare = "".join(c for c in unicodedata.normalize("NFKD", caractere) if ord(c) in known)
    return bare or _MISSING


@cache
def _known() -> frozenset[int]:
    return frozenset.intersection(*(_characters((POLICES / name).read_bytes()) for name in _FONTS))


def _characters(font: bytes) -> frozenset[int]:
    """Characters of a font file that have a glyph."""
    start = next(
        struct.unpack_from(">I", font, 20 + 16 * rank)[0]
        for rank in range(struct.unpack_from(">H", font, 4)[0])
        if font[12 + 16 * rank : 16 + 16 * rank] == b"cmap"
    )
    tables = [
        start + struct.unpack_from(">I", font, start + 8 + 8 * rank)[0]
        for rank in range(struct.unpack_from(">H", font, start + 2)[0])
    ]
    at = next(place for place in tables if struct.unpack_from(">H", font, place)[0] == _SEGMENTS)
    size = struct.unpack_from(">H", font, at + 6)[0]
    ends, starts, deltas, offsets = (
        struct.unpack_from(f">{size // 2}H", font, place)
        for place in (at + 14, at + 16 + size, at + 16 + 2 * size, at + 16 + 3 * size)
    )
    found = set()
    for rank, (end, first, delta, offset) in enumerate(zip(ends, starts, deltas, offsets, strict=True)):
        for code in range(first, end + 1):
            glyph = code + delta
            if offset:
                place = at + 16 + 3 * size + 2 * rank + offset + 2 * (code - first)
                glyph = struct.unpack_from(">H", font, place)[0]
            if glyph & 0xFFFF:
                found.add(code)
    return frozenset(found)
