"""A question of a Chinese examination in psychology → the letters of the right options (CPsyExam, Zhao et al. 2025).

    input    多选题：下列属于短时记忆特点的有(  )。 ⏎ A. 容量有限 ⏎ B. 保持一分钟以内 ⏎ C. 容量无限 ⏎ D. 可以复述
             (several answers; which are features of short-term memory: limited, under a minute, unlimited, rehearsed)
    target   A、B、D

About 70 % of the questions have one answer, which the first word says, as the publisher's prompt does. The answers to
its test questions are withheld; its dev questions are test here, and a tenth of train is validation. Questions about
one case of a counselling practice stay together. In some train rows, the text of option D stands behind the answer
instead of with the options (``D、移情``), and is put back there.

The publisher's rule: right is an answer with all right letters and no other one, nothing is given for a part; its
MCQA and MRQA are the slices ``single`` and ``multiple``, its average the score over all questions. Letters are read
as told at ``letters_of``: of a question with several answers much as the publisher's script does (whose letters must
also stand in order), of one with a single answer by the stock rules for labels, which know more wordings.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final

from anytasktune.examples import DataRequest, Example, Split
from anytasktune.metrics.grading import Grade, MeanOfRows, Status, missing
from anytasktune.metrics.reading import is_blank, read_label
from anytasktune.near_duplicates import comparison_key
from anytasktune.recipes import LABELS
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune_tasks import card_path

SOURCE: Final = PinnedFile(
    owner="CAS-SIAT-XinHai",
    repo="CPsyExam",
    commit="2cb3af80851659303020bb7480e662dddf806456",
    path="evaluations/llmeval/cpsyexam/cpsyexam.zip",
    sha256="c4f2f30f657a026af137937273832ae6047a528fbc4934b58201c1c1b6c378ed",
)
FOLDERS: Final[dict[str, Split]] = {"train": "train", "dev": "test"}
"""The publisher's folders that are used, and the split that each is here."""

OPTIONS: Final = "ABCDE"
ANSWERS: Final = {"single": "single", "multi": "multiple"}
ASKED: Final = {"single": "单选题", "multiple": "多选题"}
PARTS: Final = {"knowledge": "knowledge", "analyse": "case analysis"}

_MISPLACED: Final = re.compile(r"D、(.+)", re.DOTALL)
_NUMBERED: Final = re.compile(
    r"\A\W*案例(?:分析)?(?:十[一二三四五六七八九](?!般)|[一二三四五六七八九十]|\d+)?\s*(?:[(（]\d+[)）])?"
)  # 案例五一般资料 is case five, 一般资料
_OPENING: Final = 30
"""Characters by which a case is known again; its number and its questions change."""

_LETTERS: Final = re.compile(rf"(?<![A-Za-z])[{OPTIONS}]+(?![A-Za-z])")
_ONLY_LETTERS: Final = re.compile(rf"[{OPTIONS}\s,、;.。和与及]+")
_CUE: Final = re.compile(
    r"(?:答案|正确选项|\banswers?\b)\s*+(?:应该?\s*+)?(?:是|为|选|is\b|are\b|:)([^。\n]*)", re.IGNORECASE
)


def build(_request: DataRequest) -> Iterator[Example]:
    """Train and dev, file by file as they stand in the archive; ids are ``<train or dev>/<file>:<row>``."""
    with zipfile.ZipFile(SOURCE.fetch()) as archive:
        for name in archive.namelist():
            path = PurePosixPath(name)
            split = FOLDERS.get(path.parts[0])
            if split is None or path.suffix != ".json":
                continue
            for number, row in enumerate(json.loads(archive.read(name))):
                yield example(f"{path.with_suffix('')}:{number}", split, row)


def example(id: str, split: Split, row: dict[str, Any]) -> Example:
    """One published row."""
    answer, options = row["answer"], row["options"]
    answers = ANSWERS[row["question_type"]]
    misplaced = _MISPLACED.fullmatch(answer)
    if misplaced:
        answer, options = "D", {**options, "D": options["D"].strip() or misplaced[1]}
    choices = [f"{letter}. {options[letter]}" for letter in OPTIONS if options[letter].strip()]
    return Example(
        id=id,
        input="\n".join([f"{ASKED[answers]}：{row['question']}", *choices]),
        targets=tuple(letter for letter in OPTIONS if letter in answer),
        split=split,
        group=case_of(row["question"]) if row["kind"] == "analyse" else "",
        language="zh",
        slices={"answers": answers, "part": PARTS[row["kind"]]},
    )


def case_of(question: str) -> str:
    """One name for all questions about one case, by how it begins."""
    opening = comparison_key(_NUMBERED.sub("", question))[:_OPENING]
    return "case-" + hashlib.sha256(opening.encode()).hexdigest()[:16]


def letters_of(answer: str, *, several: bool) -> tuple[str, ...]:
    """The letters that an answer gives, A to E, each once; none: it cannot be read.

    1. The first line that says anything is nothing but letters.
    2. Where one letter is asked for: the stock rules for labels (``anytasktune.metrics.reading``).
    3. What stands behind ``答案是``, ``正确选项为``, ``answer:`` and the like, up to the end of the sentence.
    4. All letters of the answer that are no part of a word.
    """
    text = unicodedata.normalize("NFKC", answer)
    first = next((line for line in text.split("\n") if not is_blank(line)), "")
    if _ONLY_LETTERS.fullmatch(first):
        return _sorted(first)
    if not several:
        return read_label(answer, dict(zip(OPTIONS, OPTIONS, strict=True))).value
    cue = _CUE.search(text)
    return _sorted(cue[1]) if cue and _LETTERS.search(cue[1]) else _sorted(text)


def _sorted(text: str) -> tuple[str, ...]:
    return tuple(sorted({letter for run in _LETTERS.findall(text) for letter in run}))


class AllLetters(MeanOfRows):
    """Share of questions answered with all right letters and no other: CPsyExam's accuracy."""

    name = "accuracy"

    def grade(self, example: Example, answer: str | None) -> Grade:
        """1 for the right letters."""
        if answer is None:
            return missing(example)
        gold = tuple(sorted(example.targets))
        if is_blank(answer):
            return Grade(score=0.0, status="empty", gold=gold)
        read = letters_of(answer, several=example.slices.get("answers") != "single")
        status: Status = "read" if read else "unreadable"
        return Grade(score=float(read == gold and bool(read)), status=status, read=read, gold=gold)


SUBTASK = SubTask(
    id="psychology/exam-zh",
    yaml=card_path("psychology/exam_zh"),
    build=build,
    metric=AllLetters(),
    recipe=LABELS,
)
