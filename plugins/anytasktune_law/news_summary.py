"""A news report on a legal matter → its summary (LawBench 2-7, after CAIL 2021).

    input    本报讯 昨日，某市法院开庭审理一起电动车盗窃案，被告人甲某当庭认罪，法院判处其有期徒刑六个月。…
             (a city's court hears a case of a stolen e-bike; the accused confesses and gets six months)
    target   某市法院审理一起电动车盗窃案，被告人认罪，获刑六个月。

Scored by ROUGE-L over words, as the official scorer does with jieba 0.42.1 and rouge-chinese 1.0.3. GPT-4's
recorded answers come to the published 0.37925, Qwen-7B-chat's to 0.36042.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from anytasktune.examples import DataRequest, Example
from anytasktune.libraries import load_library
from anytasktune.metrics.grading import Grade, counted, missing
from anytasktune.metrics.reading import is_blank
from anytasktune.recipes import TEXT
from anytasktune.subtask import SubTask
from anytasktune_law import lawbench
from anytasktune_tasks import card_path

if TYPE_CHECKING:
    import jieba
    import numpy as np
    from numpy.typing import NDArray

TASK = "2-7"
PIECE: Final = 10_000
"""Characters that jieba is given at a time: its time grows with the square. No recorded answer is so long."""


def build(_request: DataRequest) -> Iterator[Example]:
    """All 500 reports; ids are ``2-7:<row>``."""
    for asked in lawbench.questions(TASK):
        yield lawbench.example(asked, [asked.answer])


class WordRougeL:
    """Mean over rows of ROUGE-L (Lin 2004): F1 of the longest common subsequence of words, cut by jieba.

    Equals rouge-chinese but for the 1e-8 that it adds under the fraction; its table of all pairs of words would
    take gigabytes for an answer that never ends. An answer of punctuation only is empty, and as a row scores 0;
    in the mean its few signs count as words, as they do in the official one.
    """

    name = "ROUGE-L"

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The F1 against the reference."""
        if answer is None:
            return missing(example)
        if is_blank(answer):
            signs = (answer,) if answer.strip() else ()
            return Grade(score=0.0, status="empty", read=signs, gold=example.targets)
        score = _f1(words(answer), example.targets)
        return Grade(score=score, status="read", read=(answer.strip(),), gold=example.targets)

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """The mean; NaN when no row counts."""
        scores = [_official(grade) for grade in counted(grades)]
        return {self.name: sum(scores) / len(scores) if scores else float("nan")}

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Means of the resampled rows, [B]."""
        import numpy

        means: NDArray[np.float64] = numpy.asarray([_official(g) for g in grades], dtype=float)[rows].mean(axis=1)
        return means


def _official(grade: Grade) -> float:
    return _f1(words(grade.read[0]), grade.gold) if grade.status == "empty" and grade.read else grade.score


def words(text: str) -> list[str]:
    """Words of jieba, as rouge-chinese counts them: no white space, but "" for a line of nothing else.

    It breaks the line behind a sentence's end; a line break that follows there leaves such a line.
    """
    pieces = (text[start : start + PIECE] for start in range(0, len(text), PIECE))
    spaced = " ".join(word for piece in pieces for word in _jieba().cut(piece))
    lines = re.sub(r"([。！？?]|\.{6}|…{2})([^”’])", r"\1\n\2", spaced).rstrip().split("\n")
    return [word for line in lines if line for word in line.split() or [""]]


_words_of_gold = lru_cache(maxsize=1024)(words)


def _f1(answer: Sequence[str], targets: Sequence[str]) -> float:
    from rapidfuzz.distance import LCSseq

    gold = _words_of_gold(targets[0])
    codes = {word: code for code, word in enumerate(dict.fromkeys([*answer, *gold]))}
    common = LCSseq.similarity([codes[word] for word in answer], [codes[word] for word in gold])
    return 2 * common / (len(answer) + len(gold))


@lru_cache(maxsize=1)
def _jieba() -> jieba.Tokenizer:
    """A tokenizer of our own with jieba's dictionary: no word that others added to the shared one.

    Its own start-up would log to stderr, and trust a cache in the folder for temporary files that anybody can write.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its source holds escapes that Python no longer likes
        library = load_library("jieba", "to score law/news-summary")
    tokenizer: jieba.Tokenizer = library.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


SUBTASK = SubTask(
    id="law/news-summary",
    yaml=card_path("law/news_summary"),
    build=build,
    metric=WordRougeL(),
    recipe=TEXT.but(max_length=1536),  # reports of up to 370 characters, and as much again for the longest summaries
    recorded=lawbench.recorded_answers(TASK),
)
