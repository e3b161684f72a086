"""What records are called by people who mean it badly, or only write another script."""

from __future__ import annotations

from typing import Final

SCRIPT: Final = "<script>alert(1)</script>"
ARABIC: Final = "شركة النور للتكييف (فرع 3)"
HEBREW: Final = "אינסטלציה כהן ובניו 24/7"
EMOJI: Final = "👩🏽‍🔧🔥 Boiler café"
NAMES: Final = (SCRIPT, ARABIC, HEBREW, EMOJI)

HOSTILE: Final = {
    "script": SCRIPT,
    "right-to-left": "مرحبا \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe",
    "emoji": '🔧🚿👩‍🔧 & "Söhne" <b>\'',
}
"""By what is hostile about them."""


def long_name(length: int) -> str:
    """One word, which no line can break by itself."""
    return "Überlänge" + "x" * (length - len("Überlänge"))
