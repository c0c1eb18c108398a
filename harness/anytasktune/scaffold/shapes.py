"""The shapes in which rows are published: a plain table, alpaca, sharegpt, ``messages``, prompt and completion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from anytasktune.errors import UsageError
from anytasktune.scaffold.bio import are_tags, tagged, texts_in
from anytasktune.scaffold.chats import Chat, chat_of, form_of, is_chat
from anytasktune.scaffold.columns import Chosen, Guess, choose, named, plain
from anytasktune.scaffold.reading import place
from anytasktune.scaffold.values import is_empty, structure, text_of
from anytasktune.tables import RawRow, Table, column


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A row's input and what its target says, not yet read."""

    row: RawRow
    input: str
    target: Any


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """All rows as pairs.

    Args:
        pairs: in published order.
        left_out: a sentence for each row that gives none.
        target_name: the target's column.
        used: every column that inputs and targets were taken from.
        instruction: what every row is told in the same words; "" where there is no such thing.
        guesses: what was guessed, and why.
    """

    pairs: tuple[Pair, ...]
    left_out: tuple[str, ...]
    target_name: str
    used: tuple[str, ...]
    instruction: str = ""
    guesses: tuple[Guess, ...] = ()


Taking = Callable[[RawRow], tuple[str, Any]]
"""A row's input and target; raises ValueError where it has none."""


def pairs_of(table: Table, inputs: Sequence[str], target: str, taken: Sequence[str]) -> Pairs:
    """The rows as pairs, in whatever shape they are.

    Args:
        table: the rows.
        inputs: the columns that the author named; a named one is taken for a plain table's.
        target: likewise.
        taken: columns that have another use.

    Raises:
        UsageError: the shape is unknown and the columns do not speak for themselves.
    """
    found = None
    if target and not inputs and (tokens := _tagged_by(table, named(table, target))):
        found = _from_tags(table, tokens, named(table, target))
    elif not inputs and not target:
        found = _recognised(table, taken)
    if found is None:
        found = _from_columns(table, choose(table, inputs, target, taken))
    unused = [name for name in table.columns if name not in (*found.used, *taken)]
    if not unused:
        return found
    guess = Guess(what="not used", value=", ".join(map(repr, unused)), why="--slice keeps a column")
    return replace(found, guesses=(*found.guesses, guess))


def _recognised(table: Table, taken: Sequence[str]) -> Pairs | None:
    """The rows in a shape that is known by its columns; None for a plain table."""
    names = {plain(name): name for name in table.columns}
    chats = [name for name in table.columns if name not in taken and _all_chats(table, name)]
    if len(chats) == 1:
        return _from_chats(table, chats[0])
    if {"prompt", "completion"} <= names.keys() and set(chats) == {names["prompt"], names["completion"]}:
        return _from_split_chats(table, names["prompt"], names["completion"])
    if (tagged_by := _tokens_and_tags(table)) is not None:
        return _from_tags(table, *tagged_by)
    if alpaca := _alpaca(names):
        return _from_alpaca(table, *alpaca)
    answers = [names[name] for name in ("completion", "response") if name in names]
    return _from_prompts(table, names["prompt"], answers[0]) if "prompt" in names and len(answers) == 1 else None


def _take(table: Table, taking: Taking) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    pairs, left_out = [], []
    for row in table.rows:
        try:
            asked, answer = taking(row)
        except ValueError as error:
            left_out.append(f"{place(row)}: {error}")
            continue
        pairs.append(Pair(row=row, input=asked, target=answer))
    return tuple(pairs), tuple(left_out)


# --- plain tables -----


def _from_columns(table: Table, chosen: Chosen) -> Pairs:
    def taking(row: RawRow) -> tuple[str, Any]:
        said = {}
        for name in chosen.inputs:
            try:
                said[name] = text_of(row.values.get(name))
            except ValueError as error:
                raise ValueError(f"{name!r}: {error}") from None
        if len(said) == 1:
            return said[chosen.inputs[0]], row.values.get(chosen.target)
        return "\n".join(f"{name}: {text}" for name, text in said.items() if text), row.values.get(chosen.target)

    pairs, left_out = _take(table, taking)
    return Pairs(
        pairs=pairs,
        left_out=left_out,
        target_name=chosen.target,
        used=(*chosen.inputs, chosen.target),
        guesses=chosen.guesses,
    )


def _from_prompts(table: Table, prompt: str, answer: str) -> Pairs:
    shape = Guess(what="shape", value="prompt and completion", why=f"columns {prompt!r} and {answer!r}")
    pairs, left_out = _take(table, lambda row: (text_of(row.values.get(prompt)), row.values.get(answer)))
    return Pairs(pairs=pairs, left_out=left_out, target_name=answer, used=(prompt, answer), guesses=(shape,))


def _alpaca(names: Mapping[str, str]) -> tuple[str, str, str] | None:
    """The columns of instruction, input ("" where there is none) and answer; None where it is another shape."""
    answers = [
        names[name] for name in ("output", "answer", "response", "completion", "target", "label") if name in names
    ]
    inputs = [names[name] for name in ("input", "question", "query", "text") if name in names]
    if "instruction" not in names or len(answers) != 1 or len(inputs) > 1:
        return None
    return names["instruction"], inputs[0] if inputs else "", answers[0]


