"""What all readers share: where an answer begins and ends, its paragraphs, clauses and cues."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from anytasktune.metrics.grading import Status
from anytasktune.metrics.reading.normalising import bare, is_blank


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was found in an answer.

    Args:
        status: ``read``, ``empty`` or ``unreadable``.
        value: the label id; the ids of a set, sorted; one canonical numeral; one ``type: text`` a span; the
            text.
        run_on: text followed that was not scored.
    """

    status: Status
    value: tuple[str, ...] = ()
    run_on: bool = False


_EN_CUES = (
    "question|text|input|passage|sentence|document|context|example|instruction|premise|review|tweet|headline|post"
    "|article|paragraph|user|human|q"
)
_ZH_CUES = "问题|题目|输入|文本|句子|案情|案例|事实|用户|示例|例子|材料|原文|段落|短文|文章|问"
LINE_CUE = re.compile(rf"(?im)^[#*\[ ]{{0,6}}(?:{_EN_CUES}|{_ZH_CUES}) ?\d{{0,3}}[\]* ]{{0,4}}[:：]")
_INLINE_CUE = re.compile(
    r"(?<=[\s.!?。！？])(?:Question|Text|Input|Passage|Sentence|QUESTION|TEXT|INPUT|问题|题目|输入|文本)"
    r" ?\d{0,3} ?[:：]"
)
TURN = re.compile(r"<\|[a-z_]+\|>|</s>|<(?:end|start)_of_turn>|<eos>|\[/?INST\]", re.IGNORECASE)
ANSWER_LINE = re.compile(r"(?im)^[#*\[ ]{0,6}(?:answer|label|summary|output|response|答案|输出|回答|标签|a|答) ?[:：]")
_THOUGHT = re.compile(r"(?s)^.*</think(?:ing)?>")


def is_empty(answer: str) -> bool:
    """Nothing but turn tokens, space and punctuation."""
    return is_blank(TURN.sub("", answer))


def spoken(answer: str) -> str:
    """The answer without its reasoning ("" when that never ended) and without turn tokens in front."""
    text = _THOUGHT.sub("", answer)
    if re.match(r"\s*<think(?:ing)?>", text):
        return ""
    leading = re.match(rf"(?:\s*(?:{TURN.pattern}))+", text, re.IGNORECASE)
    return text[leading.end() :] if leading else text


def head_of(text: str) -> tuple[str, bool]:
    """What stands before a run-on cue, and whether there was one."""
    cuts = [m.start() for pattern in (TURN, LINE_CUE, _INLINE_CUE) if (m := pattern.search(text))]
    return (text[: min(cuts)], True) if cuts else (text, False)


_EN_ANSWER = "answer|label|category|class|classification|sentiment|stance|output|response|prediction|verdict|choice"
_ZH_ANSWER = "答案|标签|类别|结果|输出|回答|结论|分类|应选|故选|选择"
FINAL = re.compile(r"(?:final answer|####|\\boxed|最终答案|最后答案)[ *\"'`]*(?:is|:|为|是|应为)?", re.IGNORECASE)
ANSWER = re.compile(
    rf"\b(?:{_EN_ANSWER})\b[ *\"'`]*(?:(?:would be|should be|is|:)[ *\"'`]*:?)"
    rf"|(?:{_ZH_ANSWER})(?:应该是|应该为|应当是|应当为|应是|应为|是|为|:)?[ *\"'`]*:?",
    re.IGNORECASE,
)


def cue_word(cue: re.Match[str]) -> str:
    """What a match of ``FINAL`` or ``ANSWER`` calls the answer."""
    word = re.match(rf"final answer|最终答案|最后答案|{_EN_ANSWER}|{_ZH_ANSWER}|\W+", cue.group(), re.IGNORECASE)
    return word.group().casefold() if word else ""


def paragraphs_of(text: str) -> list[tuple[int, int]]:
    """Where the paragraphs are, [start, end); those without a word are none."""
    return [m.span() for m in re.finditer(r"[^\n]+(?:\n[^\n]+)*", text) if not is_blank(m.group())]


def after_cue(text: str) -> str:
    """What stands behind "final answer" or "answer"; the whole text where there is no such cue."""
    for pattern in (FINAL, ANSWER):
        cue = pattern.search(text)
        if cue is not None and not is_blank(text[cue.end() :]):
            return text[cue.end() :]
    return text


_STOP = re.compile(r"[\n;。!?]|\.(?!\d)|,(?=[^ \d])")


def stops_of(text: str, labels: Sequence[tuple[int, int]] = ()) -> list[int]:
    """Where sentences and lines end; a stop inside one of ``labels`` (in order, none within another) is none."""
    starts = [start for start, _ in labels]

    def inside(at: int) -> bool:
        before = bisect_right(starts, at) - 1
        return before >= 0 and at < labels[before][1]

    return [at for stop in _STOP.finditer(text) if not inside(at := stop.start())]


def clause(text: str, start: int, stops: Sequence[int]) -> tuple[int, int]:
    """From ``start`` (space skipped) to the next of ``stops``."""
    while start < len(text) and is_blank(text[start]):
        start += 1
    after = bisect_left(stops, start)
    return start, stops[after] if after < len(stops) else len(text)


_NOTHING = frozenset(
    [
        *("none", "nothing", "empty", "no label", "no labels", "no entities", "no spans", "n/a", "null", "nil"),
        *("无", "没有", "空", "不涉及", "未涉及", "无标签", "无实体", "没有标签", "没有实体", "以上都不是"),
    ]
)


def says_nothing(text: str) -> bool:
    """The text is a word for "none"."""
    return text.strip() in _NOTHING or bare(text.strip()) in _NOTHING
