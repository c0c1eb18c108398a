from __future__ import annotations

import inspect

import pytest

from anytasktune import errors, exit_status
from anytasktune.errors import AnyTaskTuneError, DataError, did_you_mean


def test_an_error_says_what_where_with_what_evidence_and_what_to_do() -> None:
    error = DataError("2 rows are bad.", where="rows.jsonl:7", evidence=["r:1", 2], fix="mend them")
    assert str(error) == "2 rows are bad.\n  where: rows.jsonl:7\n  - r:1\n  - 2\n  next: mend them"
    assert (error.problem, error.evidence) == ("2 rows are bad.", ("r:1", "2"))


def test_at_most_ten_pieces_of_evidence_are_printed_and_the_rest_counted() -> None:
    text = str(DataError("bad", evidence=range(13)))
    assert text.count("  - ") == 10
    assert text.endswith("  … and 3 more")


def test_an_error_without_particulars_is_one_sentence() -> None:
    assert str(DataError("bad")) == "bad"


def test_the_docstring_draws_the_whole_tree() -> None:
    classes = {
        name: kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, AnyTaskTuneError) and kind is not AnyTaskTuneError
    }
    drawn = [line.split()[1] for line in (errors.__doc__ or "").splitlines() if line.strip().startswith(("├", "└"))]
    assert sorted(drawn) == sorted(classes)


def test_wrong_requests_and_suites_exit_as_usage_errors_and_everything_else_as_a_failure() -> None:
    usage = {errors.UsageError, errors.SuiteError}
    for kind in AnyTaskTuneError.__subclasses__():
        assert kind.exit_status == (exit_status.USAGE if kind in usage else exit_status.FAILED)


def test_each_exit_status_has_its_own_number_and_a_reason_beside_it() -> None:
    numbers = {name: value for name, value in vars(exit_status).items() if name.isupper()}
    assert numbers == {"OK": 0, "FAILED": 1, "USAGE": 2, "INTERRUPTED": 130}
    source = inspect.getsource(exit_status)
    assert all(f'{name} = {value}\n"""' in source for name, value in numbers.items())


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("tets", ["test", "train"], "did you mean test?"),
        ("tra", ["train", "trap"], "did you mean trap or train?"),
        ("xyz", ["train", "test"], "known: test, train"),
        ("xyz", [], "known: none"),
    ],
)
def test_near_names_are_suggested_and_otherwise_all_are_listed(name: str, known: list[str], said: str) -> None:
    assert did_you_mean(name, known) == said
