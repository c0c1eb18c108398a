"""Answers without a language model: the trivial rows that every board shows.

Each learns from the train split that an adapter is tuned on; what it chooses, it chooses on the validation
split by the sub-task's own metric, and tells in ``chosen``. Equal scores: the first of the grid. Same rows,
same answers.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from anytasktune.card import Card
from anytasktune.errors import ModelError, did_you_mean
from anytasktune.examples import KINDS, Example, Kind
from anytasktune.metrics.grading import Metric
from anytasktune.metrics.reading import is_unspaced, normalise, read_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float64]

NO_CHOICES: Final[Mapping[str, object]] = MappingProxyType({})


class ClassicalModel(Protocol):
    """What answers a sub-task after learning from its train split."""

    name: str
    chosen: Mapping[str, object]
    """What was chosen, and on how many validation rows; empty before ``fit``."""

    def fit(self, train: Sequence[Example], validation: Sequence[Example], card: Card, metric: Metric) -> None:
        """Learn from ``train``; choose by ``metric`` on ``validation`` (the first of the grid without any).

        Raises:
            ModelError: there is no train row, or the card's kind is not the model's.
        """
        ...

    def answer(self, examples: Sequence[Example]) -> list[str]:
        """One answer an example, written as a model would write it.

        Raises:
            ModelError: ``fit`` was not called.
        """
        ...


def classical_models(kind: Kind) -> dict[str, Callable[[], ClassicalModel]]:
    """The models fit for a kind of answer, by name, the simplest first.

    Raises:
        ModelError: there is no such kind.
    """
    models: dict[Kind, tuple[Callable[[], ClassicalModel], ...]] = {
        "choice": (Majority, TfidfLogReg),
        "labels": (Majority, TfidfOneVsRest),
        "extract": (Majority, SpanDictionary),
        "text": (Majority, NearestAnswer, CopyInput),
        "number": (Majority, TfidfRidge),
    }
    if kind not in models:
        raise ModelError(f"There is no kind of answer called {kind!r}.", fix=did_you_mean(kind, KINDS))
    return {model().name: model for model in models[kind]}


def classical_model(kind: Kind, name: str) -> ClassicalModel:
    """A new model of that name for a kind of answer.

    Raises:
        ModelError: no classical model of that name answers the kind.
    """
    models = classical_models(kind)
    if name not in models:
        raise ModelError(f"No classical model for kind {kind!r} is called {name!r}.", fix=did_you_mean(name, models))
    return models[name]()


def _checked(train: Sequence[Example], card: Card, name: str, *kinds: Kind) -> None:
    if card.kind not in kinds:
        raise ModelError(
            f"{name} answers {' and '.join(kinds)}, not {card.kind!r}.",
            where=card.id,
            fix="use one of " + ", ".join(classical_models(card.kind)),
        )
    if not train:
        raise ModelError(f"{name} has nothing to learn from: the train split is empty.", where=card.id)


def _not_fitted(name: str) -> ModelError:
    return ModelError(f"{name} was asked before it was fitted.", fix="call fit first")


def _score(metric: Metric, examples: Sequence[Example], answers: Sequence[str]) -> float:
    """The metric's primary score; -inf where it is not defined."""
    grades = [metric.grade(example, answer) for example, answer in zip(examples, answers, strict=True)]
    value = metric.summarise(grades)[metric.name]
    return value if value == value else float("-inf")  # noqa: PLR0124  # NaN is unlike itself


def _first(target: Example) -> str:
    return target.targets[0] if target.targets else ""


def _most_frequent(answers: Iterable[str]) -> str:
    """The most frequent one; of equally frequent ones the first that occurs."""
    return Counter(answers).most_common(1)[0][0]


def _joined(labels: Iterable[str], card: Card) -> str:
    """A set of labels as a model writes it, in the card's order."""
    order = {label.id: place for place, label in enumerate(card.labels)}
    return card.separator.join(sorted(set(labels), key=lambda label: (order.get(label, len(order)), label)))


