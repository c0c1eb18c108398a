from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from anytasktune.errors import ModelError, PromptError
from anytasktune.models.forward import Body, clusters, common_prefix
from anytasktune.models.likelihood import LikelihoodScorer, ScoreRequest
from anytasktune.models.loading import LoadedModel
from anytasktune.models.tokens import Encoder
from anytasktune.models.trie import Trie

RandomModel = Callable[..., Any]
Reference = Callable[[Any, Sequence[int], Sequence[int]], tuple[float, bool]]

LABELS = ("card", "card arrival", "card arrival late", "lost", "lost card")
"""Some are the beginning of others."""


def labelled(encoder: Encoder, texts: Sequence[str], system: str = "") -> list[ScoreRequest]:
    pairs = []
    for text in texts:
        start = [{"role": "system", "content": system}] if system else []
        prompt = encoder.apply_chat_template([*start, {"role": "user", "content": text}])
        pairs += [(prompt, label) for label in LABELS]
    return [ScoreRequest(context=c, continuation=k) for c, k in encoder.encode_pairs(pairs)]


def random_requests(rows: int, shared: int, longest: int, seed: int = 0) -> list[ScoreRequest]:
    generator = torch.Generator().manual_seed(seed)

    def tokens(size: int) -> tuple[int, ...]:
        return tuple(torch.randint(3, 300, (size,), generator=generator).tolist())

    prefix = tokens(shared)
    requests = []
    for row in range(rows):
        context = prefix + tokens(1 + (row * 7) % longest)
        first = tokens(2)
        continuations = (first, first + tokens(3), first[:1] + tokens(2), tokens(1), first)
        requests += [ScoreRequest(context=context, continuation=c) for c in continuations]
    return requests


def assert_equal_scores(
    scorer: LikelihoodScorer,
    model: Any,
    requests: Sequence[ScoreRequest],
    reference: Reference,
    within: float = 1e-3,
) -> None:
    for request, score in zip(requests, scorer.score(requests), strict=True):
        logprob, greedy = reference(model, request.context, request.continuation)
        assert score.logprob == pytest.approx(logprob, abs=within)
        assert score.greedy == greedy


@pytest.mark.slow
def test_real_model_scores_as_a_plain_forward_pass(small_model: LoadedModel, reference: Reference) -> None:
    encoder = Encoder(small_model.tokenizer, config=small_model.model.config)
    requests = labelled(encoder, ["My card has not come.", "是", "Where is my  12 card? " * 3], "Name the topic.")
    scorer = LikelihoodScorer(small_model.model, context_length=8192)
    assert_equal_scores(scorer, small_model.model, requests, reference)
    assert scorer.engine == "anytasktune-trie"
    assert scorer.computed < sum(len(r.context) + len(r.continuation) - 1 for r in requests) / 2.5


@pytest.mark.parametrize("rows_at_once", [1, 3, 16])
@pytest.mark.parametrize("shared", [0, 40])
def test_scores_do_not_depend_on_batches_or_prefix(
    rows_at_once: int, shared: int, reference: Reference, random_model: RandomModel
) -> None:
    model = random_model("llama")
    scorer = LikelihoodScorer(model, context_length=256, rows_at_once=rows_at_once)
    assert_equal_scores(scorer, model, random_requests(9, shared, 50), reference)
    assert scorer.engine == "anytasktune-trie"


@pytest.mark.parametrize(
    ("kind", "changes", "engine"),
    [
        ("llama", {}, "anytasktune-trie"),
        ("qwen3", {}, "anytasktune-trie"),
        ("gpt2", {}, "anytasktune-trie"),
        ("gemma3_text", {"sliding_window": 128}, "anytasktune-trie"),
        ("mistral", {"sliding_window": 128}, "anytasktune-trie"),
        ("gemma2", {"sliding_window": 128, "final_logit_softcapping": 2.0}, "plain"),
        ("mamba", {"state_size": 4}, "plain"),
    ],
)
def test_other_architectures_score_as_a_plain_forward_pass(
    kind: str, changes: dict[str, Any], engine: str, reference: Reference, random_model: RandomModel
) -> None:
    model = random_model(kind, **changes)
    said: list[str] = []
    scorer = LikelihoodScorer(model, context_length=256, say=said.append)
    for shared in (0, 30):
        assert_equal_scores(scorer, model, random_requests(5, shared, 20), reference, within=5e-3)
    assert scorer.engine == engine
    assert len(said) == (engine == "plain")


@pytest.mark.parametrize("kind", ["gemma3_text", "mistral"])
def test_rows_beyond_a_sliding_window_are_scored_plainly(
    kind: str, reference: Reference, random_model: RandomModel
) -> None:
    model = random_model(kind, sliding_window=24)
    scorer = LikelihoodScorer(model, context_length=256)
    assert_equal_scores(scorer, model, random_requests(9, 0, 60), reference, within=2e-3)
    assert scorer.engine == "anytasktune-trie"


