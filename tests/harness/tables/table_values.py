"""What several tests of tables look at."""

from __future__ import annotations

from typing import Any

from anytasktune.tables import Table


def values(table: Table) -> list[dict[str, Any]]:
    return [dict(row.values) for row in table.rows]
