"""A judge that decides by a rule, and rows to put before it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from anytasktune.judging import Answered, Material, Paired

BLOCK = re.compile(
    r"^===== (?P<title>[^\n]+?) (?P<number>[0-9a-f]{16}) =====\n(?P<body>.*?)\n"
    r"===== (?:END OF|结束) (?P=title) (?P=number) =====$",
    re.MULTILINE | re.DOTALL,
)


def blocks(prompt: str) -> dict[str, str]:
    """What a prompt quotes, by title, each line without its mark; fails where a line has none."""
    found = {}
    for block in BLOCK.finditer(prompt):
        lines = block["body"].split("\n")
        assert all(line.startswith("| ") for line in lines), lines
        assert block["title"] not in found
        found[block["title"]] = "\n".join(line.removeprefix("| ") for line in lines)
    return found


@dataclass
class Judge:
    """Asks a rule about what each prompt quotes; keeps every prompt."""

    rule: Callable[[dict[str, str]], str | None]
    prompts: list[str] = field(default_factory=list)

    def __call__(self, prompts: list[str]) -> list[str | None]:
        """One judgement a prompt."""
        self.prompts += prompts
        return [self.rule(blocks(prompt)) for prompt in prompts]


def longer(shown: dict[str, str]) -> str:
    """The longer answer is the better one."""
    a, b = (len(text) for title, text in sorted(shown.items()) if title.startswith(("ANSWER", "回答")))
    return f"Looking at both.\nVERDICT: {'A' if a > b else 'B' if b > a else 'TIE'}"


def material(id: str = "row:0", task: str = "Say it briefly.", *references: str) -> Material:
    return Material(id=id, task=task, references=references)


def pair(first: str | None, second: str | None, id: str = "row:0") -> Paired:
    return Paired(material=material(id), first=first, second=second)


def row(answer: str | None, id: str = "row:0") -> Answered:
    return Answered(material=material(id), answer=answer)