class Majority:
    """One answer to everything.

    ``choice``: the most frequent label. ``labels``: the most frequent set. ``number``: the median.
    ``extract``: no span. ``text``: the most frequent first reference.
    """

    name = "majority"

    def __init__(self) -> None:
        self.chosen: Mapping[str, object] = NO_CHOICES
        self._answer: str | None = None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], card: Card, metric: Metric) -> None:
        """Count the train answers; nothing is chosen on validation.

        Raises:
            ModelError: there is no train row.
        """
        del validation, metric
        _checked(train, card, self.name, *KINDS)
        if card.kind == "labels":
            answer = _most_frequent(_joined(example.targets, card) for example in train)
        elif card.kind == "number":
            answer = _median(_numbers(train, card))
        elif card.kind == "extract":
            answer = ""
        else:
            answer = _most_frequent(_first(example) for example in train)
        self._answer = answer
        self.chosen = {"answer": answer}

    def answer(self, examples: Sequence[Example]) -> list[str]:
        """The same answer to each.

        Raises:
            ModelError: not fitted.
        """
        if self._answer is None:
            raise _not_fitted(self.name)
        return [self._answer] * len(examples)


def _numbers(train: Sequence[Example], card: Card) -> list[Decimal]:
    """The train numbers.

    Raises:
        ModelError: none of them can be read.
    """
    numbers = [Decimal(value) for example in train for value in read_number(_first(example)).value]
    if not numbers:
        raise ModelError("No train answer is a number.", where=card.id, evidence=[e.id for e in train])
    return numbers


