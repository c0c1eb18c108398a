from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from anytasktune.errors import SuiteError
from anytasktune.suite import read_suite


def written(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SuiteError) as refused:
        read_suite(written(folder, text))
    return str(refused.value)


def test_short_and_long_entries_mean_the_same(tmp_path: Path) -> None:
    short = read_suite(written(tmp_path, "name: a\ntasks: ['law/*']\nmodels: [majority]\n"))
    long = read_suite(written(tmp_path, "name: a\ntasks: [{task: 'law/*'}]\nmodels: [{model: majority}]\n"))
    assert short == long
    assert short.models[0].protocols == ["zero-shot", "few-shot", "likelihood"]
    assert short.models[0].seeds == [0]


def test_the_quickstarts_own_suite_is_valid() -> None:
    import anytasktune_tasks

    suite = read_suite(Path(anytasktune_tasks.__file__).parent / "quickstart" / "suite.yaml")
    assert suite.name == "quickstart"
    assert [entry.model for entry in suite.models] == ["majority", "tfidf-logreg", "smollm2-135m", "smollm2-135m"]


def test_all_faults_are_named_at_once_each_with_its_place_and_a_suggestion(tmp_path: Path) -> None:
    text = refusal(
        tmp_path,
        """
        name: Bad Name
        taks: [law/x]
        tasks: [{task: law/x, varient: b}]
        limit: 0
        models:
          - model: smollm2-135m
            protocol: [zero-shot]
            protocols: [zeroshot]
            tune: {learning_rat: 1}
            seeds: [one]
        """,
    )
    assert "has 8 faults" in text
    for place, said in {
        "name": "pattern",
        "taks": "did you mean tasks or task?",
        "tasks.0.varient": "did you mean variant?",
        "limit": "greater than or equal to 1",
        "models.0.protocol": "did you mean protocols?",
        "models.0.protocols.0": "'zero-shot'",
        "models.0.tune": "did you mean learning_rate?",
        "models.0.seeds.0": "integer",
    }.items():
        assert any(line.startswith(f"  - {place}: ") and said in line for line in text.splitlines()), (place, text)


@pytest.mark.parametrize(
    ("tune", "said"),
    [
        ("{learning_rate: fast}", "learning_rate"),
        ("{rank: 0}", "rank"),
        ("{method: qlora}", "method"),
        ("true", "dictionary"),
        ("{1: 2}", "string"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_before_anything_runs(tmp_path: Path, tune: str, said: str) -> None:
    text = refusal(tmp_path, f"name: a\ntasks: [law/x]\nmodels: [{{model: m, tune: {tune}}}]\n")
    assert "models.0.tune" in text
    assert said in text


def test_a_rate_as_yaml_writes_it_is_a_number(tmp_path: Path) -> None:
    suite = read_suite(written(tmp_path, "name: a\ntasks: [l/x]\nmodels: [{model: m, tune: {learning_rate: 5e-4}}]\n"))
    assert suite.models[0].tune == {"learning_rate": "5e-4"}  # YAML 1.1 reads text; the recipe reads a number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\ntasks: []\nmodels: [m]\n", "tasks"),
        ("name: a\ntasks: [l/x]\nmodels: []\n", "models"),
        ("name: a\ntasks: l/x\nmodels: [m]\n", "tasks"),
        ("name: a\ntasks: [l/x]\nmodels: [m, m]\n", "stands twice"),
        ("name: a\ntasks: [l/x]\nmodels: [m]\n1: x\n", "1"),
        ("- a\n", "not a mapping"),
        ("", "not a mapping"),
        ("a: [", "not YAML"),
        ("name: \x07", "not YAML"),
    ],
)
def test_what_is_no_suite_is_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path, text)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_bytes("name: 模型".encode("gbk"))
    with pytest.raises(SuiteError, match="not YAML"):
        read_suite(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"no suite file 'gone\.yaml'"):
        read_suite(tmp_path / "gone.yaml")


def test_one_base_and_its_adapter_are_two_entries(tmp_path: Path) -> None:
    suite = read_suite(written(tmp_path, "name: a\ntasks: [l/x]\nmodels: [m, {model: m, tune: {}}]\n"))
    assert [entry.tune for entry in suite.models] == [None, {}]
