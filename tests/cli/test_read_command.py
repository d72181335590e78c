"""`tapedeck read`: one read, by whom it says, and why where it is not by whom it was asked of."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from core_driver import COINS
from test_scalper_desk import Deck

from app.bench.demo_tape import VirtualDemo, record_demo
from app.bench.model_server import scripted_answer
from app.cli.main import main
from app.cli.read import read_lines
from app.core.clock import SystemClock
from app.core.errors import UsageError, VenueError
from app.core.record import Answer, Request
from app.core.text import clean
from app.engine.core import Core
from app.engine.engine import Engine
from app.engine.evaluation import TimedAnswer
from app.engine.freeze import Outside, freeze
from app.engine.local_link import LocalLink
from app.engine.one_read import AskNow, NotReadHereError, OneRead, ReadWatch, Waiting, one_read
from app.engine.protocol import Command, FeedView, JobView, Snapshot, SourceView, StartJob
from app.scalper.interpreter_view import InterpreterState, InterpreterView
from app.scalper.reply import Reply, encode_reply

HERE = SourceView("demo", "DEMO", "simulated, seed 7")


class Scripted:
    """Answers by the bytes of the question."""

    async def answer(self, request: Request) -> TimedAnswer:
        content = json.dumps(scripted_answer(request.body.decode(), 1))
        return TimedAnswer(Answer(request.request_id, 200, encode_reply(Reply(content=content))), 1.5)


@pytest.fixture(scope="module")
def read_tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated market that a model has read."""
    path = tmp_path_factory.mktemp("tapes") / "read.tape"
    demo = VirtualDemo(3, path, answers=Scripted())

    async def play() -> None:
        with demo.writer:
            await demo.advance(80)

    asyncio.run(play())
    return path


@pytest.fixture(scope="module")
def unread_tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tapes") / "unread.tape"
    asyncio.run(record_demo(path, coins=3, seconds=80))
    return path


class HandRun:
    """A run whose inputs come by hand; `then` is called with each command, to bring what it leads to."""

    def __init__(self, deck: Deck, state: InterpreterState = "ready", message: str = "") -> None:
        self.deck = deck
        self.source = HERE
        self.state, self.message = state, message
        self.then: Callable[[], None] = lambda: None
        self.changed: Callable[[], None] = lambda: None

    @property
    def core(self) -> Core:
        return self.deck.core

    def outside(self) -> Outside:
        return Outside(
            interpreter=InterpreterView(state=self.state, model=clean("mistral"), message=clean(self.message))
        )

    async def start(self, changed: Callable[[], None]) -> None:
        self.changed = changed
        changed()

    async def finished(self) -> None:
        await asyncio.Event().wait()

    def command(self, command: Command) -> tuple[bool, str]:
        result = self.deck.core.apply(command)
        asyncio.get_running_loop().call_soon(self._go_on)
        return result

    def _go_on(self) -> None:
        self.then()
        self.changed()

    async def stop(self) -> None:
        """Nothing to end."""


def taken(run: HandRun, watch: ReadWatch, limit_s: float = 20.0) -> OneRead:
    async def take() -> OneRead:
        link = LocalLink(Engine(run, SystemClock(), snapshot_hz=1_000))
        await link.connect()
        try:
            return await one_read(link, watch, limit_s)
        finally:
            await link.close()

    return asyncio.run(take())


def deck(seconds: float = 64, **scalper: Any) -> Deck:
    made = Deck(model_up=False, **scalper)
    made.live(seconds)
    made.model_up()
    made.live(1)
    return made


def answered_by_hand(run: HandRun, **answer: Any) -> None:
    """Have the model answer what is asked by hand."""

    def answer_it() -> None:
        run.deck.live(2)
        question = run.deck.questions[-1]
        assert question.variant == "by hand"
        run.deck.exchange(question, **answer)

    run.then = answer_it


def test_a_running_engine_is_told_to_read_now() -> None:
    made = deck()
    made.exchange(made.questions[0])
    made.live(3)
    made.exchange(made.questions[-1])
    run = HandRun(made)
    answered_by_hand(run, momentum=33, after_s=1.4)
    read = taken(run, ReadWatch("BTC", "ai", by_hand=True))
    assert (read.by, read.label, read.momentum, read.trigger) == ("ai", "AI mistral", 33, "by hand")
    assert (read.latency_ms, read.age_ms, read.why_rules) == (1_400, 0, "")
    assert (read.source, read.coin, read.model) == (HERE, "BTC", "mistral")
    assert read.setup == "forming up, buyers step up, FRESH"


