"""JSON that people and templates wrote: comments, commas too many or too few, quotes of all kinds, no end. Pure."""

from __future__ import annotations

import html
import json
import re
from contextlib import suppress

_LONGEST = 200_000  # characters; an article's JSON-LD has a fiftieth
_ENCODED_QUOTE = re.compile(r"[\[{,:]\s*&(?:amp;)*(?:quot|apos|[lr]dquo|#0*3[49]|#x0*2[27]);", re.IGNORECASE)
_MOST_DECODED = 3  # times
_ESCAPED_QUOTE = re.compile(r'\s*[\[{]\s*\\"')
_OTHER_QUOTES = str.maketrans("'“”„", '""""')
_OUTSIDE = re.compile(r'[^"/<\]-]+|.', re.DOTALL)
# The beginning and end of a comment of HTML or a CDATA section hide a script from old browsers; JSON is between them.
# Editors put tags around it and inside.
_WRAPPING = re.compile(
    r"<!--[^{}\[\]<>]{0,500}-->|(?://\s*)?<!(?:--|\[CDATA\[)|-->|\]\]>|</?(?:br|div|p|span)\b[^<>\"]{0,100}>",
    re.IGNORECASE,
)
_COMMENT_ENDS = {"//": "\n", "/*": "*/"}
# Behind the quote that ends a key, a value, and either.
_KEY_END = r"\s*:"
_AFTER_COMMA = r'\s*(?:["{\[}\],\d/<-]|[A-Za-z_@]\w*\s*:|true|false|null)'
_VALUE_END = rf'\s*(?:[}}\]]|,{_AFTER_COMMA}|/[/*]|<!--|<br|;?\s*$)|\s+"@?[A-Za-z_]\w*"\s*:'
_ENDS = {"{": re.compile(_KEY_END), ":": re.compile(_VALUE_END), "[": re.compile(_VALUE_END)}
_ANY_END = re.compile(f"{_KEY_END}|{_VALUE_END}")
_QUOTE_OR_ESCAPE = re.compile(r'\\.|"', re.DOTALL)
_ESCAPE = re.compile(r'\\(?P<valid>["\\/bfnrt]|u[0-9A-Fa-f]{4})|\\(?P<other>.?)|(?P<quote>")', re.DOTALL)
_INVISIBLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_KEY = re.compile(r"(?P<before>[{,]\s*)(?P<name>[A-Za-z_@][\w.-]*)(?=\s*:)")
_TEMPLATE = re.compile(r"\{\{[^{}]{0,200}\}\}|\{%[^{}]{0,200}%\}")
_NULL = re.compile(r"\b(?:undefined|None)\b")
_NO_VALUE = re.compile(r":(?=\s*[,}\]])")
_COMMAS = re.compile(r"(?P<open>[{\[]?)(?P<run>[\s,]++)(?P<close>[}\]]?)")
_BEFORE_VALUE = frozenset("{[,:")
_MOST_ERRORS = 20  # of one script that are mended one by one
_DECODER = json.JSONDecoder(strict=False)
_WORD = re.compile(r"[^\s,:{}\[\]\"]+")  # that is no value of JSON
_QUOTED = re.compile(r"(?P<mark>['`])(?P<inside>[^'`\"\\\n]*)(?P=mark)")
_TO_NEXT = re.compile(r"[^,}\]]*")


def mended(text: str) -> str:
    """Near-JSON as JSON, as far as it can be told; "" for a text that is too long."""
    if len(text) > _LONGEST:
        return ""
    text = _with_quotes(_INVISIBLE.sub("", text))
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
            if (parts or before) and before not in _BEFORE_VALUE:
                outside += ","
            parts += [_outside_strings(outside), '"', _ESCAPE.sub(_escaped, text[start:end]), '"']
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
    parts.append(_outside_strings(outside))
    return "".join([*parts, *_missing_ends(parts)])


def without_errors(text: str) -> str:
    """Near-JSON that begins with a bracket without what is no JSON in it: null in place of a value, nothing else.

    For what only its place shows to be wrong: `007`, `+5`, a word, a notice of PHP, a bracket too many.
    """
    for _ in range(_MOST_ERRORS):
        try:
            _DECODER.raw_decode(text)
        except json.JSONDecodeError as error:
            at, kind = error.pos, error.msg
        except RecursionError:
            break
        else:
            break
        if quoted := _QUOTED.match(text, at):
            text = f'{text[:at]}"{quoted["inside"]}"{text[quoted.end() :]}'
        elif kind.startswith("Expecting value"):
            word = _WORD.match(text, at)
            text = f"{text[:at]}null{text[word.end() if word else at :]}"
        elif kind.startswith("Expecting ','"):
            text = text[:at] + _TO_NEXT.sub("", text[at:], count=1)
        elif kind.startswith("Expecting property name"):
            text = text[:at] + text[at + 1 :]
        else:
            break
    return text


def _with_quotes(text: str) -> str:
    """The text with quotation marks as JSON has them, where all of its own are encoded, escaped or of another kind."""
    for _ in range(_MOST_DECODED):
        if _ENCODED_QUOTE.search(text) or ("&" in text and not ('"' in text and "{" in text)):
            text = html.unescape(text)
    if _ESCAPED_QUOTE.match(text):
        return text.replace('\\"', '"')
    return text if '"' in text else text.translate(_OTHER_QUOTES)


def _outside_strings(text: str) -> str:
    """What stands between strings, with quoted names, a value for each name, and one comma between two values."""
    if "{" in text or "," in text or ":" in text:
        text = _KEY.sub(r'\g<before>"\g<name>"', _TEMPLATE.sub("null", text))
        text = _NO_VALUE.sub(":null", text)
        text = _COMMAS.sub(_one_comma, text)
    return _NULL.sub("null", text).replace("True", "true").replace("False", "false")


def _one_comma(match: re.Match[str]) -> str:
    is_between = "," in match["run"] and not match["open"] and not match["close"]
    return f"{match['open']}{',' if is_between else ' '}{match['close']}"


def _missing_ends(parts: list[str]) -> list[str]:
    """The brackets that a text without its end leaves open, innermost first."""
    ends: list[str] = []
    for part in parts[::4]:  # those outside of strings
        for bracket in part:
            if bracket in "{[":
                ends.append("}" if bracket == "{" else "]")
            elif bracket in "}]" and ends:
                ends.pop()
    return ends[::-1]


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