def _median(numbers: Sequence[Decimal]) -> str:
    """The lower median, so that it is a number that occurs."""
    return format(sorted(numbers)[(len(numbers) - 1) // 2], "f")


# --- Features


def _vectoriser(features: str) -> Any:
    """TF-IDF of character n-grams, and of word n-grams beside them; sublinear, each block of unit length."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, preprocessor=_plain, max_features=100_000
    )
    if features == "char 1-4":
        return characters
    words = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        token_pattern=r"(?u)\b\w+\b",  # noqa: S106  # a word of one letter is one too
        preprocessor=_plain,
        max_features=100_000,
    )
    return FeatureUnion([("words", words), ("characters", characters)])


def _plain(text: str) -> str:
    """Case folded; an empty text keeps one token, so that there always is a vocabulary."""
    folded = normalise(text).casefold()
    return folded if re.search(r"\w", folded) else f"{folded} _"


FEATURES: Final = ("word 1-2 + char 1-4", "char 1-4")

LARGE: Final = 100_000
"""Train rows × labels above which a grid would take minutes."""


def _inputs(examples: Sequence[Example]) -> list[str]:
    return [example.input for example in examples]


_Answers = Callable[[Sequence[Example]], list[str]]
_Candidate = tuple[Mapping[str, object], _Answers]


class _Tuned:
    """A model with a grid: fits each point, keeps the one that validation scores highest."""

    name: str
    kind: Kind

    def __init__(self) -> None:
        self.chosen: Mapping[str, object] = NO_CHOICES
        self._answer: _Answers | None = None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], card: Card, metric: Metric) -> None:
        """Fit every point of the grid on ``train`` and keep the best on ``validation``.

        Raises:
            ModelError: there is no train row, or the card's kind is not the model's.
        """
        _checked(train, card, self.name, self.kind)
        best = float("-inf")
        self._answer = None
        for choice, answer in self._candidates(train, card):
            if not validation:
                self._answer, self.chosen = answer, {**choice, "validation rows": 0}
                return
            score = _score(metric, validation, answer(validation))
            if self._answer is None or score > best:
                best, self._answer = score, answer
                self.chosen = {**choice, metric.name: score, "validation rows": len(validation)}

    def answer(self, examples: Sequence[Example]) -> list[str]:
        """One answer an example.

        Raises:
            ModelError: not fitted.
        """
        if self._answer is None:
            raise _not_fitted(self.name)
        return self._answer(examples)

    def _candidates(self, train: Sequence[Example], card: Card) -> Iterator[_Candidate]:
        """Each point of the grid and how it answers; the first is used when there is no validation row."""
        raise NotImplementedError


class TfidfLogReg(_Tuned):
    """TF-IDF and logistic regression, one label against the rest; features, C, class weights by validation.

    Where train rows × labels exceed ``LARGE``, only the features are chosen.
    """

    name = "tfidf-logreg"
    kind: Kind = "choice"

    def _candidates(self, train: Sequence[Example], card: Card) -> Iterator[_Candidate]:
        from sklearn.multiclass import OneVsRestClassifier

        del card
        labels = [_first(example) for example in train]
        if len(set(labels)) == 1:
            yield {"answer": labels[0]}, lambda examples: [labels[0]] * len(examples)
            return
        large = len(train) * len(set(labels)) > LARGE
        grid = [(10.0, None)] if large else [(c, w) for w in (None, "balanced") for c in (10.0, 1.0, 100.0)]
        for features in FEATURES:
            vectoriser = _vectoriser(features)
            rows = vectoriser.fit_transform(_inputs(train))
            for strength, weights in grid:
                model = OneVsRestClassifier(_logistic(strength, weights)).fit(rows, labels)
                choice = {"features": features, "C": strength, "class weight": weights or "none"}
                yield choice, _answers_of(vectoriser, model)


def _logistic(strength: float, weights: str | None = None) -> Any:
    """Two classes; liblinear's dual solver is much faster than lbfgs on sparse text, for like scores."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=strength,
        class_weight=weights,
        solver="liblinear",
        dual=True,
        tol=1e-2,
        max_iter=10_000,
        random_state=0,
    )


def _answers_of(vectoriser: Any, model: Any) -> _Answers:
    def answers(examples: Sequence[Example]) -> list[str]:
        if not examples:
            return []
        return [str(label) for label in model.predict(vectoriser.transform(_inputs(examples)))]

    return answers


class TfidfOneVsRest(_Tuned):
    """TF-IDF and one logistic regression a label; C and the threshold are chosen on validation.

    The likeliest label is always given.
    """

    name = "tfidf-ovr"
    kind: Kind = "labels"

    def _candidates(self, train: Sequence[Example], card: Card) -> Iterator[_Candidate]:
        sets = [frozenset(example.targets) for example in train]
        labels = sorted(set().union(*sets))
        if not labels:
            yield {"answer": ""}, lambda examples: [""] * len(examples)
            return
        vectoriser = _vectoriser(FEATURES[0])
        rows = vectoriser.fit_transform(_inputs(train))
        for strength in (10.0, 100.0):
            probabilities = _label_probabilities(vectoriser, rows, sets, labels, strength)
            for threshold in (0.5, 0.1, 0.2, 0.3, 0.4, 0.6):
                yield (
                    {"C": strength, "threshold": threshold},
                    _sets_above(probabilities, labels, threshold, card),
                )


def _label_probabilities(
    vectoriser: Any, rows: Any, sets: Sequence[frozenset[str]], labels: Sequence[str], strength: float
) -> Callable[[Sequence[Example]], Scores]:
    """From examples to each label's probability, [n, labels]; a label that every train row has is certain."""
    import numpy

    models: list[Any] = []
    for label in labels:
        has = [label in members for members in sets]
        models.append(None if all(has) else _logistic(strength).fit(rows, has))
    known: dict[tuple[str, ...], Scores] = {}

    def probabilities(examples: Sequence[Example]) -> Scores:
        key = tuple(_inputs(examples))
        if key not in known:
            known.clear()  # the thresholds of the grid ask for the same rows one after the other
            inputs = vectoriser.transform(key)
            certain = numpy.ones(len(examples))
            columns = [certain if model is None else model.predict_proba(inputs)[:, 1] for model in models]
            known[key] = numpy.stack(columns, axis=1)
        return known[key]

    return probabilities


def _sets_above(
    probabilities: Callable[[Sequence[Example]], Scores], labels: Sequence[str], threshold: float, card: Card
) -> _Answers:
    def answers(examples: Sequence[Example]) -> list[str]:
        if not examples:
            return []
        written = []
        for row in probabilities(examples):
            top = int(row.argmax())
            members = [label for place, label in enumerate(labels) if place == top or row[place] >= threshold]
            written.append(_joined(members, card))
        return written

    return answers


class TfidfRidge(_Tuned):
    """TF-IDF and ridge regression; alpha by validation; as many decimals as the train numbers have."""

    name = "tfidf-ridge"
    kind: Kind = "number"

    def _candidates(self, train: Sequence[Example], card: Card) -> Iterator[_Candidate]:
        from sklearn.linear_model import Ridge

        numbers = _numbers(train, card)
        readable = [example for example in train if read_number(_first(example)).value]
        decimals = min(6, max(max(0, -int(number.as_tuple().exponent)) for number in numbers))
        median = _median(numbers)
        vectoriser = _vectoriser(FEATURES[0])
        rows = vectoriser.fit_transform(_inputs(readable))
        for alpha in (1.0, 0.1, 10.0):
            model = Ridge(alpha=alpha, solver="sparse_cg", tol=1e-8)
            model.fit(rows, [float(number) for number in numbers])
            yield {"alpha": alpha, "decimals": decimals}, _numerals(vectoriser, model, decimals, median)


def _numerals(vectoriser: Any, model: Any, decimals: int, median: str) -> _Answers:
    def answers(examples: Sequence[Example]) -> list[str]:
        if not examples:
            return []
        predicted = model.predict(vectoriser.transform(_inputs(examples)))
        finite = [abs(value) < float("inf") for value in predicted]
        return [f"{v:.{decimals}f}" if ok else median for v, ok in zip(predicted, finite, strict=True)]

    return answers


class SpanDictionary(_Tuned):
    """The spans of the train split, looked up in the input; longest first, each with its most frequent type.

    A span is kept if it was annotated in at least a share of the train inputs that contain it; the share is
    chosen on validation.
    """

    name = "span-dictionary"
    kind: Kind = "extract"

    def _candidates(self, train: Sequence[Example], card: Card) -> Iterator[_Candidate]:
        del card
        types: dict[str, Counter[str]] = defaultdict(Counter)
        annotated: Counter[str] = Counter()
        for example in train:
            spans = {_type_and_text(target) for target in example.targets}
            for kind, text in sorted(spans):
                types[text][kind] += 1
            annotated.update({text for _, text in spans})
        seen = Counter({text: sum(_stands_in(text, example.input) for example in train) for text in types if text})
        for share in (0.5, 0.0, 0.25, 0.75, 0.9):
            entries = {
                text: types[text].most_common(1)[0][0]
                for text in sorted(seen, key=lambda text: (-len(text), text))
                if seen[text] and annotated[text] / seen[text] >= share
            }
            yield {"share": share, "spans": len(entries)}, _look_up(entries)


def _look_up(entries: Mapping[str, str]) -> _Answers:
    """``entries``: text to type, the longest text first."""

    def answer(text: str) -> str:
        found: list[tuple[int, str]] = []
        left = text
        for span, kind in entries.items():
            if span not in left:
                continue
            for match in re.finditer(re.escape(span), left):
                if _ends_words(left, match.start(), match.end()):
                    found.append((match.start(), f"{kind}: {span}"))
                    left = left[: match.start()] + "\0" * len(span) + left[match.end() :]
        return "\n".join(span for _, span in sorted(found))

    return lambda examples: [answer(example.input) for example in examples]


def _type_and_text(target: str) -> tuple[str, str]:
    kind, _, text = target.partition(":")
    return kind.strip(), text.strip()


def _stands_in(span: str, text: str) -> bool:
    return span in text and any(
        _ends_words(text, match.start(), match.end()) for match in re.finditer(re.escape(span), text)
    )


def _ends_words(text: str, start: int, end: int) -> bool:
    """[start, end) cuts no word of a script that sets words apart."""

    def joined(left: str, right: str) -> bool:
        return all(c.isalnum() and not is_unspaced(c) for c in (left, right))

    return not (start and joined(text[start - 1], text[start])) and not (
        end < len(text) and joined(text[end - 1], text[end])
    )


class NearestAnswer(_Tuned):
    """The answer of the train row whose input is nearest by TF-IDF cosine; features by validation."""

    name = "nearest-answer"
    kind: Kind = "text"

    def _candidates(self, train: Sequence[Example], card: Card) -> Iterator[_Candidate]:
        del card
        references = [_first(example) for example in train]
        for features in FEATURES:
            vectoriser = _vectoriser(features)
            rows = vectoriser.fit_transform(_inputs(train))
            yield {"features": features}, _nearest(vectoriser, rows, references)


def _nearest(vectoriser: Any, rows: Any, references: Sequence[str]) -> _Answers:
    def answers(examples: Sequence[Example]) -> list[str]:
        found: list[str] = []
        for start in range(0, len(examples), 256):
            inputs = vectoriser.transform(_inputs(examples[start : start + 256]))
            likeness = (inputs @ rows.T).toarray().round(12)  # rounded, so that ties fall to the first train row
            found += [references[int(place)] for place in likeness.argmax(axis=1)]
        return found

    return answers


class CopyInput:
    """The input itself: what a rewriting or shortening model must beat."""

    name = "copy-input"

    def __init__(self) -> None:
        self.chosen: Mapping[str, object] = NO_CHOICES

    def fit(self, train: Sequence[Example], validation: Sequence[Example], card: Card, metric: Metric) -> None:
        """Nothing to learn.

        Raises:
            ModelError: the card's kind is not ``text``.
        """
        del validation, metric
        _checked(train or [Example(id="", input="", targets=())], card, self.name, "text")

    def answer(self, examples: Sequence[Example]) -> list[str]:
        """The inputs."""
        return _inputs(examples)