def test_an_answer_that_is_none_gives_the_rules_by_name() -> None:
    made = deck()
    made.exchange(made.questions[0])
    made.live(3)
    made.exchange(made.questions[-1])
    run = HandRun(made)
    answered_by_hand(run, content="I would buy.")
    read = taken(run, ReadWatch("BTC", "ai", by_hand=True))
    assert (read.by, read.label, read.wanted) == ("rules", "RULES", "ai")
    assert read.why_rules.startswith("BTC: no read: not a read")
    assert (read.action, read.confidence, read.sentence, read.model, read.latency_ms) == (None, None, "", "", None)


@pytest.mark.parametrize("state", ["off", "refused", "absent", "no model", "failing"])
def test_without_a_model_the_rules_read_at_once(state: InterpreterState) -> None:
    read = taken(HandRun(deck(), state, "Ollama does not run"), ReadWatch("BTC", "ai", by_hand=True))
    assert (read.label, read.why_rules) == ("RULES", "Ollama does not run")


def test_the_rules_are_read_without_asking_anybody() -> None:
    made = deck()
    before = len(made.questions)
    read = taken(HandRun(made, "absent"), ReadWatch("ETH", "rules", by_hand=True))
    assert (read.label, read.wanted, read.why_rules, read.coin) == ("RULES", "rules", "", "ETH")
    assert len(made.questions) == before


def test_an_engine_of_its_own_waits_for_its_first_read() -> None:
    made = deck(3)
    run = HandRun(made)
    watch = ReadWatch("BTC", "ai", by_hand=False)
    steps: list[object] = []

    def look() -> object:
        steps.append(watch.look(snapshot(run)))
        return steps[-1]

    assert look() == Waiting("a whole minute of prices is needed")
    made.live(61)
    assert isinstance(look(), Waiting)
    made.exchange(made.questions[0])
    read = look()
    assert isinstance(read, OneRead)
    assert (read.by, read.trigger) == ("ai", "periodic")
    assert not any(isinstance(step, AskNow) for step in steps)


def test_an_engine_of_its_own_asks_again_after_a_failure() -> None:
    made = deck()
    watch, run = ReadWatch("BTC", "ai", by_hand=False), HandRun(made)
    assert isinstance(watch.look(snapshot(run)), Waiting)
    made.exchange(made.questions[0], status=503, error="Ollama is busy")
    assert watch.look(snapshot(run)) == AskNow()
    watch.asked(made.now_ms, ok=True, message="Reading BTC")
    assert isinstance(watch.look(snapshot(run)), Waiting)
    failed = JobView("read", "failed", made.now_ms, "BTC: no read: Ollama is busy")
    read = watch.look(msgspec.structs.replace(snapshot(run), jobs=(failed,)))
    assert isinstance(read, OneRead)
    assert (read.label, read.why_rules) == ("RULES", "BTC: no read: Ollama is busy")


def test_a_read_from_before_is_not_taken_for_a_new_one() -> None:
    made = deck()
    made.exchange(made.questions[0])
    made.live(5)
    assert watch_of("BTC").look(snapshot(HandRun(made))) == AskNow()


def test_somebody_elses_read_by_hand_is_waited_for() -> None:
    watch, run = watch_of("BTC"), HandRun(deck())
    run.deck.exchange(run.deck.questions[0])
    run.deck.live(3)
    assert run.deck.core.apply(StartJob("read", "ETH"))[0]
    assert watch.look(snapshot(run)) == AskNow()
    ok, message = run.deck.core.apply(StartJob("read", "BTC"))
    watch.asked(run.deck.now_ms, ok=ok, message=message)
    assert (ok, watch.look(snapshot(run))) == (False, AskNow())


def test_what_does_not_come_is_said() -> None:
    with pytest.raises(VenueError, match=r"BTC: no read within 0\.2 s: a whole minute of prices is needed"):
        taken(HandRun(deck(5)), watch_of("BTC"), 0.2)
    read = taken(HandRun(deck(), "loading", "mistral is being loaded"), ReadWatch("BTC", "ai", by_hand=False), 0.2)
    assert (read.label, read.why_rules[:25]) == ("RULES", "no read within 0.2 s: mis")


def test_a_market_that_is_not_there_is_usage_and_one_nobody_reads_is_told() -> None:
    with pytest.raises(UsageError, match="DOGE is not a market of this venue, or not followed; it has BTC, ETH"):
        taken(HandRun(deck()), watch_of("DOGE"))
    with pytest.raises(NotReadHereError, match="BTC is not among the coins"):
        taken(HandRun(deck(coins=("ETH",))), watch_of("BTC"))


