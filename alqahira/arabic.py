"""Arabic text: `clean_text` for display, `fold_text` for search and deduplication keys."""

from __future__ import annotations

import re
import unicodedata


def clean_text(text: str) -> str:
    """Display text (placeholder rule set)."""
    return re.sub(r"[^\S\n]+", " ", unicodedata.normalize("NFC", text)).strip()


def fold_text(text: str) -> str:
    """Search and dedup key (placeholder rule set)."""
    text = "".join(c for c in unicodedata.normalize("NFKC", text) if not unicodedata.combining(c) and c != "ـ")
    return " ".join(re.sub(r"[^\w]+", " ", text.translate(str.maketrans("آأإٱىئؤة", "ااااييءه"))).casefold().split())
