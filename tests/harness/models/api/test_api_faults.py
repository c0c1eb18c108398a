"""Which fault concerns the moment, the row or the run."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from anytasktune.errors import ModelError
from anytasktune.models.api.arguments import parse
from anytasktune.models.api.faults import FaultError, LostError, judge, retry_after, server_error

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.25", 0.25),
        ("0", 0.0),
        ("-3", 0.0),
        ("99999", 120.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sunday, 01-Mar-26 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Mon, 02 Mar 2026 12:00:00 GMT", 120.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_within_bounds(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, FaultError) for status in (408, 409, 425, 429, 500, 502, 503, 504, 524, 529)),
        *((status, LostError) for status in (400, 413, 422)),
        *((status, ModelError) for status in (301, 401, 402, 403, 404, 405, 410, 501)),
    ],
)
def test_a_status_concerns_the_moment_the_row_or_the_run(status: int, kind: type[Exception]) -> None:
    found = judge(server_error(status, "{}", ""), 3.0, parse("openai-chat:m", {}))
    assert type(found) is kind
    if isinstance(found, FaultError):
        assert found.wait == 3.0


def test_an_account_without_quota_is_not_asked_again() -> None:
    text = json.dumps({"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}})
    found = judge(server_error(429, text, ""), None, parse("openai-chat:m", {}))
    assert isinstance(found, ModelError)
    assert "OPENAI_API_KEY has no quota left (HTTP 429 insufficient_quota)" in str(found)


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        (
            '{"error": {"message": "too long", "code": "context_length_exceeded"}}',
            "too long",
            "context_length_exceeded",
        ),
        (
            '{"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}',
            "no",
            "invalid_request_error",
        ),
        ('{"object": "error", "message": "no", "type": "BadRequestError", "code": 400}', "no", "BadRequestError"),
        ('{"error": "no such model"}', "no such model", ""),
        ('{"detail": "pinned"}', "pinned", ""),
        ('{"detail": [{"loc": ["body", "seed"]}]}', '[{"loc": ["body", "seed"]}]', ""),
        ("<html>Bad\n Gateway</html>", "<html>Bad Gateway</html>", ""),
        ("", "", ""),
        ("[1]", "[1]", ""),
        ('{"error": "\\u001b[2J\\u202egone"}', "\ufffd[2J\ufffdgone", ""),
        ('{"error": {"message": "x", "code": "no code, but <script>"}}', "x", ""),
    ],
)
def test_errors_of_every_shape_are_read(text: str, message: str, code: str) -> None:
    found = server_error(400, text, "")
    assert (found.message, found.code) == (message, code)


def test_a_key_that_a_server_repeats_is_taken_out() -> None:
    text = json.dumps({"error": {"message": "Incorrect API key provided: sk-1234.", "code": "sk-1234"}})
    found = server_error(401, text, "sk-1234")
    assert "sk-1234" not in found.message + found.code + found.reason
    assert "***" in found.message


@pytest.mark.parametrize(
    ("name", "message", "fields", "refused"),
    [
        (
            "max_tokens",
            "Unsupported parameter: 'max_tokens' is not supported here. Use 'max_completion_tokens' instead.",
            {"param": "max_tokens", "code": "unsupported_parameter"},
            True,
        ),
        (
            "max_tokens",
            "'max_tokens' or 'max_completion_tokens' is too large: 64. The context length is 60 tokens.",
            {},
            False,
        ),
        ("temperature", "temperature: Extra inputs are not permitted", {}, True),
        ("temperature", "`temperature` may only be set to 1 when thinking is enabled.", {}, True),
        ("temperature", "'temperature' does not support 0 with this model.", {"code": "unsupported_value"}, True),
        ("stop", "Unsupported parameter: 'stop' is not supported with this model.", {"param": "stop"}, True),
        ("stop", "The stopword list is not supported.", {}, False),
        ("seed", "unknown field seed", {}, True),
        ("max_tokens", "The messages are too long: 9000 tokens.", {"param": "messages"}, False),
    ],
)
def test_a_refused_setting_is_told_from_a_refused_row(
    name: str, message: str, fields: dict[str, str], refused: bool
) -> None:
    error = server_error(400, json.dumps({"error": {"message": message, **fields}}), "")
    assert error.refuses(name) is refused
