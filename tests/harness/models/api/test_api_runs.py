"""Runs against a server that fails on demand, from outside by the command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from api_double import KEY, Asked, Command, Double, Response, Serve, answer, error, record_in
from demo_tasks import metadata, plugin, rows, yaml_text

RIGHT = {row: ("billing", "refund")[row % 2] for row in range(20)}


def right(asked: Asked) -> Response:
    """The right answer, once in five rows in other words."""
    return answer(RIGHT[asked.row] if asked.row % 5 else "none of these")


def first_then_right(first: Response) -> Any:
    """Row 7 fails once."""
    return lambda asked: first if asked.row == 7 and not asked.times else right(asked)


def journal_lines(folder: Path) -> list[dict[str, Any]]:
    """What journals hold, without their headers; every line must be whole."""
    lines = [line for path in folder.rglob("answers/**/*.jsonl") for line in path.read_text().splitlines()]
    return [entry for entry in map(json.loads, lines) if "key" in entry]


# -- what goes right -------------------------------------------------------------------------------------------


def test_a_run_has_score_tokens_cost_and_the_name_that_the_server_gives_itself(
    serve: Serve, evaluate: Command, tmp_path: Path
) -> None:
    double = serve(right)
    done = evaluate(double, "price_in=0.5,price_out=2,concurrency=3")
    assert done.status == 0, done.err
    record = record_in(tmp_path / "runs")
    assert record["score"]["value"] == 0.8
    assert record["counts"]["unreadable"] == 4
    usage = record["usage"]
    assert (usage["prompt_tokens"], usage["answer_tokens"], usage["reused"]) == (400, 60, 0)
    assert usage["cost_usd"] == pytest.approx((400 * 0.5 + 60 * 2) / 1e6)
    model = record["model"]
    assert (model["family"], model["label"], model["spec"]) == ("general", "m", "openai-chat:m,base_url=local server")
    assert model["chosen"] == {"served_model": "m-2026-01-01"}
    assert record["engine"]["name"] == "openai chat/completions"
    assert record["protocol"]["chat_template"]
    assert double.rows == dict.fromkeys(range(20), 1)
    assert "20 of 20" in done.err
    again = evaluate(double, "price_in=0.5,price_out=2,concurrency=1")
    assert (again.out, len(double.asked)) == (done.out, 20)


def test_the_prompt_is_the_cards_with_few_shot_examples_as_turns(
    serve: Serve, evaluate: Command, tmp_path: Path
) -> None:
    double = serve(right)
    assert evaluate(double, "", "--shots", 2, "--limit", 1).status == 0
    roles = [message["role"] for message in double.asked[0].body["messages"]]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert double.asked[0].body["messages"][0]["content"].startswith("Answer with one of: billing, refund.")
    assert double.asked[0].body["messages"][-1]["content"].endswith("test 0\nAnswer:")
    assert double.asked[0].body["max_tokens"] == 8
    first = record_in(tmp_path / "runs")["protocol"]["prompt_hash"]
    chinese = evaluate(double, "", "--limit", 1, "--language", "zh", "--output_path", "zh")
    assert chinese.status == 0, chinese.err
    assert record_in(tmp_path / "zh")["protocol"]["prompt_hash"] != first


def test_plain_completions_and_anthropic_are_asked_in_their_own_way(
    serve: Serve, evaluate: Command, tmp_path: Path
) -> None:
    plain = serve(lambda asked: Response(body={"choices": [{"text": RIGHT[asked.row], "finish_reason": "stop"}]}))
    done = evaluate(plain, "", kind="openai-completions:base")
    assert done.status == 0, done.err
    assert plain.asked[0].body["prompt"].startswith("Answer with one of: billing, refund.\n\n")
    assert not record_in(tmp_path / "runs")["protocol"]["chat_template"]
    content = {"stop_reason": "end_turn", "usage": {"input_tokens": 9, "output_tokens": 1}}
    claude = serve(lambda asked: Response(body={**content, "content": [{"type": "text", "text": RIGHT[asked.row]}]}))
    done = evaluate(claude, "", "--output_path", "other", kind="anthropic:c")
    assert done.status == 0, done.err
    record = record_in(tmp_path / "other")
    assert (record["score"]["value"], record["usage"]["prompt_tokens"]) == (1.0, 180)
    assert claude.asked[0].body["system"].startswith("Answer with one of")


def test_requests_are_really_sent_at_once_and_never_more_than_allowed(serve: Serve, evaluate: Command) -> None:
    together = threading.Barrier(4)

    def waits(asked: Asked) -> Response:
        together.wait(60)  # broken, and with it the request, unless four are there
        return right(asked)

    double = serve(waits)
    done = evaluate(double, "concurrency=4,attempts=1")
    assert (done.status, double.most_at_once) == (0, 4), done.err

    def takes_a_while(asked: Asked) -> Response:
        time.sleep(0.05)
        return right(asked)

    alone = serve(takes_a_while)
    assert evaluate(alone, "concurrency=8", "--batch_size", 1).status == 0
    assert alone.most_at_once == 1


def test_equal_prompts_are_asked_once(serve: Serve, command: Command, tmp_path: Path) -> None:
    found = [row for row in rows("choice", train=2, validation=0, test=20) if row.split == "test"]
    same = [type(row)(id=f"again:{row.id}", input=row.input, targets=row.targets, split="test") for row in found[:5]]
    path = plugin(tmp_path, "choice", [*found, *same])
    double = serve(right)
    done = command("evaluate", "demo/choice", "--plugin", path, "--model", f"openai-chat:m,base_url={double.url}")
    assert done.status == 0, done.err
    assert len(double.asked) == 20
    assert record_in(tmp_path / "runs")["score"]["n"] == 25


# -- faults of the moment --------------------------------------------------------------------------------------


def test_retry_after_is_waited_for(serve: Serve, evaluate: Command, caplog: pytest.LogCaptureFixture) -> None:
    double = serve(first_then_right(error(429, "slow down", headers={"Retry-After": "2"})))
    done = evaluate(double)
    assert done.status == 0, done.err
    first, second = (asked.at for asked in double.asked if asked.row == 7)
    assert second - first >= 2.0
    assert "HTTP 429, which asks to wait 2 s; tried again" in done.err
    assert "stamina" not in {line.name for line in caplog.records}


def test_without_retry_after_it_waits_longer_each_time(serve: Serve, evaluate: Command) -> None:
    double = serve(lambda asked: error(503) if asked.row == 7 and asked.times < 2 else right(asked))
    assert evaluate(double, "attempts=3").status == 0
    first, second, third = (asked.at for asked in double.asked if asked.row == 7)
    assert second - first >= 1.0
    assert third - second >= 2.0


@pytest.mark.parametrize(
    "first",
    [
        Response(body=b'{"choices": [{"mess'),
        Response(body=b""),
        Response(body=b"\xff\xfe"),
        Response(body=[1]),
        Response(body={"error": {"message": "overloaded", "code": 429}}),
        Response(body={"choices": [{"message": {"content": "refund"}}]}, torn=True),
        error(529, "overloaded"),
        Response(status=502, body=b"<html>Bad Gateway</html>"),
    ],
    ids=["half JSON", "nothing", "no text", "a list", "error as 200", "torn", "529", "HTML"],
)
@pytest.mark.usefixtures("no_waiting")
def test_a_fault_of_the_moment_costs_nothing_but_time(
    serve: Serve, evaluate: Command, tmp_path: Path, first: Response
) -> None:
    double = serve(first_then_right(first))
    done = evaluate(double)
    assert done.status == 0, done.err
    record = record_in(tmp_path / "runs")
    assert (record["score"]["value"], record["counts"]["missing"]) == (0.8, 0)
    assert double.rows == {**dict.fromkeys(range(20), 1), 7: 2}


@pytest.mark.parametrize("in_drops", [False, True], ids=["silent", "in drops"])
@pytest.mark.usefixtures("no_waiting")
def test_an_answer_that_takes_too_long_is_asked_for_again(serve: Serve, evaluate: Command, in_drops: bool) -> None:
    gone = threading.Event()

    def slow(asked: Asked) -> Response:
        if asked.row == 7 and not asked.times:
            if in_drops:
                return Response(body=b" " * 300, in_drops=True)
            gone.wait(60)
        return right(asked)

    double = serve(slow)
    done = evaluate(double, "timeout=2")
    gone.set()
    assert done.status == 0, done.err
    first, second = [asked.at for asked in double.asked if asked.row == 7][:2]
    assert second - first < 25
    assert "no answer within 2 s; tried again" in done.err


# -- rows that fail for good -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_waiting")
def test_a_row_that_fails_forever_is_missing_and_never_wrong(serve: Serve, evaluate: Command, tmp_path: Path) -> None:
    double = serve(lambda asked: error(500, "broken") if asked.row == 7 else right(asked))
    done = evaluate(double, "attempts=3")
    assert done.status == 0, done.err
    record = record_in(tmp_path / "runs")
    assert (record["counts"]["missing"], record["score"]["n"], record["score"]["value"]) == (1, 19, 15 / 19)
    assert record["model"]["chosen"]["missing"] == {"HTTP 500, 3 attempts": 1}
    assert double.rows == {**dict.fromkeys(range(20), 1), 7: 3}
    assert "1 of 20 answers of m are missing" in done.err
    assert "test:7: HTTP 500, 3 attempts: broken" in done.err
    assert len(journal_lines(tmp_path)) == 19


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (error(400, "maximum context length", code="context_length_exceeded"), "HTTP 400 context_length_exceeded"),
        (error(422, "cannot read this"), "HTTP 422"),
        (answer(None, finish="content_filter"), "withheld by the provider (content_filter)"),
    ],
)
def test_a_row_that_the_server_refuses_is_asked_once_and_missing(
    serve: Serve, evaluate: Command, tmp_path: Path, refusal: Response, reason: str
) -> None:
    double = serve(lambda asked: refusal if asked.row == 7 else right(asked))
    done = evaluate(double)
    assert done.status == 0, done.err
    record = record_in(tmp_path / "runs")
    assert (record["counts"]["missing"], record["score"]["n"]) == (1, 19)
    assert record["model"]["chosen"]["missing"] == {reason: 1}
    assert double.rows == dict.fromkeys(range(20), 1)


def test_an_empty_answer_is_an_answer(serve: Serve, evaluate: Command, tmp_path: Path) -> None:
    double = serve(lambda asked: answer({7: "", 8: None}.get(asked.row, RIGHT[asked.row])))
    assert evaluate(double).status == 0
    record = record_in(tmp_path / "runs")
    assert (record["counts"]["empty"], record["counts"]["missing"], record["score"]["n"]) == (2, 0, 20)


@pytest.mark.usefixtures("no_waiting")
def test_field_case_43_too_many_missing_rows_fail_the_run_and_only_they_are_asked_again(
    serve: Serve, evaluate: Command, tmp_path: Path
) -> None:
    ill = {3, 7, 11}
    double = serve(lambda asked: error(500, "broken") if asked.row in ill else right(asked))
    done = evaluate(double, "attempts=2,price_in=1,price_out=1")
    assert done.status == 1
    assert "3 of 20 answers of m are missing; max_missing allows 5%" in done.err
    assert "test:11: HTTP 500, 2 attempts: broken" in done.err
    assert "the same command again asks only for those that are missing" in done.err
    assert not list((tmp_path / "runs").rglob("record.json"))
    double.forget()
    double.behaviour = right
    done = evaluate(double, "attempts=2,price_in=1,price_out=1")
    assert done.status == 0, done.err
    assert double.rows == dict.fromkeys(ill, 1)
    record = record_in(tmp_path / "runs")
    assert (record["score"]["value"], record["score"]["n"], record["counts"]["missing"]) == (0.8, 20, 0)
    usage = record["usage"]
    assert (usage["prompt_tokens"], usage["answer_tokens"], usage["reused"]) == (400, 60, 17)
    assert usage["cost_usd"] == pytest.approx(460 / 1e6)


@pytest.mark.parametrize("absent", [1, 6, 20])
@pytest.mark.usefixtures("no_waiting")
def test_field_case_43_missing_stands_beside_n_and_beyond_its_threshold_there_is_no_score(
    serve: Serve, evaluate: Command, tmp_path: Path, absent: int
) -> None:
    double = serve(lambda asked: error(400, "filtered") if asked.row < absent else right(asked))
    done = evaluate(double, "max_missing=1,concurrency=16")
    record = record_in(tmp_path / "runs")
    assert (record["counts"]["missing"], record["score"]["n"]) == (absent, 20 - absent)
    assert f"{absent} of 20 answers are missing" in done.out
    assert (done.status, record["score"]["value"] is None) == ((0, False) if absent == 1 else (1, True))


# -- what stops a run ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "the key in MY_KEY is not accepted (HTTP 401"),
        (403, "the key in MY_KEY has no access (HTTP 403"),
        (404, "there is no such model, or no such address (HTTP 404"),
    ],
)
def test_field_case_48_a_refused_key_or_name_stops_the_run_at_once_in_a_sentence(
    serve: Serve, evaluate: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, said: str
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    double = serve(lambda asked: error(status, f"Incorrect API key provided: {KEY}."))
    done = evaluate(double, "key_env=MY_KEY,concurrency=2")
    assert done.status == 1
    assert f"m cannot be asked: {said}" in done.err
    assert f"where: {double.url}/chat/completions" in done.err
    assert "Traceback" not in done.err
    assert len(double.asked) <= 2
    assert KEY not in done.out + done.err
    assert not list((tmp_path / "runs").rglob("record.json"))
    double.behaviour = right
    assert evaluate(double, "key_env=MY_KEY").status == 0


def test_field_case_48_a_server_that_is_not_there_is_said_at_once(evaluate: Command) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        done = evaluate(url, "attempts=1")
    assert done.status == 1
    assert "m cannot be asked: no server answers (no connection)" in done.err
    assert url in done.err


def test_field_case_48_a_key_that_is_not_set_is_said_by_name(evaluate: Command) -> None:
    done = evaluate("https://api.example.com/v1", "key_env=NO_SUCH_KEY")
    assert done.status == 2
    assert "NO_SUCH_KEY is not set" in done.err


@pytest.mark.usefixtures("no_waiting")
def test_field_case_48_every_row_failing_is_a_failed_run_that_does_not_go_on_for_ever(
    serve: Serve, command: Command, tmp_path: Path
) -> None:
    path = plugin(tmp_path, "choice", rows("choice", train=2, validation=0, test=60))
    for behaviour in (lambda asked: error(503, "down"), lambda asked: error(400, "cannot read you")):
        double = serve(behaviour)
        spec = f"openai-chat:m,base_url={double.url},attempts=2,concurrency=4"
        done = command("evaluate", "demo/choice", "--plugin", path, "--model", spec)
        assert done.status == 1
        assert "m left 10 rows in a row without an answer: stopped" in done.err
        assert len(double.rows) <= 14
    assert not list((tmp_path / "runs").rglob("record.json"))


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("api_key=sk-4711", 2, "does not belong into a model's name"),
        ("temperatur=0", 2, "did you mean temperature?"),
    ],
)
def test_field_case_48_a_wrong_spec_exits_2(
    serve: Serve, evaluate: Command, tmp_path: Path, arguments: str, status: int, said: str
) -> None:
    done = evaluate(serve(right), arguments)
    assert (done.status, said in done.err, "sk-4711" in done.err) == (status, True, False)
    assert not (tmp_path / "runs").exists()


def test_likelihoods_are_not_to_be_had(serve: Serve, evaluate: Command) -> None:
    done = evaluate(serve(right), "", "--method", "likelihood")
    assert done.status == 2
    assert "m cannot be asked by likelihood" in done.err


# -- dialects --------------------------------------------------------------------------------------------------


def test_max_completion_tokens_is_sent_once_max_tokens_was_refused(serve: Serve, evaluate: Command) -> None:
    def newer(asked: Asked) -> Response:
        if "max_tokens" in asked.body:
            message = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
            return error(400, message, param="max_tokens", code="unsupported_parameter")
        return right(asked)

    double = serve(newer)
    done = evaluate(double, "concurrency=3,thinking_tokens=500")
    assert done.status == 0, done.err
    assert sum("max_tokens" in asked.body for asked in double.asked) <= 3
    assert {asked.body.get("max_completion_tokens") for asked in double.asked} == {None, 508}
    assert done.err.count("m refuses max_tokens; max_completion_tokens is sent from now on") == 1


def test_a_refused_temperature_stops_the_run_since_answers_would_be_others(serve: Serve, evaluate: Command) -> None:
    def fixed(asked: Asked) -> Response:
        if "temperature" in asked.body:
            return error(400, "'temperature' does not support 0 with this model.", param="temperature")
        return right(asked)

    double = serve(fixed)
    done = evaluate(double, "concurrency=1")
    assert (done.status, len(double.asked)) == (1, 1)
    assert "temperature=default leaves it to the server" in done.err
    done = evaluate(double, "temperature=default")
    assert done.status == 0, done.err


def until(path: Path, stops: list[str], limit: int = 8) -> None:
    card = metadata("choice")
    path.with_suffix(".yaml").write_text(yaml_text(card, until=stops, max_gen_toks=limit), encoding="utf-8")


def test_stop_strings_beyond_four_and_line_breaks_are_cut_here(
    serve: Serve, evaluate: Command, twenty: Path, tmp_path: Path
) -> None:
    until(twenty, ["\n", "A:", "B:", "C:", "D:", "E:"])
    texts = {3: "refund E: billing", 4: "\n\nbilling\nrefund", 5: "refund\nbilling", 6: "billing or so"}
    double = serve(
        lambda asked: answer(texts.get(asked.row, RIGHT[asked.row]), finish="length" if asked.row in texts else "stop")
    )
    assert evaluate(double).status == 0
    assert double.asked[0].body["stop"] == ["A:", "B:", "C:", "D:"]
    record = record_in(tmp_path / "runs")
    assert (record["score"]["value"], record["counts"]["hit_limit"]) == (1.0, 1)
    samples = [json.loads(line) for line in next(tmp_path.rglob("samples.jsonl")).read_text().splitlines()]
    assert [samples[row]["answer"] for row in texts] == ["refund ", "\n\nbilling", "refund", "billing or so"]
    assert [samples[row]["hit_limit"] for row in texts] == [False, False, False, True]


def test_a_server_that_takes_no_stop_strings_is_cut_here(serve: Serve, evaluate: Command, twenty: Path) -> None:
    until(twenty, ["END"])

    def takes_none(asked: Asked) -> Response:
        if "stop" in asked.body:
            return error(400, "Unsupported parameter: 'stop' is not supported with this model.", param="stop")
        return answer(f"{RIGHT[asked.row]} END billing refund")

    done = evaluate(serve(takes_none))
    assert "accuracy 1.0000" in done.out, done.err
    assert done.err.count("takes no stop strings; its answers are cut here") == 1


# -- what is told and kept -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_waiting")
def test_the_key_reaches_the_server_and_nothing_else(
    serve: Serve, evaluate: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)

    def tells(asked: Asked) -> Response:
        said = f"you sent {asked.headers['authorization']}"
        if asked.row == 7:
            return error(400, said, code=KEY, param=KEY)
        if not asked.times:
            return Response(status=500, body=said.encode())
        return right(asked)

    double = serve(tells)
    done = evaluate(double, "key_env=MY_KEY,attempts=2")
    assert done.status == 0, done.err
    assert {asked.headers["authorization"] for asked in double.asked} == {f"Bearer {KEY}"}
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY not in done.out + done.err
    assert KEY.encode() not in written
    assert b"you sent" not in written


def test_a_server_without_usage_has_no_cost_and_says_so_once(serve: Serve, evaluate: Command, tmp_path: Path) -> None:
    body = {"choices": [{"message": {"content": "billing"}, "finish_reason": "stop"}]}
    done = evaluate(serve(lambda asked: Response(body=body)), "price_in=1,price_out=1")
    usage = record_in(tmp_path / "runs")["usage"]
    assert (done.status, usage["prompt_tokens"], usage["cost_usd"]) == (0, 0, None)
    assert done.err.count("does not say what all answers took") == 1


def test_two_servers_of_one_name_share_no_answers_and_two_ways_of_asking_do(serve: Serve, evaluate: Command) -> None:
    one, two = serve(right), serve(right)
    assert evaluate(one).status == 0
    assert evaluate(two).status == 0
    assert len(one.asked) == len(two.asked) == 20
    assert evaluate(one, "temperature=0.5").status == 0
    assert evaluate(one, "body.top_p=0.5").status == 0
    assert len(one.asked) == 60
    for same in ("concurrency=1", "timeout=9", "attempts=1", "price_in=1,price_out=1", "max_missing=0"):
        assert evaluate(one, same).status == 0
    assert len(one.asked) == 60


def test_several_models_behind_one_name_are_told(serve: Serve, evaluate: Command, tmp_path: Path) -> None:
    done = evaluate(serve(lambda asked: answer(RIGHT[asked.row], model="mb" if asked.row == 7 else "ma")))
    assert "several models answered by this name: ma, mb" in done.err
    assert record_in(tmp_path / "runs")["model"]["chosen"]["served_model"] == "ma, mb"


def test_a_proxy_is_not_asked_for_a_server_of_ones_own(
    serve: Serve, evaluate: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert evaluate(serve(right), "attempts=1").status == 0


@pytest.mark.usefixtures("no_waiting")
def test_what_was_recorded_with_missing_rows_scores_the_same_from_its_file(
    serve: Serve, command: Command, twenty: Path, tmp_path: Path
) -> None:
    texts = {2: "", 4: "billing\nand more"}
    double = serve(
        lambda asked: error(400, "filtered") if asked.row == 7 else answer(texts.get(asked.row, RIGHT[asked.row]))
    )
    spec = f"openai-chat:m,base_url={double.url}"
    words = ("demo/choice", "--plugin", twenty)
    done = command("record", *words, "--model", spec, "--out", "kept.jsonl")
    assert done.status == 0, done.err
    kept = [json.loads(line) for line in (tmp_path / "kept.jsonl").read_text().splitlines()]
    assert len(kept) == 20
    assert [line["answer"] for line in kept if line["id"] in ("test:2", "test:4", "test:7")] == ["", "billing", None]
    (first,) = json.loads(command("evaluate", *words, "--model", spec, "--json").out)
    (again,) = json.loads(command("evaluate", *words, "--model", "recorded:kept.jsonl", "--json").out)
    assert first["counts"]["missing"] == 1
    for part in ("score", "scores", "slices", "counts"):
        assert again[part] == first[part]


# -- runs that are ended ---------------------------------------------------------------------------------------


LISTENING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from anytasktune.cli.main import main; main()"
)
"""The command line, deaf to no Ctrl-C: what a shell starts in the background ignores it."""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_run_that_is_ended_goes_on_with_what_is_missing(
    serve: Serve, evaluate: Command, twenty: Path, tmp_path: Path, how: signal.Signals
) -> None:
    enough = threading.Event()
    rest = threading.Event()

    def answers_twelve(asked: Asked) -> Response:
        if len(double.asked) > 12:
            enough.set()
            rest.wait(60)
        return right(asked)

    double: Double = serve(answers_twelve)
    spec = f"openai-chat:m,base_url={double.url},concurrency=2,price_in=1,price_out=1"
    child = subprocess.Popen(
        [sys.executable, "-c", LISTENING, "evaluate", "demo/choice", "--plugin", str(twenty), "--model", spec],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        assert enough.wait(100)
        deadline = time.monotonic() + 20
        while len(journal_lines(tmp_path)) < 11 and time.monotonic() < deadline:
            time.sleep(0.05)
        child.send_signal(how)
        assert child.stderr is not None
        said = child.stderr.read()
    rest.set()
    if how == signal.SIGINT:
        assert child.returncode == 130
        assert "the same command again goes on from here" in said
        assert "Traceback" not in said
    kept = len(journal_lines(tmp_path))
    assert 11 <= kept <= 12
    answered = {asked.row for asked in double.asked}
    double.forget()
    double.behaviour = right
    done = evaluate(double, "concurrency=8,price_in=1,price_out=1")
    assert done.status == 0, done.err
    assert sum(double.rows.values()) == 20 - kept
    assert set(double.rows) | answered == set(range(20))
    record = record_in(tmp_path / "runs")
    usage = record["usage"]
    assert (usage["reused"], usage["prompt_tokens"], usage["cost_usd"]) == (kept, 400, pytest.approx(460 / 1e6))
    assert record["score"]["value"] == 0.8
