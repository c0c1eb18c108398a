"""Which column is the input and which the target: by their names, else by what stands in them, else not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from anytasktune.authoring import SPLIT_NAMES
from anytasktune.errors import DataError, UsageError
from anytasktune.row_checks import is_number
from anytasktune.scaffold.values import is_empty, is_structure, shown, text_of
from anytasktune.tables import Table, column, column_name


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


INPUT_NAMES: Final = _names(
    "text sentence input question query content document review message utterance prompt tweet comment passage body "
    "description abstract article source src 文本 内容 句子 问题 评论 留言 正文 输入 原文"
)
TARGET_NAMES: Final = _names(
    "label labels target targets category categories class classes intent sentiment emotion stance topic tag tags "
    "output answer answers completion response summary entities spans score rating gold gold_label label_text "
    "label_name 标签 类别 分类 答案 情感 意图 实体 摘要 输出 回答 结果 目标"
)
CLASS_NAMES: Final = _names(
    "label labels category categories class classes intent sentiment emotion stance topic tag tags type gold_label "
    "label_text label_name 标签 类别 分类 类型 情感 意图"
)
AMOUNT_NAMES: Final = _names(
    "score rating amount price count number value total months age length similarity 分数 评分 金额 数值 数量 价格 月数"
)
_ID_NAMES: Final = _names("id ids idx index uid guid _id no no. row unnamed:_0 编号 序号 索引")
_SPLIT_COLUMNS: Final = _names("split subset set fold partition 划分 数据集")
_LONGER: Final = 3.0
"""An input is so many times as long as any other column, where only its length speaks for it."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What was guessed, and why."""

    what: str
    value: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.value} ({self.why})"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The columns of a plain table, with a sentence for each that was not named by the author."""

    inputs: tuple[str, ...]
    target: str
    guesses: tuple[Guess, ...]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column in figures.

    Args:
        name: in the table's own spelling.
        rows, filled, distinct: counts; distinct among the filled.
        mean: characters on average.
        lists: how many values are lists or objects.
        numerals: every filled value is a numeral.
        example: one value.
    """

    name: str
    rows: int
    filled: int
    distinct: int
    mean: float
    lists: int
    numerals: bool
    example: object

    def __str__(self) -> str:
        if not self.filled:
            return f"{self.name!r}: empty"
        holds = f"{self.lists} lists or objects" if self.lists else f"{self.mean:.0f} characters on average"
        return f"{self.name!r}: {self.filled} filled, {self.distinct} distinct, {holds}; e.g. {shown(self.example)}"


def plain(name: str) -> str:
    """A column's name as it is compared."""
    return "_".join(name.strip().lower().replace("-", " ").split())


def figures(table: Table, name: str) -> Column:
    """One column in figures."""
    filled = [value for value in column(table, name) if not is_empty(value)]
    lists = sum(is_structure(value) for value in filled)
    texts = [str(value) if is_structure(value) else text_of(value) for value in filled]
    return Column(
        name=name,
        rows=len(table.rows),
        filled=len(filled),
        distinct=len(set(texts)),
        mean=sum(map(len, texts)) / len(texts) if texts else 0.0,
        lists=lists,
        numerals=bool(texts) and not lists and all(is_number(text) for text in texts),
        example=filled[0] if filled else "",
    )


def named(table: Table, wanted: str) -> str:
    """The table's spelling of a column that the author named.

    Raises:
        UsageError: there is none; names the nearest.
    """
    try:
        return column_name(table, wanted)
    except DataError as error:
        raise UsageError(error.problem, evidence=error.evidence, fix=error.fix) from None


def split_column(table: Table) -> tuple[str, str]:
    """The column that says the published split, and a sentence where one looks like it and does not."""
    for name in table.columns:
        if plain(name) not in _SPLIT_COLUMNS:
            continue
        values = [value for value in column(table, name) if not is_structure(value)]
        texts = {text_of(value).strip().lower() for value in values}
        if texts <= SPLIT_NAMES.keys() and len(values) == len(table.rows):
            return name, ""
        strange = ", ".join(repr(text) for text in sorted(texts - SPLIT_NAMES.keys())[:3])
        return "", f"column {name!r} is not taken for the split: it holds {strange or 'lists'}"
    return "", ""


