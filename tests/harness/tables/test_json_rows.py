from __future__ import annotations

from pathlib import Path

import pytest
from table_values import values

from anytasktune.errors import DataError
from anytasktune.tables import column, read_rows


def test_json_takes_a_list_an_object_of_objects_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1.0, "b": null}, {"a": true, "c": "001"}]', encoding="utf-8")
    table = read_rows(path)
    assert table.columns == ("a", "b", "c")
    assert values(table) == [{"a": 1.0, "b": None}, {"a": True, "c": "001"}]
    assert column(table, "c") == [None, "001"]
    path.write_text('{"7": {"a": 1}, "3": {"a": 2}}', encoding="utf-8")
    assert [(row.number, row.key) for row in read_rows(path).rows] == [(0, "7"), (1, "3")]
    path.write_text('{"a": 1}\n{"a": 2}\n', encoding="utf-8")
    table = read_rows(path)
    assert values(table) == [{"a": 1}, {"a": 2}]
    assert "JSON Lines" in table.notes[0]


@pytest.mark.parametrize("text", ['{"data": [{"a": 1}]}', '"x"', '[{"a": 1}', "", '{"0": {"a": 1}, "0": {"a": 2}}'])
def test_json_that_holds_no_rows_is_a_data_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.json"):
        read_rows(tmp_path / "a.json")
