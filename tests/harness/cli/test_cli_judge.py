"""``anytasktune judge``: two runs made by models that need no weights, and judges that decide by a rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from demo_tasks import plugin, rows

from anytasktune.judging.record import read_judgement, read_lines
from anytasktune.records import RECORD, SAMPLES
from conftest import Att, Done

JUDGES = '''

# --- judges that decide by a rule ---

import re

from anytasktune.models.kinds import ModelKind, Notes
from anytasktune.records import EngineRecord, ModelRecord

ANSWER = re.compile(r"^===== ANSWER ?([AB]?) [0-9a-f]{16} =====\\n(.*?)\\n===== END", re.MULTILINE | re.DOTALL)


def said_by(name, prompt):
    """What a judge of that name says to a prompt."""
    shown = {letter: text for letter, text in ANSWER.findall(prompt)}
    if name == "silent" or (name == "half" and "test 4" in prompt):
        return "Hard to say."
    if name == "lost" and len(shown) == 2:
        return None
    if "" in shown:
        return f"SCORE: {min(5, len(shown[''].split()) // 2)}, 1, 2"
    if name == "places":
        return "VERDICT: A"
    a, b = len(shown["A"]), len(shown["B"])
    return "I compared both.\\nVERDICT: " + ("TIE" if a == b else "A" if (a > b) == (name != "shorter") else "B")


class RuleJudge:
    methods = ("generate",)
    form = None

    def __init__(self, name):
        self.name = name

    @property
    def record(self):
        return ModelRecord(spec=f"rule:{self.name}", label=f"rule {self.name}", family="general", revision="1")

    def answering(self, journal, progress):
        from lm_eval.api.model import LM

        from anytasktune.models.foreign import JournalledLM

        name = self.name

        class Rules(LM):
            def generate_until(self, requests):
                with open("asked.txt", "a") as file:
                    file.write("".join(f"{name}\\n" for _ in requests))
                return [said_by(name, str(request.args[0])) for request in requests]

            def loglikelihood(self, requests):
                raise NotImplementedError

            def loglikelihood_rolling(self, requests):
                raise NotImplementedError

        return JournalledLM(Rules(), journal, progress)

    def engine(self):
        return EngineRecord(name="rules")

    def notes(self):
        return Notes()


@hookimpl
def register_models():
    return [ModelKind(name="rule:", summary="judges by a rule", open=lambda asked: RuleJudge(asked.spec[5:]))]
'''


@pytest.fixture
def demo(att: Att, tmp_path: Path) -> tuple[Path, Path, Path]:
    """A plugin, and the runs of two models on its five test rows."""
    path = plugin(tmp_path, "text", rows("text", train=4, validation=2, test=5), more=JUDGES)
    folders = []
    for model in ("copy-input", "nearest-answer"):
        done = att("evaluate", "demo/text", "--plugin", path, "--model", model, "--json")
        folders.append(Path(done.json()[0]["folder"]))
    return path, folders[0], folders[1]


def judge(att: Att, demo: tuple[Path, Path, Path], *words: object, runs: int = 2) -> Done:
    path, *folders = demo
    return att("judge", *folders[:runs], "--plugin", path, *words)


def asked(folder: Path) -> int:
    path = folder / "asked.txt"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_a_pair_of_runs_is_compared_in_both_orders(att: Att, demo: tuple[Path, Path, Path], tmp_path: Path) -> None:
    result = judge(att, demo, "--judge", "rule:longer", "--json").json()
    folder = Path(result["folder"])
    assert folder.parent == Path("runs/judgements/demo_text")
    (one,) = result["judges"]
    assert asked(tmp_path) == 10
    samples = [
        [json.loads(line)["answer"] for line in (run / SAMPLES).read_text(encoding="utf-8").splitlines()]
        for run in demo[1:]
    ]
    worth = [0.5 if len(a) == len(b) else float(len(b) > len(a)) for a, b in zip(*samples, strict=True)]
    assert one["summary"]["score"]["value"] == pytest.approx(sum(worth) / 5)
    assert one["summary"]["agreement"][0]["same"] == 1.0
    assert one["prompt_hash"]
    assert one["engine"]["name"] == "rules"
    assert one["model"]["revision"] == "1"
    record = read_judgement(folder)
    assert record.model_dump(mode="json") == {key: value for key, value in result.items() if key != "folder"}
    lines = read_lines(folder, record)
    assert [line.id for line in lines] == [f"test:{n}" for n in range(5)]
    assert all(len(line.said) == 2 for line in lines)
    text = judge(att, demo, "--judge", "rule:longer")
    assert text.status == 0
    assert "A = copy-input, direct" in text.out
    assert f"win rate of B over A, ties half {sum(worth) / 5:.4f}" in text.out


def test_nothing_is_asked_twice_and_the_same_judgement_stays(
    att: Att, demo: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    folder = Path(judge(att, demo, "--judge", "rule:longer", "--limit", 2, "--json").json()["folder"])
    assert asked(tmp_path) == 4
    first = (folder / "judgement.json").read_bytes()
    judge(att, demo, "--judge", "rule:longer", "--limit", 2)
    assert (asked(tmp_path), (folder / "judgement.json").read_bytes()) == (4, first)
    judge(att, demo, "--judge", "rule:longer")
    assert asked(tmp_path) == 10, "only the three new rows are asked about, twice each"
    for file in folder.iterdir():
        file.unlink()
    again = judge(att, demo, "--judge", "rule:longer", "--limit", 2, "--json")
    assert asked(tmp_path) == 10
    assert (Path(again.json()["folder"]), again.json()["judgements_sha256"]) == (
        folder,
        json.loads(first)["judgements_sha256"],
    )
    judge(att, demo, "--judge", "rule:shorter")
    assert asked(tmp_path) == 20, "another judge has said nothing yet"


def test_a_judgement_enters_no_board(att: Att, demo: tuple[Path, Path, Path]) -> None:
    judge(att, demo, "--judge", "rule:longer")
    board = att("board", "runs", "--format", "csv", "--plugin", demo[0])
    assert board.status == 0
    assert "rule" not in board.out
    assert len(list(Path("runs").rglob(RECORD))) == 2


def test_one_run_is_graded_on_the_rubric(att: Att, demo: tuple[Path, Path, Path], tmp_path: Path) -> None:
    done = judge(att, demo, "--judge", "rule:longer", "--json", runs=1)
    (one,) = done.json()["judges"]
    lines = read_lines(Path(done.json()["folder"]), read_judgement(Path(done.json()["folder"])))
    assert one["summary"]["score"]["value"] == pytest.approx(sum(sum(line.points) for line in lines) / 5)
    assert one["summary"]["criteria"]["form"] == 2.0
    assert asked(tmp_path) == 5
    text = judge(att, demo, "--judge", "rule:longer", runs=1)
    assert "mean grade of 10" in text.out
    assert "correctness: " in text.out
    assert "agreement with metric ROUGE-L: Spearman correlation" in text.out


def test_a_judge_of_places_is_found_out(att: Att, demo: tuple[Path, Path, Path]) -> None:
    done = judge(att, demo, "--judge", "rule:places")
    assert done.status == 0
    assert "ties half 0.5000" in done.out
    assert "5 of 5 rows got two judgements that contradict each other" in done.out
    assert "of these, 5 for whatever stood first, 0 for the second" in done.out
    assert "itself, places swapped: Cohen's kappa 0.0000, the same on 0.0%, n = 5" in done.out


@pytest.mark.parametrize("runs", [1, 2])
def test_too_many_unreadable_judgements_are_no_score_and_fail(
    att: Att, demo: tuple[Path, Path, Path], runs: int
) -> None:
    done = judge(att, demo, "--judge", "rule:silent", runs=runs)
    assert done.status == 1
    assert "judge rule silent: no score: of 5 rows asked about, the judgement of 5 could not be read" in done.out
    assert "5 of 5 rows got a judgement that could not be read: no score, not 0" in done.out
    assert "next: read what it said in judgements.jsonl" in done.out
    assert judge(att, demo, "--judge", "rule:silent", "--json", runs=runs).status == 1


def test_one_unreadable_judgement_of_five_is_counted_apart(att: Att, demo: tuple[Path, Path, Path]) -> None:
    done = judge(att, demo, "--judge", "rule:half", "--json")
    (one,) = done.json()["judges"]
    counts = one["summary"]["counts"]
    assert (done.status, counts["unreadable"], counts["judged"], one["summary"]["score"]["n"]) == (0, 1, 4, 4)
    text = judge(att, demo, "--judge", "rule:half")
    assert "1 of 5 rows got a judgement that could not be read: no score, not 0" in text.out


def test_judgements_that_never_came_are_asked_for_again(
    att: Att, demo: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    done = judge(att, demo, "--judge", "rule:lost")
    assert done.status == 1
    assert "no score: of 5 rows asked about, the judgement of 5 never came" in done.out
    assert "5 of 5 rows got no judgement back" in done.out
    judge(att, demo, "--judge", "rule:lost")
    assert asked(tmp_path) == 20


def test_several_judges_are_held_against_each_other(att: Att, demo: tuple[Path, Path, Path]) -> None:
    done = judge(att, demo, "--judge", "rule:longer", "--judge", "rule:shorter", "--judge", "rule:places", "--json")
    result = done.json()
    assert [one["model"]["spec"] for one in result["judges"]] == ["rule:longer", "rule:shorter", "rule:places"]
    assert [found["other"] for found in result["between_judges"]] == [
        "rule:longer and rule:shorter",
        "rule:longer and rule:places",
        "rule:shorter and rule:places",
        "all judges",
    ]
    assert result["between_judges"][0]["same"] == 0.0
    twice = judge(att, demo, "--judge", "rule:longer", "--judge", "rule:longer")
    assert (twice.status, "named twice" in twice.err) == (2, True)
    text = judge(att, demo, "--judge", "rule:longer", "--judge", "rule:shorter")
    assert "rule:longer and rule:shorter: Cohen's kappa" in text.out


def test_people_are_held_against_the_judge(att: Att, demo: tuple[Path, Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"id": "test:0", "label": "A"}\n{"id": "test:1", "label": "TIE"}\n', encoding="utf-8")
    done = judge(att, demo, "--judge", "rule:longer", "--human", path, "--json")
    (people,) = [found for found in done.json()["judges"][0]["summary"]["agreement"] if found["other"] == "people"]
    assert people["n"] == 2
    assert done.json()["human_sha256"]
    path.write_text('{"id": "tset:0", "label": "A"}\n', encoding="utf-8")
    wrong = judge(att, demo, "--judge", "rule:longer", "--human", path)
    assert (wrong.status, "people.jsonl:1: id 'tset:0' is no row of the data" in wrong.err) == (1, True)


def test_a_rubric_of_ones_own_is_another_judgement(att: Att, demo: tuple[Path, Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "rubric.yaml"
    path.write_text("criteria:\n  - {name: a, description: is it so, points: 3}\n", encoding="utf-8")
    own = judge(att, demo, "--judge", "rule:longer", "--rubric", path, "--json").json()
    usual = judge(att, demo, "--judge", "rule:longer", "--json").json()
    assert own["rubric"]["criteria"][0]["points"] == 3
    assert own["rubric_hash"] != usual["rubric_hash"]
    assert own["judges"][0]["prompt_hash"] != usual["judges"][0]["prompt_hash"]
    assert own["folder"] != usual["folder"]
    path.write_text("criteria:\n  - {name: a, description: is it so, point: 3}\n", encoding="utf-8")
    wrong = judge(att, demo, "--judge", "rule:longer", "--rubric", path)
    assert (wrong.status, "did you mean points?" in wrong.err) == (2, True)


def test_what_cannot_be_judged_is_said_before_anybody_is_asked(
    att: Att, demo: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    path, one, _ = demo
    limited = Path(
        att("evaluate", "demo/text", "--plugin", path, "--model", "copy-input", "--limit", 3, "--json").json()[0][
            "folder"
        ]
    )
    for words, status, said in [
        ((one, one), 2, "The two runs are one and the same."),
        ((one, limited), 1, "not over the same rows: one has 5, the other 3"),
        ((tmp_path / "nowhere",), 1, "There is no such folder of runs"),
        (("runs",), 1, "'runs' holds 3 runs; one is judged, or two are compared."),
    ]:
        done = att("judge", *words, "--plugin", path, "--judge", "rule:longer")
        assert (done.status, said in done.err) == (status, True), done.err
    unknown = judge(att, demo, "--judge", "ruel:longer")
    assert (unknown.status, "No model is called 'ruel:longer'" in unknown.err) == (2, True)
    row_model = judge(att, demo, "--judge", "copy-input")
    assert (row_model.status, "copy-input cannot judge" in row_model.err) == (2, True)
    assert asked(tmp_path) == 0
    shared = att("judge", one, limited, "--plugin", path, "--judge", "rule:longer", "--limit", 3)
    assert "3 of 3 rows hold the same answer twice: ties, not asked about" in shared.out
    assert asked(tmp_path) == 0


def test_a_changed_sample_or_other_data_are_refused(att: Att, demo: tuple[Path, Path, Path]) -> None:
    path, one, other = demo
    samples = other / SAMPLES
    whole = samples.read_text(encoding="utf-8")
    samples.write_text(whole.replace("1", "2", 1), encoding="utf-8")
    changed = judge(att, demo, "--judge", "rule:longer")
    assert (changed.status, "changed after the record was written" in changed.err) == (1, True)
    samples.write_text(whole, encoding="utf-8")
    data = path.with_suffix(".jsonl")
    data.write_text(data.read_text(encoding="utf-8").replace("test 0", "test zero"), encoding="utf-8")
    moved = judge(att, demo, "--judge", "rule:longer")
    assert (moved.status, "made on other rows than those that are judged" in moved.err) == (1, True)
    assert str(one) in moved.err


def test_a_choice_needs_a_rubric_of_ones_own(att: Att, tmp_path: Path) -> None:
    path = plugin(tmp_path, "choice", more=JUDGES)
    run = att("evaluate", "demo/choice", "--plugin", path, "--model", "majority", "--json").json()[0]["folder"]
    done = att("judge", run, "--plugin", path, "--judge", "rule:longer")
    assert (done.status, "The built-in rubric is for free text" in done.err) == (2, True)


def test_judgements_go_where_they_are_wanted(att: Att, demo: tuple[Path, Path, Path], tmp_path: Path) -> None:
    done = judge(att, demo, "--judge", "rule:longer", "--output_path", tmp_path / "elsewhere", "--json")
    assert Path(done.json()["folder"]).is_relative_to(tmp_path / "elsewhere" / "judgements")
    assert not Path("runs/judgements").exists()
    file = judge(att, demo, "--judge", "rule:longer", "--output_path", "out.json")
    assert (file.status, "is a folder" in file.err) == (2, True)


@pytest.mark.slow
def test_a_small_real_judge_that_says_no_verdict_ends_in_a_sentence(
    att: Att, demo: tuple[Path, Path, Path], small_model_dir: Path
) -> None:
    words = ("--judge", small_model_dir, "--limit", 1, "--device", "cpu", "--dtype", "float32")
    done = judge(att, demo, *words, runs=1)
    assert done.status == 1
    assert "no score: of 1 rows asked about, the judgement of 1 could not be read" in done.out
    assert "Traceback" not in done.err
    (folder,) = Path("runs/judgements/demo_text").iterdir()
    first = read_judgement(folder)
    assert first.judges[0].engine.versions["torch"]
    assert first.judges[0].usage.prompt_tokens > 300
    (line,) = read_lines(folder, first)
    assert line.status == "unreadable"
    assert line.said[0]
    (journal,) = Path("runs/answers/demo_text").glob("judge-*.jsonl")
    before = journal.read_bytes()
    for file in folder.iterdir():
        file.unlink()
    again = judge(att, demo, *words, "--json", runs=1).json()
    assert again["judgements_sha256"] == first.judgements_sha256
    assert again["judges"][0]["usage"]["reused"] == 1
    assert journal.read_bytes() == before
