r"""What others wrote, put before a judge so that it can be read and cannot give orders.

Each line of it is marked by ``| ``, so that none can begin as a fence, a verdict or a speaker's turn does. What is not
seen is written as an escape, and the first letter of every token that means something to a chat template likewise:
``<|im_start|>`` becomes ``\x3c|im_start|>``. Fences carry a number that is made from the row and all its texts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from anytasktune.prompts import PromptFormat
from anytasktune.reports.inert import visible

MARK = "| "
"""Stands before each line of what is quoted."""

_MARKER = re.compile(
    r"""
      [<＜][|｜][^\n]{0,80}?[|｜][>＞]                     # <|im_start|>, <｜User｜>
    | [<＜]{1,2}/?(?:s|bos|eos|pad|unk|mask|cls|sep|sys|(?:start|end)_of_[a-z_]+|[a-z]*think(?:ing)?
        |tool_(?:call|response)s?|extra_id_\d+|unused\d+)[>＞]{1,2}
    | [\[［]/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|CALL_ID
        |CLS|SEP|PAD|UNK|MASK|BOS|EOS|gMASK|sMASK|THINK)[\]］]
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""The shapes that the special tokens of current chat templates have; a judge's own tokens are known besides."""


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """A text as a judge sees it.

    Args:
        text: its lines, each marked.
        cut: it lost its middle.
    """

    text: str
    cut: bool


def special_tokens(form: PromptFormat | None) -> tuple[str, ...]:
    """The tokens that a judge's tokenizer does not read as plain text, the longest first; none where it is unknown."""
    tokenizer = getattr(getattr(form, "encoder", form), "tokenizer", None)
    added = getattr(tokenizer, "added_tokens_decoder", {}).values()
    tokens = {str(token.content) for token in added if token.special or not token.content.strip().isalnum()}
    tokens |= {str(token) for token in getattr(tokenizer, "all_special_tokens", ())}
    return tuple(sorted((token for token in tokens if token.strip()), key=lambda token: (-len(token), token)))


def harmless(text: str, specials: Sequence[str] = ()) -> str:
    """The text with every unseen character, and the first letter of every special token, written as an escape.

    Line feeds and tabs stay.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    shown = "\n".join("\t".join(visible(part) for part in line.split("\t")) for line in lines)
    shown = _MARKER.sub(lambda found: _escape(found.group()[0]) + found.group()[1:], shown)
    for token in specials:
        while token in shown:
            shown = shown.replace(token, _escape(token[0]) + token[1:])
    return shown


def _escape(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def quoted(text: str, *, longest: int, left_out: str, specials: Sequence[str] = ()) -> Quoted:
    """A text ready to be put between fences.

    Args:
        text: what somebody wrote.
        longest: its characters at most; beyond that it loses its middle.
        left_out: stands there; ``{n}`` is how many characters are gone.
        specials: of the judge's tokenizer.
    """
    cut = len(text) > longest
    if cut:
        head, tail = text[: (longest + 1) // 2], text[len(text) - longest // 2 :]
        gone = left_out.format(n=len(text) - longest)
        shown = f"{harmless(head, specials)}\n{gone}\n{harmless(tail, specials)}"
    else:
        shown = harmless(text, specials)
    return Quoted(text="\n".join(MARK + line for line in shown.split("\n")), cut=cut)


def fence_number(id: str, texts: Iterable[str]) -> str:
    """Sixteen hex digits that stand in none of the texts; the same for the same row and texts."""
    kept = list(texts)
    numbers = (hashlib.sha256(json.dumps([attempt, id, kept]).encode()).hexdigest()[:16] for attempt in count())
    return next(number for number in numbers if not any(number in text for text in kept))


def fenced(title: str, body: str, number: str, end: str) -> str:
    """What is quoted between two lines that hold its title and the row's number; ``end`` begins the second one."""
    return f"===== {title} {number} =====\n{body}\n===== {end} {title} {number} ====="
