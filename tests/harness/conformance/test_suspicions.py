"""Checks that guess: what each notes, and what good rows they leave alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from demo_tasks import LABELS, PROMPTS, rows
from examining import Examine, Row

from anytasktune.conformance.mojibake import misread
from anytasktune.conformance.tongues import tongue
from anytasktune.examples import KINDS, Example, Kind

CHECKS = ("label-names", "template-marks", "shown-answers", "placeholders", "cut-texts", "foreign-words", "answers-fit")


def english(kind: Kind, count: int, targets: Sequence[tuple[str, ...]], split: str = "") -> list[Example]:
    """English rows that say different things; their answers take ``targets`` in turn."""
    draw = random.Random(1)
    words = "kettle lamp river stone cloud violin paper garden window basket ladder button candle mirror".split()
    return [
        replace(
            rows(kind)[0],
            id=f"row:{number}",
            input=f"the {' '.join(draw.choices(words, k=4 + number % 7))} came {number} days late.",
            targets=targets[number % len(targets)],
            split=split or ("train" if number % 2 else "test"),  # type: ignore[arg-type]
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("kind", KINDS)
def test_sound_rows_are_left_alone(examine: Examine, kind: Kind, check: str) -> None:
    assert examine(check, kind).status in ("pass", "skipped")


# --- labels -----


def test_a_rare_label_one_slip_from_a_common_one_is_noted(examine: Examine) -> None:
    examples = english("choice", 40, [("billing",), ("refund",)])
    examples[3] = replace(examples[3], targets=("refnud",))
    found = examine("label-names", examples=examples, labels=[*LABELS, {"id": "refnud"}])
    assert (found.status, found.evidence) == ("note", ("'refnud' × 1 for 'refund' × 19",))


@pytest.mark.parametrize(
    "pair", [("level 1", "level 2"), ("过失以危险方法危害公共安全", "以危险方法危害公共安全"), ("cat", "car")]
)
def test_labels_that_only_look_alike_are_left_alone(examine: Examine, pair: tuple[str, str]) -> None:
    examples = english("choice", 40, [(pair[0],)])
    examples[3] = replace(examples[3], targets=(pair[1],))
    assert examine("label-names", examples=examples, labels=[{"id": label} for label in pair]).status == "pass"


def test_two_labels_that_are_both_common_are_no_slip(examine: Examine) -> None:
    examples = english("choice", 40, [("refund",), ("refunds",)])
    assert examine("label-names", examples=examples, labels=[{"id": "refund"}, {"id": "refunds"}]).status == "pass"


def test_names_in_each_others_language_are_noted(examine: Examine) -> None:
    labels = [{"id": "billing", "en": "账单", "zh": "billing bill"}, {"id": "refund", "zh": "退款"}]
    found = examine("label-names", labels=labels)
    assert found.evidence == ("'billing' is called '账单' in English and 'billing bill' in Chinese",)


# --- what belongs elsewhere -----


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<|im_start|>user\nwhere is my parcel", "'<|im_start|>'"),
        ("<｜User｜>where is my parcel", "'<｜User｜>'"),
        ("[INST] where is my parcel [/INST]", "'[INST]'"),
        ("### Instruction:\nAnswer.\n### Response:", "'### Instruction:'"),
        ("Message: {{ text }} and so on", "'{{ text }}'"),
        ("Message: {question} and so on", "'{question}'"),
        ("where is my parcel\nAnswer:", "ends in the cue 'answer:'"),
        ("Answer with one of: billing, refund.\n\nwhere is it", "has the instruction in its input"),
    ],
)
def test_a_template_in_an_input_is_noted(examine: Examine, example: Row, text: str, shown: str) -> None:
    found = examine("template-marks", examples=[*rows("choice"), example("odd:0", input=text)])
    assert found.status == "note"
    assert found.evidence[0].startswith("odd:0 ")
    assert shown in found.evidence[0]


@pytest.mark.parametrize(
    "text",
    ["a < b | c > d", "see [1] and ## 3", "x = {1: 2} and {{a}", "it costs ${input}", "the answer: none yet"],
)
def test_marks_of_other_things_are_left_alone(examine: Examine, example: Row, text: str) -> None:
    assert examine("template-marks", examples=[*rows("choice"), example("odd:0", input=text)]).status == "pass"


def test_turn_tokens_in_the_prompt_are_noted(examine: Examine) -> None:
    asked = {**PROMPTS["en"], "question": "<|user|>{{ input }}\nAnswer:"}
    found = examine("template-marks", prompts={**PROMPTS, "en": asked})
    assert found.evidence == ("the en prompt holds '<|user|>', and a chat model gets its own turn tokens besides",)


def test_an_input_that_shows_another_row_with_its_answer_is_noted(examine: Examine, example: Row) -> None:
    shown = example("shown:0", targets=("refund",))
    shot = example("shot:0", split="test", input=f"{shown.input}\nAnswer: refund\n\nwhere is my violin")
    found = examine("shown-answers", examples=[*rows("choice"), shown, shot])
    assert (found.status, found.evidence) == ("note", ("shot:0 shows shown:0 and its answer 'refund'",))
    quoting = replace(shot, input=f"{shown.input}, so that i want a refund")
    assert examine("shown-answers", examples=[*rows("choice"), shown, quoting]).status == "pass"


@pytest.mark.parametrize(
    ("kind", "target", "end"),
    [
        ("text", "It was paid twice.", "\nAnswer: It was paid twice."),
        ("number", "350", "\nAnswer: 350"),
        ("extract", "place: Rome", "\nplace: Rome"),
    ],
)
def test_an_input_that_ends_in_its_answer_is_noted(
    examine: Examine, example: Row, kind: Kind, target: str, end: str
) -> None:
    told = example("told:0", targets=(target,))
    found = examine("shown-answers", kind, [*rows(kind), replace(told, input=told.input + end)])
    assert (found.status, found.evidence) == ("note", ("told:0 ends in its answer",))
    assert examine("shown-answers", kind, [*rows(kind), told]).status == "pass"


@pytest.mark.parametrize(
    "text", ["nan", "N/A", "TODO", "[deleted]", "#REF!", "待补充", "??????", "text", "文本", "??5??"]
)
def test_an_input_that_stands_for_nothing_is_noted(examine: Examine, example: Row, text: str) -> None:
    found = examine("placeholders", examples=[*rows("choice"), example("odd:0", input=text)])
    assert (found.status, found.evidence) == ("note", (f"odd:0 has the input {text!r}",))


@pytest.mark.parametrize("text", ["nana", "none of it came", "why?", "really??? where is it"])
def test_an_input_that_says_something_is_left_alone(examine: Examine, example: Row, text: str) -> None:
    assert examine("placeholders", examples=[*rows("choice"), example("odd:0", input=text)]).status == "pass"


def test_an_answer_that_stands_for_nothing_is_noted(examine: Examine, example: Row) -> None:
    for kind, target in (("text", "nan"), ("extract", "place: N/A")):
        found = examine("placeholders", kind, [*rows(kind), example("odd:0", targets=(target,))])  # type: ignore[arg-type]
        assert found.status == "note", kind


# --- whole -----


def test_inputs_of_one_greatest_length_are_noted(examine: Examine) -> None:
    examples = english("choice", 120, [("billing",), ("refund",)])
    cut = [replace(row, input=row.input[:50]) for row in examples]
    found = examine("cut-texts", examples=cut)
    assert found.status == "note"
    assert "inputs have 50 characters, and none has more: they look cut off" in found.message
    assert examine("cut-texts", examples=examples).status == "pass"


def test_inputs_that_all_have_one_length_are_left_alone(examine: Examine) -> None:
    same = [replace(row, input=row.input[:30]) for row in english("choice", 80, [("billing",), ("refund",)])]
    assert examine("cut-texts", examples=same).status == "pass"


def test_answers_that_lack_the_closing_mark_of_all_others_are_noted(examine: Examine) -> None:
    examples = english("text", 80, [("It was paid twice.",), ("Where is it?",), ("钱付了两次。",)])
    examples[7] = replace(examples[7], targets=("It was paid",))
    found = examine("cut-texts", "text", examples)
    assert (found.status, found.evidence) == ("note", ("row:7 ends in 'It was paid'",))
    half = [replace(row, targets=(row.targets[0].rstrip(".?。"),)) for row in examples]
    assert examine("cut-texts", "text", half).status == "pass"


# --- languages -----


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Je n'ai pas reçu la carte que vous m'avez envoyée, pour quelle raison", "French"),
        ("Ich habe die Karte nicht bekommen und weiß nicht, was ich mit der Rechnung tun soll", "German"),
        ("No he recibido la tarjeta que me enviaron y no sé por qué es así con el banco", "Spanish"),
        ("先週注文したものがまだ届いていません", "Japanese"),
        ("카드를 아직 받지 못했습니다", "Korean"),
        ("Я ещё не получил свою карту", "Cyrillic"),
        ("I have not received the card that you sent me", "Latin script"),
        ("El Niño and La Niña in the Pacific", "Latin script"),
        ("DSM-5 criteria, ICD-10 codes", "Latin script"),
        ("我还没有收到你们寄来的卡", "Chinese"),
        ("我的iPhone 15 Pro Max坏了怎么办", "Chinese"),
        ("ok", ""),
    ],
)
def test_a_language_is_told_by_script_and_common_words(text: str, language: str) -> None:
    assert tongue(text) == language


def test_an_input_in_a_third_language_is_noted(examine: Examine, example: Row) -> None:
    odd = example("odd:0", input="Ich habe das Paket nicht bekommen und die Post ist zu")
    found = examine("foreign-words", examples=[*rows("choice"), odd])
    assert (found.status, found.evidence[0][:26]) == ("note", "odd:0 is asked in German: ")


def test_an_answer_in_another_language_than_the_others_is_noted(examine: Examine) -> None:
    examples = english("text", 40, [("It was paid twice by them.",), ("Where is my parcel now?",)])
    examples[5] = replace(examples[5], targets=("包裹现在在哪里，什么时候到？",))
    found = examine("foreign-words", "text", examples)
    assert found.status == "note"
    assert found.evidence[0].startswith("row:5 is answered in Chinese, not in Latin script")
    translated = [replace(row, targets=("包裹现在在哪里，什么时候到？",)) for row in examples]
    assert examine("foreign-words", "text", translated).status == "pass"


# --- encodings -----


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("我还没有收到卡片，请问怎么办？", "latin-1"),
        ("我还没有收到卡片，请问怎么办？", "cp1252"),
        ("我还没有收到卡片，请问怎么办？", "gb18030"),
        ("手术费用大概是多少", "gb18030"),
        ("It’s urgent – café", "latin-1"),
        ("It’s urgent – café", "cp1252"),
    ],
)
def test_utf_8_in_another_encoding_is_told(text: str, read: str) -> None:
    assert misread(text.encode().decode(read, "replace"))
    assert misread(text) == ""


def test_gbk_read_as_latin_1_is_told_with_what_it_should_be() -> None:
    damaged = "我还没有收到卡片".encode("gb18030").decode("latin-1")
    assert misread(damaged) == f"{damaged[:12]!r} should be '我还没有收到卡片'"


@pytest.mark.parametrize(
    "text",
    [
        "联通",
        "被告人×××××××在逃",
        "CAFÉ® and Škoda",
        "naïve façade – “quoted” … £5",
        "ÄÖÜ",
        "电话：××××××××",
        "ＡＢＣ，一二三",
    ],
)
def test_genuine_text_is_not_taken_for_damage(text: str) -> None:
    assert misread(text) == ""


# --- answers that belong to their inputs -----


def test_labels_that_words_do_not_tell_are_noted(examine: Examine) -> None:
    told = english("choice", 160, [("billing",), ("refund",)])
    told = [replace(row, input=f"{row.input} {'pay' if row.targets == ('billing',) else 'back'}") for row in told]
    told = [replace(row, split="train" if number % 4 < 2 else "test") for number, row in enumerate(told)]
    assert examine("answers-fit", examples=told).status == "note"  # the last word alone says it
    told = [replace(row, input=f"{row.input} please") for row in told]
    told = [replace(row, input=f"{row.input} {number}") for number, row in enumerate(told)]
    assert examine("answers-fit", examples=told).status == "pass"
    draw = random.Random(3)
    mixed = [replace(row, targets=draw.choice([("billing",), ("refund",)])) for row in told]
    found = examine("answers-fit", examples=mixed)
    assert found.status == "note"
    assert "labels went to other rows, or words do not tell them" in found.message


def test_spans_that_do_not_stand_in_their_inputs_are_named(examine: Examine) -> None:
    examples = [
        replace(row, targets=(f"thing: {row.input.split()[1]}",)) for row in english("extract", 60, [("x: y",)])
    ]
    assert examine("answers-fit", "extract", examples).status == "pass"
    examples[8] = replace(examples[8], targets=("thing: submarine",))
    found = examine("answers-fit", "extract", examples)
    assert (found.status, found.evidence) == ("note", ("row:8: 'thing: submarine'",))


def _texts(count: int) -> list[Example]:
    """Free texts that name what their inputs are about."""
    return [
        replace(row, input=f"{row.input} parcel{number} of street{number}", targets=(f"Where is parcel{number} now?",))
        for number, row in enumerate(english("text", count, [("x",)]))
    ]


def test_texts_that_went_to_other_rows_are_noted(examine: Examine) -> None:
    examples = _texts(140)
    assert examine("answers-fit", "text", examples).status == "pass"
    golds = random.Random(2).sample([row.targets for row in examples], len(examples))
    mixed = [replace(row, targets=gold) for row, gold in zip(examples, golds, strict=True)]
    found = examine("answers-fit", "text", mixed)
    assert found.status == "note"
    assert "with another row's: they may have gone to other rows" in found.message


def test_a_run_of_rows_that_slid_is_named(examine: Examine) -> None:
    examples = _texts(140)
    slid = [
        replace(row, targets=examples[number - 1].targets) if 40 < number < 90 else row
        for number, row in enumerate(examples)
    ]
    found = examine("answers-fit", "text", slid)
    assert found.status == "note"
    assert "answers fit the input of the row before better than their own: a column may have slid" in found.message
    first, last = (int(id.partition(":")[2]) for id in found.evidence)
    assert 30 <= first <= 45
    assert 85 <= last <= 105


def test_an_answer_that_is_its_input_is_named(examine: Examine) -> None:
    examples = _texts(20)
    examples[3] = replace(examples[3], targets=(examples[3].input.upper(),))
    found = examine("answers-fit", "text", examples)
    assert (found.status, found.evidence) == ("note", ("row:3",))


@pytest.mark.parametrize(
    ("text", "gold", "status"), [("paid 12,500 yuan", "12", "note"), ("12 of 12,500", "12", "pass")]
)
def test_a_number_torn_at_its_separator_is_named(
    examine: Examine, example: Row, text: str, gold: str, status: str
) -> None:
    found = examine("answers-fit", "number", [*rows("number"), example("odd:0", input=text, targets=(gold,))])
    assert found.status == status
    assert found.evidence == (("odd:0: 12",) if status == "note" else ())
