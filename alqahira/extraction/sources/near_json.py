"""JSON that people and templates wrote: comments, commas too many, quotes that are encoded or not escaped. Pure."""

from __future__ import annotations

import html
import json
import re
from contextlib import suppress

_LONGEST = 200_000  # characters; an article's JSON-LD has a fiftieth
_ENCODED_QUOTE = re.compile(r"[\[{,:]\s*&(?:quot|#0*34|#x0*22);", re.IGNORECASE)
_OUTSIDE = re.compile(r'[^"/<\]-]+|.', re.DOTALL)
# The beginning and end of a comment of HTML or a CDATA section hide a script from old browsers; JSON is between them.
_WRAPPING = re.compile(r"(?://\s*)?<!(?:--|\[CDATA\[)|-->|\]\]>")
_COMMENT_ENDS = {"//": "\n", "/*": "*/"}
# Behind the quote that ends a key, a value, and either.
_KEY_END, _VALUE_END = r"\s*:", r'\s*(?:[}\]]|,\s*(?:["{\[}\]\d/-]|true|false|null)|/[/*]|;?\s*$)'
_ENDS = {"{": re.compile(_KEY_END), ":": re.compile(_VALUE_END), "[": re.compile(_VALUE_END)}
_ANY_END = re.compile(f"{_KEY_END}|{_VALUE_END}")
_QUOTE_OR_ESCAPE = re.compile(r'\\.|"', re.DOTALL)
_ESCAPE = re.compile(r'\\(?P<valid>["\\/bfnrt]|u[0-9A-Fa-f]{4})|\\(?P<other>.?)|(?P<quote>")', re.DOTALL)
_COMMAS = re.compile(r"[\s,]++[}\]]?")
_UNDEFINED = re.compile(r"\bundefined\b")


def mended(text: str) -> str:
    """Near-JSON as JSON, as far as it can be told; "" for a text that is too long."""
    if len(text) > _LONGEST:
        return ""
    if _ENCODED_QUOTE.search(text):
        text = html.unescape(text)
    if text.lstrip()[:1] == '"':  # JSON as a string of JSON
        with suppress(ValueError, RecursionError):
            return str(json.loads(text))
    parts: list[str] = []
    outside = ""  # since the last string
    at = 0
    while at < len(text):
        if text[at] == '"':
            start, before = at + 1, outside.rstrip()[-1:]
            end = _end_of_string(text, start, _ENDS.get(before, _ANY_END))
            parts += [_without_commas(outside), '"', _ESCAPE.sub(_escaped, text[start:end]), '"']
            outside, at = "", end + 1
        elif wrapping := _WRAPPING.match(text, at):
            at = wrapping.end()
        elif (opening := text[at : at + 2]) in _COMMENT_ENDS:
            closing = _COMMENT_ENDS[opening]
            end = text.find(closing, at + 2)
            at = len(text) if end < 0 else end + len(closing)
        elif token := _OUTSIDE.match(text, at):
            outside += token[0]
            at = token.end()
    return "".join([*parts, _without_commas(outside)])


def _without_commas(outside: str) -> str:
    """Without commas before a bracket that closes."""
    return _UNDEFINED.sub("null", _COMMAS.sub(lambda run: run[0][-1] if run[0][-1] in "}]" else run[0], outside))


def _end_of_string(text: str, start: int, end: re.Pattern[str]) -> int:
    """Where the string ends whose first character is at `start`: at a quote after which JSON goes on."""
    for match in _QUOTE_OR_ESCAPE.finditer(text, start):
        if match[0] == '"' and end.match(text, match.end()):
            return match.start()
    return len(text)


def _escaped(match: re.Match[str]) -> str:
    if match["valid"]:
        return match[0]
    return '\\"' if match["quote"] else match["other"]