def choose(table: Table, inputs: Sequence[str], target: str, taken: Sequence[str]) -> Chosen:
    """The input and the target of a plain table.

    Args:
        table: with its columns.
        inputs: the columns that the author named; none where they are to be guessed.
        target: likewise.
        taken: columns that have another use (split, group, slices).

    Raises:
        UsageError: nothing speaks clearly for one column; every column is told.
    """
    known = [figures(table, name) for name in table.columns]
    free = [c for c in known if c.name not in taken and c.filled and not _is_id(c)]
    chosen_inputs = [named(table, name) for name in inputs]
    chosen_target = named(table, target) if target else ""
    guesses: list[Guess] = []
    if not chosen_target:
        by_name = [c for c in free if plain(c.name) in TARGET_NAMES and c.name not in chosen_inputs]
        by_name = _with_words(table, by_name)
        if len(by_name) == 1:
            chosen_target = by_name[0].name
            guesses.append(Guess(what="target", value=f"column {chosen_target!r}", why="its name"))
        elif len(by_name) > 1:
            raise _unsure(table, "target", [c.name for c in by_name], known)
    if not chosen_inputs:
        left = [c for c in free if c.name != chosen_target and not c.lists]
        guess = _input_of(table, left, known, chosen_target)
        chosen_inputs = [guess[0]]
        guesses.insert(0, guess[1])
    if not chosen_target:
        left = [c for c in free if c.name not in chosen_inputs]
        if len(left) != 1:
            raise _unsure(table, "target", [c.name for c in left], known)
        chosen_target = left[0].name
        guesses.append(Guess(what="target", value=f"column {chosen_target!r}", why="the only one that is left"))
    if chosen_target in chosen_inputs:
        raise UsageError(f"The column {chosen_target!r} cannot be both input and target.")
    return Chosen(inputs=tuple(chosen_inputs), target=chosen_target, guesses=tuple(guesses))


def _input_of(table: Table, left: list[Column], known: list[Column], target: str) -> tuple[str, Guess]:
    by_name = [c for c in left if plain(c.name) in INPUT_NAMES]
    if len(by_name) == 1:
        return by_name[0].name, Guess(what="input", value=f"column {by_name[0].name!r}", why="its name")
    if len(by_name) > 1:
        raise _unsure(table, "input", [c.name for c in by_name], known)
    texts = sorted((c for c in left if not c.numerals), key=lambda c: -c.mean)
    if len(texts) == 1 and (target or len(left) <= 2):
        why = f"the only column of words: {texts[0].mean:.0f} characters on average"
    elif len(texts) > 1 and texts[0].mean >= _LONGER * texts[1].mean:
        first, second = texts[:2]
        why = f"the longest: {first.mean:.0f} characters on average, the next, {second.name!r}, {second.mean:.0f}"
    else:
        raise _unsure(table, "input", [c.name for c in texts], known)
    return texts[0].name, Guess(what="input", value=f"column {texts[0].name!r}", why=why)


def _with_words(table: Table, candidates: list[Column]) -> list[Column]:
    """Of a column of codes and one of their names (``label`` 0, ``label_text`` spam), the names alone."""
    for codes in candidates:
        for words in candidates:
            if not codes.numerals or words.numerals or words.lists:
                continue
            pairs = set(zip(map(str, column(table, codes.name)), map(str, column(table, words.name)), strict=True))
            if len(pairs) == len({code for code, _ in pairs}) == len({word for _, word in pairs}):
                return [c for c in candidates if c is not codes]
    return candidates


def _is_id(column_: Column) -> bool:
    nameless = column_.name.startswith("column ") and column_.numerals and column_.distinct == column_.filled
    return plain(column_.name) in _ID_NAMES or nameless


def _unsure(table: Table, what: str, candidates: Sequence[str], known: Sequence[Column]) -> UsageError:
    fit = f"{', '.join(map(repr, candidates))} would all do" if candidates else "none looks like it"
    return UsageError(
        f"It cannot be told which column of {table.name} is the {what}: {fit}.",
        evidence=known,
        fix="--input COLUMN --target COLUMN" + ("; --input may be repeated" if what == "input" else ""),
    )
