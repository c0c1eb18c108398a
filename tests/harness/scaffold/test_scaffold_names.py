from __future__ import annotations

from pathlib import Path

import pytest
from scaffolded import loaded, written

from anytasktune.errors import UsageError
from anytasktune.scaffold.names import names_of
from anytasktune.scaffold.samples import sample_draft

TAKEN = ["law/charge-prediction"]


def test_every_name_follows_from_the_id() -> None:
    names = names_of("hr/job-title-2", [])
    assert (names.name, names.module, names.slug) == ("job-title-2", "job_title_2", "hr_job_title_2")
    assert (names.package, names.distribution) == ("anytasktune_hr_job_title_2", "anytasktune-hr-job-title-2")
    assert names.entry_point == "hr-job-title-2"


def test_a_package_never_hides_a_library() -> None:
    assert names_of("lm/eval", []).package == "anytasktune_lm_eval"


@pytest.mark.parametrize(
    ("id", "said", "proposed"),
    [
        ("demo", "written domain/name", "demo/my-task"),
        ("/x", "written domain/name", "demo/x"),
        ("demo/", "written domain/name", "demo/my-task"),
        ("a/b/c", "2 slashes", "a/b-c"),
        ("Law/Clause", "'L', is a capital letter", "law/clause"),
        ("law/clause type", "character 11, ' ', is white space", "law/clause-type"),
        ("law/clause\ttype", "white space", "law/clause-type"),
        ("law/条款", "character 5, '条'", "law/my-task"),
        ("law/naïve_café", "'ï'", "law/naive-cafe"),
        ("3law/x", "begin with", "demo/x"),
        ("law/-x", "begin with", "law/x"),
        ("law/3-3", "begins with a digit", "law/task-3-3"),
        ("law/x-", "ends in a hyphen", "law/x"),
        ("law/class", "word of Python", "law/class-task"),
        ("demo/con", "device on Windows", "demo/con-task"),
        ("demo/" + "x" * 61, "61 letters", ""),
        ("law/charge-prediction", "registered already", "anytasktune show law/charge-prediction"),
        ("law-charge/prediction", "'law/charge-prediction' is already", "anytasktune show law/charge-prediction"),
    ],
)
def test_a_bad_id_gets_a_sentence_and_a_better_one(id: str, said: str, proposed: str) -> None:
    with pytest.raises(UsageError) as refused:
        names_of(id, TAKEN)
    assert said in str(refused.value)
    assert proposed in refused.value.fix


@pytest.mark.parametrize("id", ["law/x", "l2/import-x", "a/b--c", "demo/data", "demo/tests", "demo/json", "lm/eval"])
def test_every_id_that_passes_makes_a_package_that_loads(id: str, tmp_path: Path) -> None:
    names = names_of(id, TAKEN)
    assert loaded(written(sample_draft(names, "number"), tmp_path), id).card.id == id
    assert names.module.isidentifier()
    assert names.package.isidentifier()