def _from_alpaca(table: Table, told: str, asked: str, answer: str) -> Pairs:
    """One instruction for all rows is the prompt's; otherwise it stands before each input."""
    found = f"columns {told!r}, " + (f"{asked!r}, " if asked else "") + f"{answer!r}"
    shape = Guess(what="shape", value="alpaca", why=found)
    distinct = {text for text in map(_lenient, column(table, told)) if text.strip()}
    filled = sum(not is_empty(value) for value in column(table, asked)) if asked else 0
    if len(distinct) == 1 and filled == len(table.rows):
        same = Guess(what="input", value=f"column {asked!r}", why="the instruction is the same in every row")
        pairs, left_out = _take(table, lambda row: (text_of(row.values.get(asked)), row.values.get(answer)))
        return Pairs(
            pairs=pairs,
            left_out=left_out,
            target_name=answer,
            used=(told, asked, answer),
            instruction=distinct.pop().strip(),
            guesses=(shape, same),
        )

    def taking(row: RawRow) -> tuple[str, Any]:
        parts = [text_of(row.values.get(name)) for name in (told, asked) if name]
        return "\n".join(part for part in parts if part.strip()), row.values.get(answer)

    joined = Guess(
        what="input",
        value=f"column {told!r}" + (f", then {asked!r}" if filled else ""),
        why=f"{len(distinct)} distinct instructions" + (f", {filled} rows with an input" if asked else ""),
    )
    pairs, left_out = _take(table, taking)
    return Pairs(
        pairs=pairs, left_out=left_out, target_name=answer, used=(told, asked, answer), guesses=(shape, joined)
    )


def _lenient(value: object) -> str:
    """A value's text, "" for what has none; such rows are named when they are taken."""
    try:
        return text_of(value)
    except ValueError:
        return ""


# --- tokens and tags -----


def _tokens_and_tags(table: Table) -> tuple[str, str] | None:
    """The column of tokens and the one that tags them; None where there is no such pair.

    Raises:
        UsageError: several columns are tags.
    """
    pairs = [(tokens, tags) for tags in table.columns if (tokens := _tagged_by(table, tags))]
    if len(pairs) > 1:
        raise UsageError(
            f"Several columns of {table.name} tag its tokens: {', '.join(repr(tags) for _, tags in pairs)}.",
            fix=f"name one: --target {pairs[0][1]}",
        )
    return pairs[0] if pairs else None


def _tagged_by(table: Table, tags: str) -> str:
    """The column of tokens that a named column tags; "" where there is none."""
    known = [name for name in table.columns if plain(name) in ("tokens", "words") and name != tags]
    return next((name for name in known if are_tags(column(table, name), column(table, tags))), "")


def _from_tags(table: Table, tokens: str, tags: str) -> Pairs:
    def taking(row: RawRow) -> tuple[str, Any]:
        return tagged(texts_in(row.values[tokens]) or [], texts_in(row.values[tags]) or [], plain(tags))

    pairs, left_out = _take(table, taking)
    shape = Guess(what="shape", value="tokens and tags", why=f"column {tags!r} has a tag for each of {tokens!r}")
    return Pairs(pairs=pairs, left_out=left_out, target_name=tags, used=(tokens, tags), guesses=(shape,))


# --- conversations -----


def _all_chats(table: Table, name: str) -> bool:
    """Whether a column holds conversations: the filled values do, or all but a few broken ones."""
    filled = [value for value in column(table, name) if not is_empty(value)]
    return bool(filled) and sum(map(is_chat, filled)) >= 0.9 * len(filled)


def _from_chats(table: Table, name: str) -> Pairs:
    first = next(value for value in column(table, name) if is_chat(value))
    shape = Guess(what="shape", value=form_of(first), why=f"column {name!r} holds conversations")
    return _of_chats(table, lambda row: row.values.get(name), (name,), shape)


def _from_split_chats(table: Table, prompt: str, answer: str) -> Pairs:
    shape = Guess(what="shape", value="prompt and completion", why="both hold turns of a conversation")

    def joined(row: RawRow) -> object:
        both = [structure(row.values.get(name)) for name in (prompt, answer)]
        return [turn for turns in both for turn in turns] if all(isinstance(turns, list) for turns in both) else None

    return _of_chats(table, joined, (prompt, answer), shape)


def _of_chats(table: Table, value_of: Callable[[RawRow], object], used: tuple[str, ...], shape: Guess) -> Pairs:
    """The last answer is the target; one system turn for all rows is the prompt's instruction."""
    chats: dict[int, Chat] = {}

    def reading(row: RawRow) -> tuple[str, Any]:
        chats[row.number] = chat_of(value_of(row))
        return chats[row.number].input, chats[row.number].target

    pairs, left_out = _take(table, reading)
    systems = {chat.system.strip() for chat in chats.values()}
    several = sum(chat.turns > 1 for chat in chats.values())
    why = "the turns before the last answer" if several else "the user's one turn"
    guesses = [shape, Guess(what="input", value=why, why=f"{several} of {len(chats)} conversations have several")]
    guesses.append(Guess(what="target", value="the last turn of the assistant", why="that is what is tuned on"))
    if len(systems) == 1:
        instruction = systems.pop()
        if instruction:
            guesses.append(Guess(what="instruction", value="the system turn", why="the same in every row"))
    else:
        instruction = ""
        guesses.append(Guess(what="input", value="begins with the system turn", why=f"{len(systems)} distinct ones"))
        pairs = tuple(
            Pair(row=p.row, input="\n\n".join(filter(None, (chats[p.row.number].system, p.input))), target=p.target)
            for p in pairs
        )
    return Pairs(
        pairs=pairs, left_out=left_out, target_name=used[-1], used=used, instruction=instruction, guesses=tuple(guesses)
    )
