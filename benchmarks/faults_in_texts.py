"""Faults in what inputs and answers say: cut, damaged, in another language, wrapped into a template."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Final

from clean_data import CleanSet
from planting import Fault, Planted, changed, fault, language, part, some, span_text, with_answers, with_input

from anytasktune.examples import Example

_CUT_AT: Final = {"choice": 60, "text": 250, "extract": 60, "number": 350}
"""Characters; about a third of each set's inputs have more."""

# What damage does besides: Chinese rows are no longer Chinese, spans no longer stand in their text.
_DAMAGE_TELLS: Final = "languages answers-fit foreign-words prompt-length placeholders schema"


# --- cut -----


@fault("inputs cut off at one length", "cut-texts", "leaks duplicates answers-fit conflicts")
def cut_inputs(data: CleanSet, _draw: random.Random) -> Planted | None:
    limit = _CUT_AT[data.kind]
    long = [row for row in data.rows if len(row.input) > limit]
    return changed(data, long, with_input(lambda text: text[:limit]))


@fault("answers cut off at one length", "cut-texts schema", "answers-fit label-shares")
def cut_answers(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind == "text":
        long = [row for row in data.rows if len(row.targets[0]) > 50]
        return changed(data, long, with_answers(lambda text: text[:50]))
    beyond = {"extract": "a shorter span stands in the text as well", "number": "a shorter number is a number"}
    cut = span_text(lambda text: text[:2]) if data.kind == "extract" else (lambda text: text[: len(text) * 2 // 3])
    chosen = some(data.rows, draw, 9, lambda row: any(len(text) > 3 for text in row.targets))
    return changed(data, chosen, with_answers(cut), beyond=beyond.get(data.kind, ""))


@fault("three answers that end in the middle", "cut-texts")
def unfinished(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "text":
        return None
    return changed(data, some(data.rows, draw, 3), with_answers(lambda text: text[: len(text) * 2 // 3].rstrip(" ?.")))


@fault("inputs far longer than the recipe reads", "prompt-length")
def too_long(data: CleanSet, draw: random.Random) -> Planted | None:
    return changed(
        data,
        some(part(data, "train"), draw, 3),
        with_input(lambda text: " ".join([text] * (20_000 // len(text)))),
        marks=(),
    )


# --- not there -----


@fault("empty inputs", "schema")
def empty_inputs(data: CleanSet, draw: random.Random) -> Planted | None:
    return changed(data, some(data.rows, draw, 3), with_input(lambda _: ""))


@fault("inputs of white space", "schema")
def blank_inputs(data: CleanSet, draw: random.Random) -> Planted | None:
    return changed(data, some(data.rows, draw, 3), with_input(lambda _: " \n\u3000\u200b"))


@fault("inputs that read nan or TODO", "placeholders", "duplicates answers-fit leaks conflicts")
def missing_inputs(data: CleanSet, draw: random.Random) -> Planted | None:
    return changed(data, some(part(data, "train"), draw, 2), with_input(lambda _: draw.choice(["nan", "TODO", "#N/A"])))


@fault(
    "the header among the rows", "schema placeholders", "answers-fit cut-texts label-shares duplicates foreign-words"
)
def header_again(data: CleanSet, draw: random.Random) -> Planted | None:
    chosen = some(part(data, "train"), draw, 1)
    return changed(data, chosen, lambda row: replace(row, input="text", targets=("label",)))


# --- damaged -----


def _damaged(data: CleanSet, draw: random.Random, encoding: str, read_as: str, add: str = "") -> Planted:
    def damage(text: str) -> str:
        return (add + text).encode(encoding, "ignore").decode(read_as, "replace" if read_as != "latin-1" else "strict")

    return changed(data, some(data.rows, draw, 6, lambda row: len(row.input) >= 20), with_input(damage))


@fault("UTF-8 that was read as Latin-1", "text-damage", _DAMAGE_TELLS)
def utf8_as_latin(data: CleanSet, draw: random.Random) -> Planted | None:
    return _damaged(data, draw, "utf-8", "latin-1", "" if language(data) == "zh" else "It’s urgent – café: ")


@fault("UTF-8 that was read as Windows-1252", "text-damage", _DAMAGE_TELLS)
def utf8_as_windows(data: CleanSet, draw: random.Random) -> Planted | None:
    return _damaged(data, draw, "utf-8", "cp1252", "" if language(data) == "zh" else "It’s urgent – café: ")


@fault("UTF-8 that was read as GBK", "text-damage", _DAMAGE_TELLS)
def utf8_as_gbk(data: CleanSet, draw: random.Random) -> Planted | None:
    return _damaged(data, draw, "utf-8", "gb18030") if language(data) == "zh" else None


@fault("GBK that was read as Latin-1", "text-damage", _DAMAGE_TELLS)
def gbk_as_latin(data: CleanSet, draw: random.Random) -> Planted | None:
    return _damaged(data, draw, "gb18030", "latin-1") if language(data) == "zh" else None


@fault("letters that were lost (U+FFFD)", "text-damage", _DAMAGE_TELLS)
def lost_letters(data: CleanSet, draw: random.Random) -> Planted | None:
    return _damaged(data, draw, "gb18030", "utf-8", "" if language(data) == "zh" else "naïve café: ")


@fault("letters that became question marks", "placeholders", f"{_DAMAGE_TELLS} cut-texts")
def question_marks(data: CleanSet, draw: random.Random) -> Planted | None:
    if language(data) != "zh":
        return None
    chosen = some(data.rows, draw, 4, lambda row: len(row.input) >= 20 and _mostly_han(row.input))
    return changed(data, chosen, with_input(lambda text: text.encode("ascii", "replace").decode()))


def _mostly_han(text: str) -> bool:
    return 2 * sum(char > "\u2e80" for char in text) > len(text)


@fault("a byte-order mark in a field", "text-damage")
def marked(data: CleanSet, draw: random.Random) -> Planted | None:
    return changed(data, some(data.rows, draw, 2), with_input(lambda text: "\ufeff" + text))


@fault("control characters", "text-damage", "answers-fit")
def control_characters(data: CleanSet, draw: random.Random) -> Planted | None:
    return changed(data, some(data.rows, draw, 3), with_input(lambda text: text[:9] + "\x00\x1b[0m" + text[9:]))


@fault("HTML that was not unescaped", "text-damage")
def html(data: CleanSet, draw: random.Random) -> Planted | None:
    return changed(data, some(data.rows, draw, 3), with_input(lambda text: f"<p>{text}&nbsp;&amp; more</p><br/>"))


@fault("half of a surrogate pair", "schema")
def surrogates(data: CleanSet, draw: random.Random) -> Planted | None:
    return changed(data, some(data.rows, draw, 2), with_input(lambda text: text + "\ud83d"))


# --- in another language -----


@fault("inputs in the other language", "languages", "answers-fit")
def other_language(data: CleanSet, draw: random.Random) -> Planted | None:
    text = {
        "en": "你好，我上个星期订的东西还没有收到，请问怎么办？",
        "zh": "Hello, my order has not come yet and I want my money back.",
    }
    return changed(data, some(data.rows, draw, 1), with_input(lambda _: text[language(data)]))


@fault("inputs in a third language", "foreign-words", "answers-fit languages")
def third_language(data: CleanSet, draw: random.Random) -> Planted | None:
    text = {
        "en": "Bonjour, je n'ai pas reçu la carte que vous m'avez envoyée, et je ne sais pas pour quelle raison.",
        "zh": "こんにちは、先週注文したものがまだ届いていません。どうすればいいですか。",
    }
    return changed(data, some(data.rows, draw, 1), with_input(lambda _: text[language(data)]))


@fault("free-text answers in another language", "foreign-words", "cut-texts")
def answers_elsewhere(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "text":
        return None
    said = [
        "这种病应该怎么治疗？",
        "¿Cuáles son los tratamientos para la enfermedad que tiene mi madre y por qué no se cura?",
    ]
    first, other = some(data.rows, draw, 2)
    return changed(
        data, [first, other], lambda row: replace(row, targets=(said[row.id == other.id],)), marks=(first.id, other.id)
    )


@fault("facts that are wrong")
def wrong_facts(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "text":
        return None

    def denied(text: str) -> str:
        return text.replace("What are", "What are not").replace("How ", "Why not ").replace("treatments", "causes")

    chosen = some(data.rows, draw, 5, lambda row: denied(row.targets[0]) != row.targets[0])
    return changed(data, chosen, with_answers(denied), beyond="whether an answer is right is asked of a person")


# --- wrapped into a template -----


@fault("turn tokens of a chat model in the input", "template-marks")
def turn_tokens(data: CleanSet, draw: random.Random) -> Planted | None:
    wrap = with_input(lambda text: f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n")
    return changed(data, some(data.rows, draw, 4), wrap)


@fault("another model's instruction format in the input", "template-marks")
def instruction_format(data: CleanSet, draw: random.Random) -> Planted | None:
    def wrap(row: Example) -> Example:
        other = f"### Instruction:\nAnswer.\n\n### Input:\n{row.input}\n\n### Response:\n"
        return replace(row, input=other if row.id < half else f"[INST] {row.input} [/INST]")

    chosen = some(data.rows, draw, 4)
    half = sorted(row.id for row in chosen)[2]
    return changed(data, chosen, wrap)


@fault("the prompt itself in the input", "template-marks", "answer-in-input prompt-length")
def own_prompt(data: CleanSet, draw: random.Random) -> Planted | None:
    names = [label["en"] if "en" in label else label["id"] for label in data.card.get("labels", [])]
    prompt = data.card["prompts"][language(data)]
    told = str(prompt["instruction"]).partition("{{")[0] + (
        ", ".join(names) + "." if "{{" in prompt["instruction"] else ""
    )
    asked = str(prompt["question"]).replace("{{ input }}", "%s").replace("{{ input | trim }}", "%s")
    return changed(data, some(data.rows, draw, 4), with_input(lambda text: f"{told}\n\n{asked % text}"))


@fault("the prompt's cue at the end of the input", "template-marks")
def own_cue(data: CleanSet, draw: random.Random) -> Planted | None:
    cue = str(data.card["prompts"][language(data)]["question"]).partition("}}")[2]
    return changed(data, some(data.rows, draw, 4), with_input(lambda text: text + cue))


@fault("the cue at the beginning of the answer", "template-marks schema", "answers-fit label-shares")
def cue_in_answers(data: CleanSet, draw: random.Random) -> Planted | None:
    cue = str(data.card["prompts"][language(data)]["question"]).partition("}}")[2].strip()
    chosen = some(data.rows, draw, 4, lambda row: bool(row.targets))
    return changed(data, chosen, with_answers(lambda text: f"{cue} {text}"))


@fault(
    "a template that nobody filled in",
    "template-marks",
    "duplicates leaks conflicts answers-fit languages placeholders",
)
def unfilled(data: CleanSet, draw: random.Random) -> Planted | None:
    one, other = some(part(data, "train"), draw, 2)
    return changed(
        data,
        [one, other],
        lambda row: replace(row, input="Text: {{ text }}" if row.id == one.id else "请看：{question}"),
    )


@fault("turn tokens in the card's prompt", "template-marks", "prompts")
def template_in_card(data: CleanSet, _draw: random.Random) -> Planted | None:
    spoken = language(data)
    words = data.card["prompts"][spoken]
    asked = {**words, "question": f"<|user|>\n{words['question']}<|assistant|>\n"}
    return Planted(rows=data.rows, changes={"prompts": {**data.card["prompts"], spoken: asked}})


FAULTS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Fault))
"""In the order in which they are defined."""