def watch_of(coin: str) -> ReadWatch:
    return ReadWatch(coin, "ai", by_hand=True)


def snapshot(run: HandRun) -> Snapshot:
    return freeze(run.core, run.source, run.outside())


# The command.


def test_a_tape_shows_its_last_read_as_json(read_tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "btc", "--tape", str(read_tape), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told)[:2] == ["schema_version", "coin"]
    assert (told["coin"], told["by"], told["label"], told["source"]["mode"]) == ("BTC", "ai", "AI mistral", "tape")
    assert told["latency_ms"] == 1_500
    assert 1 <= told["confidence"] <= 10
    assert told["round_trip_bps"] == 9.0


def test_a_tape_without_reads_gives_the_rules_and_exit_code_6(
    unread_tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", "BTC", "--tape", str(unread_tape), "--json"]) == 6
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert (told["by"], told["label"], told["wanted"]) == ("rules", "RULES", "ai")
    assert captured.err.startswith("error: the model did not read: the tape holds no read of it")
    assert captured.err.endswith("These are the RULES\n")


@pytest.mark.parametrize("words", [["--by", "rules"], ["--source", "rules"], ["--source", "tape", "--source", "rules"]])
def test_the_rules_that_were_asked_for_are_no_partial_result(
    unread_tape: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", "BTC", "--tape", str(unread_tape), *words]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "read by      RULES\n" in captured.out
    assert "action" not in captured.out


def test_a_read_for_people_names_everything(read_tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "ETH", "--tape", str(read_tape), "--source", "ai"]) == 0
    names = [line[:13].strip() for line in capsys.readouterr().out.splitlines()]
    assert names == [
        "market", "read by", "setup", "momentum", "pressure", "continuation", "freshness", "action", "sentence",
        "price", "costs",
    ]  # fmt: skip


def test_a_conflict_is_marked_and_a_position_is_held() -> None:
    made = deck()
    made.exchange(made.questions[0], freshness="EXTENDED")
    run = HandRun(made)
    watch = ReadWatch("BTC", "ai", by_hand=False)
    watch._since_ms = 0
    read = watch.look(snapshot(run))
    assert isinstance(read, OneRead)
    assert "action       LONG, confidence 6/10, CONFLICT: it calls the move EXTENDED" in list(read_lines(read))
    held = msgspec.structs.replace(read, in_position=True, action="NONE", conflict=False)
    assert "action       HOLD, confidence 6/10" in list(read_lines(held))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["BTC", "--source", "ai", "--source", "rules"], 2, "ai and rules cannot both be the source"),
        (["BTC", "--by", "ai", "--source", "rules"], 2, "cannot both be the source"),
        (["BTC", "--source", "live", "--source", "demo"], 2, "live and demo cannot both be the source"),
        (["BTC", "--source", "tape"], 2, "add --tape FILE"),
        (["BTC", "--tape", "missing.tape"], 5, "missing.tape"),
        (["no coin!", "--source", "demo"], 3, "markets.favourites"),
        ([], 2, "COIN"),
    ],
)
def test_words_that_do_not_fit(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", *words]) == code
    assert said in capsys.readouterr().err


def test_a_coin_that_is_not_on_the_tape_is_usage(unread_tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", COINS[-1], "--tape", str(unread_tape)]) == 2
    assert f"{COINS[-1]} is not on this tape; it has BTC, ETH, SOL" in capsys.readouterr().err


def test_a_venue_out_of_reach_ends_the_wait_after_some_seconds() -> None:
    watch = ReadWatch("BTC", "rules", by_hand=False)
    why = "the venue's name cannot be resolved. Next try in 3 s"
    down = FeedView(name="hyperliquid", state="down")

    def told(at_s: int, feed: FeedView = down) -> Snapshot:
        return Snapshot(sequence=at_s, wall_ms=1_000 * at_s, source=HERE, feeds=(feed,), waiting_for=why)

    assert watch.look(told(1)) == Waiting(why)
    assert watch.look(told(8)) == Waiting(why)
    assert watch.look(told(9, FeedView(name="hyperliquid", state="ok"))) == Waiting(why)
    assert watch.look(told(12)) == Waiting(why)
    with pytest.raises(VenueError, match="BTC: no read, the venue cannot be reached: the venue's name cannot be"):
        watch.look(told(20))
