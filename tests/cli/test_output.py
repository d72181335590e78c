import csv
import io
import json
import math

import msgspec
import pytest

from app.cli import output


class Point(msgspec.Struct):
    x: float
    name: str


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes rich take captured output for a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")


def test_json_is_one_line_with_a_version(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"b": 1, "a": [Point(1.5, "x\ny")]})
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert list(json.loads(printed)) == ["schema_version", "b", "a"]


def test_json_has_no_numbers_json_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json(Point(math.nan, "x"))
    assert json.loads(capsys.readouterr().out) == {"schema_version": 1, "x": None, "name": "x"}


def test_tables_are_tab_separated_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(["coin", ">price"], [["BTC", "1"], ["[bold]X[/]\t\x1b[2J", "2"]])
    assert capsys.readouterr().out == "coin\tprice\nBTC\t1\n[bold]X[/][2J\t2\n"


@pytest.mark.usefixtures("terminal")
def test_tables_show_texts_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(["state", "coin"], [["ok", "[link=http://x]X[/link]"]], {"ok": "green"})
    printed = capsys.readouterr().out
    assert "[link=http://x]X[/link]" in printed
    assert "\x1b[32mok" in printed


@pytest.mark.usefixtures("terminal")
def test_no_color_is_heeded(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    output.print_table(["state"], [["ok"]], {"ok": "green"})
    assert "\x1b[32m" not in capsys.readouterr().out


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\x00@x", "\u200b=1", "=" + "x" * 2_000])
def test_no_text_of_a_cell_is_run_by_a_spreadsheet(text: str) -> None:
    cell = output.csv_cell(text)
    assert str(cell).startswith(("'=", "'+", "'-", "'@"))
    assert str(cell).isprintable()


def test_numbers_and_plain_texts_of_a_cell_are_as_they_are() -> None:
    assert [output.csv_cell(each) for each in (-1.5, -3, "a=b", None, "")] == [-1.5, -3, "a=b", "", ""]


def test_csv_is_one_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_csv(("name", "score"), [["=x,y", -0.5], ['a"b\n', None]])
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows == [["name", "score"], ["'=x,y", "-0.5"], ['a"b', ""]]


def test_talk_goes_to_stderr_unless_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("wrote\x07 [x]")
    output.say("nothing", quiet=True)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "wrote [x]\n")


def test_errors_keep_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_error("one\ntwo\x1b")
    assert capsys.readouterr().err == "error: one\nerror: two\n"


def test_long_lines_are_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_line("word " * 100)
    assert capsys.readouterr().out.count("\n") == 1


def test_no_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("recording", 10) as advance:
        advance(5)
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("terminal")
def test_a_bar_on_a_terminal_is_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("[b]recording", 10) as advance:
        advance(10)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "[b]recording" in captured.err


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("quiet", [True, False])
def test_no_bar_when_quiet_or_dumb(
    quiet: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm" if quiet else "dumb")
    with output.progress("recording", 10, quiet=quiet) as advance:
        advance(10)
    assert capsys.readouterr() == ("", "")


def test_a_paragraph_is_broken_between_words_on_a_terminal_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "one two three four five six seven eight nine ten \x1b[2J eleven"
    output.print_paragraph(text)
    assert capsys.readouterr().out == text.replace("\x1b", "") + "\n"
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLUMNS", "20")):
        monkeypatch.setenv(name, value)
    output.print_paragraph(text)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["one two three four", "five six seven eight"]
    assert all(len(line) <= 20 for line in lines)
