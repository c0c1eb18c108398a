from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from anytasktune.errors import TrainingError
from anytasktune.models.tokens import Encoder
from anytasktune.training.texts import TrainingText, encode_texts, fingerprint


def row(context: str, answer: str, id: str = "r1") -> TrainingText:
    return TrainingText(id=id, context=context, answer=answer)


def learnt(encoder: Encoder, context: str, answer: str, **options: Any) -> list[str]:
    [encoded] = encode_texts([row(context, answer)], encoder, 512, **options).rows
    return [encoder.tokenizer.decode([token]) for token in encoded.ids[encoded.answer_start :]]


def test_answer_and_end_of_turn_are_learnt_and_nothing_else(encoder: Encoder) -> None:
    context = encoder.apply_chat_template([{"role": "user", "content": "Say yes."}])
    encoded = encode_texts([row(context, "yes")], encoder, 512)
    assert list(encoded.rows[0].ids[: encoded.rows[0].answer_start]) == encoder.encode(context)
    assert learnt(encoder, context, "yes") == ["yes", "<|im_end|>"]
    assert (encoded.answer_tokens, encoded.end_tokens) == (2, 1)
    assert encoded.tokens == len(encoder.encode(context)) + 2


@pytest.mark.parametrize("answer", ["odd", "7", "\nodd", "-3"])
def test_field_case_2_cue_that_ends_in_a_space_is_learnt_as_likelihood_scores_it(encoder: Encoder, answer: str) -> None:
    context = "Question: even or odd?\nAnswer: "
    [encoded] = encode_texts([row(context, answer)], encoder, 512).rows
    before, after = encoder.encode_pair(context, answer)
    scored = [*before, *after, *encoder.turn_end_ids()]
    assert list(encoded.ids) == scored
    # Only the white space itself, which is the same for all answers, may be scored and not learnt.
    extra = encoder.tokenizer.decode(scored[len(before) : encoded.answer_start])
    assert extra.strip() == ""
    spoken = encoder.tokenizer.decode(encoded.ids[encoded.answer_start : -1])
    assert spoken.strip() == answer.strip()


def test_field_case_2_moved_space_is_counted(encoder: Encoder) -> None:
    encoded = encode_texts(
        [row("Answer: ", "odd", "a"), row("Answer:", " odd", "b"), row("Answer:\n", "7", "c")], encoder, 512
    )
    assert encoded.moved_space == ("a",)
    assert encoded.rows[0].ids == encoded.rows[1].ids
    assert encoded.rows[0].answer_start == encoded.rows[1].answer_start
    assert encoded.answer_tokens == 6


def test_field_case_2_generation_refuses_a_cue_that_melts_into_the_answer(encoder: Encoder) -> None:
    with pytest.raises(TrainingError, match="r1") as refused:
        learnt(encoder, "Question?\nAnswer: ", "odd", scored_by="generation")
    assert "Answer: " in str(refused.value)
    assert "without white space" in str(refused.value)
    assert learnt(encoder, "Question?\nAnswer:\n", "odd", scored_by="generation") == ["odd", "<|im_end|>"]


def test_field_case_2_answer_that_melts_into_a_word_is_refused(encoder: Encoder) -> None:
    with pytest.raises(TrainingError, match="cue") as refused:
        learnt(encoder, "The label is pos", "itive")
    assert "row r1" in str(refused.value)


def test_field_case_3_end_token_is_learnt_where_it_is_also_the_padding(encoder: Encoder, tokenizer: Any) -> None:
    padded = copy.deepcopy(tokenizer)
    padded.pad_token = padded.eos_token
    [encoded] = encode_texts([row("Say yes.\n", "yes")], Encoder(padded), 512).rows
    assert encoded.ids[-1] == padded.eos_token_id == padded.pad_token_id
    assert encoded.answer_start < len(encoded.ids) - 1


def test_field_case_11_long_context_loses_its_middle_and_keeps_the_answer(encoder: Encoder) -> None:
    long = row("Instruction. " + "filler " * 9000 + "Cue:", " yes", "long")
    encoded = encode_texts([row("Cue:", " yes", "short"), long], encoder, 100)
    kept = encoded.rows[1]
    assert encoded.shortened == ("long",)
    assert len(kept.ids) == 100
    assert encoder.tokenizer.decode(kept.ids[kept.answer_start :]) == " yes<|im_end|>"
    text = encoder.tokenizer.decode(kept.ids)
    assert text.startswith("Instruction.")
    assert "Cue: yes" in text


def test_field_case_11_answer_that_does_not_fit_is_refused(encoder: Encoder) -> None:
    with pytest.raises(TrainingError, match="wordy") as refused:
        encode_texts([row("Cue:", " word" * 50, "wordy")], encoder, 20, name="validation")
    assert "validation" in str(refused.value)
    assert "max_length" in str(refused.value)


@pytest.mark.parametrize("answer", ["", " ", "\n"])
def test_row_without_an_answer_is_refused_by_name(encoder: Encoder, answer: str) -> None:
    with pytest.raises(TrainingError, match="bare"):
        encode_texts([row("Cue:", " yes"), row("Cue:", answer, "bare")], encoder, 20)


def test_split_without_rows_is_refused(encoder: Encoder) -> None:
    with pytest.raises(TrainingError, match="validation split has no rows"):
        encode_texts([], encoder, 20, name="validation")


def test_answer_that_brings_its_own_end_does_not_get_a_second(encoder: Encoder) -> None:
    assert learnt(encoder, "Cue:", " yes<|im_end|>") == [" yes", "<|im_end|>"]


def test_fingerprint_changes_with_every_part_and_with_the_order() -> None:
    base = row("context", "answer")
    variants = [
        [base],
        [replace(base, id="r2")],
        [replace(base, context="context!")],
        [replace(base, answer="answer!")],
        [replace(base, context="contexta", answer="nswer")],
        [base, replace(base, id="r2")],
        [replace(base, id="r2"), base],
    ]
    assert len({fingerprint(variant) for variant in variants}) == len(variants)
    assert fingerprint([base]) == fingerprint([row("context", "answer")])
