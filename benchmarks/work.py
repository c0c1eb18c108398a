"""What the benchmarks ask: fixed requests, made from pinned public data and from this project's own sub-tasks."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lm_eval.api.instance import Instance

from anytasktune import prompts, splits
from anytasktune.errors import SourceError
from anytasktune.models.tokens import Encoder
from anytasktune.prompts import AskedAs
from anytasktune.sources import PinnedFile

BANKING = ("PolyAI-LDN", "task-specific-datasets", "57ec275d8078af65b7731c2a98be812d844a6d6b")
BANKING_FILES = {
    "banking_data/train.csv": "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b",
    "banking_data/test.csv": "d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d",
    "banking_data/categories.json": "53261da888122daf2d120d925458631d9619e15d82e56052e7a42e535ce32b63",
}
CHOICES_OF_FOUR = (" yes, it does", " no, it does not", " maybe, it is not clear", " the text does not say")
FOUNDATION = (
    "consumer/ticket-routing",
    "finance/fomc-stance",
    "healthcare/question-standardise",
    "law/charge-prediction",
)


@dataclass(frozen=True, kw_only=True)
class Work:
    """One kind of work.

    Args:
        name: as the table of targets calls it.
        kind: ``loglikelihood`` or ``generate_until``, lm-eval's own words.
        portions: requests, in portions that belong together; each repetition takes the next portion, round and round.
        target: how many times HFLM's time ours must be worth.
    """

    name: str
    kind: str
    portions: Sequence[Sequence[Instance]]
    target: float


def everything(encoder: Encoder) -> list[Work]:
    """All kinds of work but the sub-tasks of the foundation, smallest first."""
    return [
        choices("banking77, 77 choices, zero-shot", shots=0, rows=4, target=8),
        four_choices(encoder, rows=6, target=4.5),
        choices("banking77, 77 choices, 5-shot", shots=5, rows=2, target=30),
        answers("generation, short answers", cue="Topic:", until=("\n",), limit=6, rows=64, shots=0, target=1.3),
        answers(
            "generation, ragged answers up to 40 tokens",
            cue="Reply:",
            until=(".", "?", "!"),
            limit=40,
            rows=64,
            shots=0,
            target=1.7,
        ),
        answers("generation, shared 5-shot prefix", cue="Topic:", until=("\n",), limit=16, rows=64, shots=5, target=3),
    ]


def banking() -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[str]]:
    """Train and test rows ``(message, intent)``, and the 77 intents as words."""
    owner, repo, commit = BANKING
    files = {
        path: PinnedFile(owner=owner, repo=repo, commit=commit, path=path, sha256=sha256).fetch()
        for path, sha256 in BANKING_FILES.items()
    }

    def rows(path: str) -> list[tuple[str, str]]:
        with files[path].open(encoding="utf-8", newline="") as file:
            return [(row["text"], row["category"].replace("_", " ")) for row in csv.DictReader(file)]

    names = json.loads(files["banking_data/categories.json"].read_text(encoding="utf-8"))
    return rows("banking_data/train.csv"), rows("banking_data/test.csv"), [name.replace("_", " ") for name in names]


def chosen(rows: Sequence[tuple[str, str]], count: int, seed: int) -> list[tuple[str, str]]:
    """Rows that are the same each time."""
    return random.Random(seed).sample(list(rows), count)


def prefix(train: Sequence[tuple[str, str]], shots: int, cue: str) -> str:
    """The same shots before every row."""
    shown = "".join(f"Message: {text}\n{cue} {intent}\n\n" for text, intent in chosen(train, shots, seed=5))
    return "Say what a bank's customer writes about.\n\n" + shown


def choices(name: str, *, shots: int, rows: int, target: float) -> Work:
    """77 intents behind each message."""
    train, test, names = banking()
    before = prefix(train, shots, "Topic:")
    contexts = [f"{before}Message: {text}\nTopic:" for text, _ in chosen(test, rows, seed=1)]
    requests = [(context, " " + label) for context in contexts for label in names]
    return Work(name=name, kind="loglikelihood", portions=[instances("loglikelihood", requests)], target=target)


def four_choices(encoder: Encoder, *, rows: int, target: float) -> Work:
    """Four answers of a few tokens behind contexts of about 400 tokens, which have nothing in common."""
    _, test, _ = banking()
    texts = [text for text, _ in random.Random(2).sample(test, 800)]
    contexts = []
    for _ in range(rows):
        story = texts.pop()
        while len(encoder.encode(story)) < 385:
            story += " " + texts.pop()
        contexts.append(f"{story}\nQuestion: does the customer want a card?\nAnswer:")
    requests = [(context, choice) for context in contexts for choice in CHOICES_OF_FOUR]
    return Work(
        name="4 choices, about 400-token contexts",
        kind="loglikelihood",
        portions=[instances("loglikelihood", requests)],
        target=target,
    )


def answers(name: str, *, cue: str, until: tuple[str, ...], limit: int, rows: int, shots: int, target: float) -> Work:
    """Greedy answers to messages."""
    train, test, _ = banking()
    before = prefix(train, shots, cue)
    settings = {"until": list(until), "max_gen_toks": limit, "do_sample": False}
    requests = [(f"{before}Message: {text}\n{cue}", settings) for text, _ in chosen(test, rows, seed=3)]
    return Work(name=name, kind="generate_until", portions=[instances("generate_until", requests)], target=target)


def foundation(encoder: Encoder, *, rows: int, portions: int, say: Callable[[str], None]) -> list[Work]:
    """The four sub-tasks of the foundation under every protocol of the small model, ``rows`` rows each.

    Rows are shared out over portions, so that a repetition need not take half an hour.
    """
    from anytasktune import plugins

    registry = plugins.load()
    works = []
    for task in registry.select(list(FOUNDATION)):
        try:
            data = splits.build(task)
        except SourceError as error:
            say(f"left out: {task.id}: {error.problem}")
            continue
        language, card = task.card.prompt_language, task.card
        shots = min(card.shots, len(prompts.showable(data.fewshot)))
        protocols = [AskedAs(method="generate", shots=count, language=language) for count in (0, shots)]
        if card.kind == "choice":
            protocols.append(AskedAs(method="likelihood", shots=0, language=language))
        for asked in protocols:
            rendered = prompts.render(task.id, card, data.splits["test"][:rows], asked, data.fewshot, encoder)
            parts: list[list[tuple[str, object]]] = []
            for start in range(portions):
                part: list[tuple[str, object]] = []
                for document in rendered.documents[start::portions]:
                    context = prompts.context(document, rendered.shots, encoder, prompts.target_delimiter(language))
                    if asked.method == "likelihood":
                        part += [(context, choice) for choice in document["choices"]]
                    else:
                        part.append(
                            (
                                context,
                                {"until": list(card.until), "max_gen_toks": card.max_new_tokens, "do_sample": False},
                            )
                        )
                parts.append(part)
            kind = "loglikelihood" if asked.method == "likelihood" else "generate_until"
            works.append(
                Work(
                    name=f"{task.id} {asked.name}",
                    kind=kind,
                    portions=[instances(kind, part) for part in parts],
                    target=3,
                )
            )
    return works


def instances(kind: str, requests: Sequence[tuple[str, object]]) -> list[Instance]:
    """lm-eval's requests."""
    return [
        Instance(request_type=kind, doc={}, arguments=arguments, idx=0, metadata=("benchmark", number, 1))
        for number, arguments in enumerate(requests)
    ]