def test_too_long_requests_lose_their_beginning_as_in_hflm(small_model: LoadedModel) -> None:
    from lm_eval.models.huggingface import HFLM

    model = small_model.model
    lm = HFLM(pretrained=model, tokenizer=small_model.tokenizer, batch_size=4, max_length=24)
    requests = [
        ScoreRequest(context=tuple(range(100, 100 + length)), continuation=tuple(range(500, 500 + size)))
        for length, size in ((40, 2), (24, 1), (23, 2), (22, 2), (30, 24), (5, 3))
    ]
    expected = lm._loglikelihood_tokens(
        [(("", ""), list(r.context), list(r.continuation)) for r in requests], disable_tqdm=True
    )
    scores = LikelihoodScorer(model, context_length=24).score(requests)
    assert [s.logprob for s in scores] == pytest.approx([logprob for logprob, _ in expected], abs=1e-3)
    assert [s.greedy for s in scores] == [greedy for _, greedy in expected]


def test_a_continuation_longer_than_the_context_is_refused(random_model: RandomModel) -> None:
    scorer = LikelihoodScorer(random_model("llama"), context_length=8)
    with pytest.raises(PromptError, match="9 tokens is longer"):
        scorer.score([ScoreRequest(context=(5,), continuation=(6,) * 9)])
    with pytest.raises(PromptError, match="no token"):
        scorer.score([ScoreRequest(context=(5,), continuation=())])


def test_a_model_that_ignores_the_mask_falls_back_and_says_so_once(
    reference: Reference, monkeypatch: pytest.MonkeyPatch, random_model: RandomModel
) -> None:
    model = random_model("llama")
    honest = Body.hidden

    def blind(self: Body, ids: Any, allow: Any, positions: Any, cache: Any = None) -> Any:
        return honest(self, ids, torch.ones_like(allow).tril(allow.shape[-1] - allow.shape[-2]), positions, cache)

    monkeypatch.setattr(Body, "hidden", blind)
    said: list[str] = []
    scorer = LikelihoodScorer(model, context_length=256, say=said.append)
    assert_equal_scores(scorer, model, random_requests(4, 0, 20), reference)
    assert_equal_scores(scorer, model, random_requests(4, 30, 20), reference)
    assert scorer.engine == "plain"
    assert len(said) == 1


def test_running_out_of_memory_halves_the_batches(
    reference: Reference, monkeypatch: pytest.MonkeyPatch, random_model: RandomModel
) -> None:
    model = random_model("llama")
    honest = Body.hidden
    sizes: list[int] = []

    def small(self: Body, ids: Any, allow: Any, positions: Any, cache: Any = None) -> Any:
        sizes.append(ids.numel())
        if ids.numel() > 150:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return honest(self, ids, allow, positions, cache)

    monkeypatch.setattr(Body, "hidden", small)
    scorer = LikelihoodScorer(model, context_length=256)
    assert_equal_scores(scorer, model, random_requests(9, 0, 50), reference)
    assert scorer.engine == "anytasktune-trie"
    assert max(sizes) > 150
    with pytest.raises(ModelError, match="alone does not fit"):
        scorer.score([ScoreRequest(context=(5,) * 200, continuation=(6,))])


def test_scores_that_are_no_numbers_are_an_error(random_model: RandomModel) -> None:
    model = random_model("llama")
    with torch.no_grad():
        model.get_output_embeddings().weight.fill_(float("nan"))
    scorer = LikelihoodScorer(model, context_length=64)
    with pytest.raises(ModelError, match="log-probability of nan"):
        scorer.score(random_requests(2, 0, 9))


def test_every_batch_is_handed_over_once_as_it_is_computed(random_model: RandomModel) -> None:
    requests = random_requests(7, 0, 30)
    batches: list[set[int]] = []
    scorer = LikelihoodScorer(random_model("llama"), context_length=256, rows_at_once=2)
    scores = scorer.score(requests, lambda scored: batches.append(set(scored)))
    assert len(batches) == 4
    assert sorted(i for batch in batches for i in batch) == list(range(len(requests)))
    assert scores[0] == scores[4]  # the same continuation asked for twice


def test_the_trie_feeds_shared_tokens_once_and_no_leaf() -> None:
    trie = Trie([(1, 2, 3), (1, 2), (1, 4, 5), (9,)])
    assert trie.tokens == [1, 2, 4]
    assert trie.depths == [1, 2, 2]
    assert trie.paths == [[(0, 1), (1, 2), (2, 3)], [(0, 1), (1, 2)], [(0, 1), (1, 4), (3, 5)], [(0, 9)]]
    assert trie.sees.tolist() == [[True, False, False], [True, True, False], [True, False, True]]


def test_labels_of_very_many_tokens_are_scored_in_portions(
    reference: Reference, monkeypatch: pytest.MonkeyPatch, random_model: RandomModel
) -> None:
    monkeypatch.setattr("anytasktune.models.likelihood.TRIE_TOKENS", 6)
    model = random_model("llama")
    assert_equal_scores(LikelihoodScorer(model, context_length=256), model, random_requests(4, 20, 9), reference)


def test_prefixes_are_found_per_cluster() -> None:
    one, two = tuple(range(30)), tuple(range(50, 90))
    sequences = [(*one, 1, 2), (*two, 1), (*one, 1, 3), (7,), (*two, 2), (*one, 1), (*two, 2, 2), (*one, 9)]
    assert clusters(sequences) == [(30, [0, 2, 5, 7]), (40, [1, 4, 6]), (0, [3])]
    assert common_prefix([(1, 2, 3), (1, 2, 3)]) == 2  # one token of each stays out
