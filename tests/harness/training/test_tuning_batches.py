from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import pytest
import torch

from anytasktune.training import batches
from anytasktune.training.batches import collate, head_takes_mask, micro_batches, step_rows, token_losses
from anytasktune.training.texts import EncodedText

CPU = torch.device("cpu")


def row(length: int, answer: int = 2, id: str = "") -> EncodedText:
    ids = tuple(100 + place for place in range(length))
    return EncodedText(id=id or f"{length}", ids=ids, answer_start=length - answer)


def test_every_pass_reads_every_row_once_in_another_order() -> None:
    read = [index for step in range(5) for index in step_rows(step, rows=10, batch_size=4, examples=20, seed=7)]
    assert sorted(read[:10]) == sorted(read[10:]) == list(range(10))
    assert read[:10] != read[10:]


def test_order_follows_from_the_seed_alone() -> None:
    first = step_rows(3, rows=50, batch_size=8, examples=100, seed=1)
    torch.manual_seed(99)
    assert step_rows(3, rows=50, batch_size=8, examples=100, seed=1) == first
    assert step_rows(3, rows=50, batch_size=8, examples=100, seed=2) != first


def test_last_step_stops_at_the_number_of_examples() -> None:
    assert len(step_rows(2, rows=10, batch_size=4, examples=9, seed=1)) == 1


def test_micro_batches_hold_every_row_once_within_the_budget() -> None:
    rows = [row(length, id=str(place)) for place, length in enumerate([5, 90, 7, 300, 6, 80, 81, 5])]
    groups = micro_batches(rows, budget=200, device=CPU)
    assert sorted(r.id for group in groups for r in group) == sorted(r.id for r in rows)
    for group in groups:
        assert len(group) == 1 or max(len(r.ids) for r in group) * len(group) <= 200
    assert [len(r.ids) for r in groups[0]] == [300]


def test_micro_batches_are_the_cheapest_cut_of_the_sorted_rows() -> None:
    lengths = [5, 9, 60, 61, 75, 200, 210]
    budget, call = 450, batches.CALL_COST["cpu"]
    ordered = sorted(lengths, reverse=True)

    def cost(groups: list[list[int]]) -> float:
        return sum(max(group) * len(group) + call for group in groups)

    allowed = []
    for count in range(len(lengths)):
        for cuts in combinations(range(1, len(lengths)), count):
            edges = [0, *cuts, len(lengths)]
            groups = [ordered[a:b] for a, b in pairwise(edges)]
            if all(len(group) == 1 or max(group) * len(group) <= budget for group in groups):
                allowed.append(groups)
    found = [
        [len(r.ids) for r in group] for group in micro_batches([row(n) for n in lengths], budget=budget, device=CPU)
    ]
    assert cost(found) == min(cost(groups) for groups in allowed)


def test_learnt_positions_predict_exactly_the_answer() -> None:
    batch = collate((row(8, answer=3), row(5, answer=1)), CPU, skip=2)
    assert batch.ids.shape == (2, 6)
    assert batch.targets.tolist() == [105, 106, 107, 104]
    follows = batch.ids.roll(-1, dims=1)[batch.learnt]
    assert follows.tolist() == batch.targets.tolist()


def test_padding_changes_no_loss(tiny_model: Any) -> None:
    rows = (row(40, answer=5), row(9, answer=2), row(3, answer=1))
    together = token_losses(tiny_model, collate(rows, CPU), masked_head=True)
    alone = torch.cat([token_losses(tiny_model, collate((r,), CPU), masked_head=True) for r in rows])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_logits_at_the_answer_are_those_of_the_whole_row(tiny_model: Any) -> None:
    batch = collate((row(12, answer=4), row(7, answer=2)), CPU)
    assert head_takes_mask(tiny_model)
    masked = token_losses(tiny_model, batch, masked_head=True)
    full = token_losses(tiny_model, batch, masked_head=False)
    torch.testing.assert_close(masked, full)
    assert masked.shape == (6,)


def test_model_that_cannot_choose_logits_is_noticed(tiny_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = tiny_model.forward

    def forward(input_ids: torch.Tensor, use_cache: bool = False, logits_to_keep: Any = 0) -> Any:
        return plain(input_ids=input_ids, use_cache=use_cache)

    monkeypatch.setattr(tiny_model, "forward", forward)
    assert not head_takes_mask(tiny_model)
