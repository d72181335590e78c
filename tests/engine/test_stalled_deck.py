"""A deck that stands still for five seconds: its engine takes and records all inputs, and keeps little for it."""

import asyncio
from pathlib import Path

import msgspec
from test_link import HandRun
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.config.settings import TapeSettings
from app.core.record import Kind
from app.engine.engine import Engine
from app.engine.frames import pack, read_message
from app.engine.link_server import LinkServer
from app.engine.protocol import PROTOCOL_VERSION, EngineMessage, Hello, Snapshot
from app.engine.recording import RunRecording
from app.engine.sequencer import Sequencer
from app.feeds.tape.format import Session
from app.feeds.tape.reader import TapeReader

STALL_S, INPUTS_A_SECOND = 5, 40
KEPT_BYTES = 2 << 20
"""What waits for one deck, in the program and in the system."""
_decoder = msgspec.msgpack.Decoder(EngineMessage)


def test_hazard_9_a_deck_that_stalls_costs_bounded_memory_and_the_recording_nothing(tmp_path: Path) -> None:
    tape = tmp_path / "run.tape"

    async def main(loop: VirtualLoop) -> tuple[int, list[Snapshot]]:
        clock, run = VirtualClock(loop), HandRun()
        engine = Engine(run, clock, snapshot_hz=10)
        server = LinkServer(engine, tmp_path / "engine.sock")
        sequencer = Sequencer(clock, run.core.dispatch)
        recording = RunRecording(sequencer, TapeSettings(keep_free_mb=0), clock, lambda *_: None)
        recording.begin(tape, Session(created_wall_ns=1, mode="demo", label="DEMO"))
        # Lines that make a snapshot as large as that of a run on many markets.
        for number in range(200):
            run.core.journal.say(number, "info", "test", f"{number} " + "x" * 500)
        await engine.start()
        await server.start()
        reader, writer = await asyncio.open_unix_connection(tmp_path / "engine.sock")
        writer.write(pack(Hello(PROTOCOL_VERSION, "1")))
        for _ in range(STALL_S * INPUTS_A_SECOND):
            sequencer.put_now(0, Kind.TIMER, b"")
            run.changed()
            await asyncio.sleep(1 / INPUTS_A_SECOND)
        recording.end()
        await recording.settled()
        waited = await _read_until(reader, run.core.sequence)
        writer.close()
        await server.stop()
        await engine.stop()
        return run.core.sequence, waited

    inputs, waited = run_virtual(main)
    assert inputs == STALL_S * INPUTS_A_SECOND
    assert [record.sequence for record in TapeReader(tape).records()] == list(range(1, inputs + 1))
    *old, newest = waited
    assert newest.sequence == inputs
    assert sum(len(pack(snapshot)) for snapshot in old) < KEPT_BYTES < STALL_S * 10 * len(pack(newest))


async def _read_until(reader: asyncio.StreamReader, sequence: int) -> list[Snapshot]:
    """Snapshots in the order they come, up to the one of this input."""
    snapshots: list[Snapshot] = []
    while not snapshots or snapshots[-1].sequence < sequence:
        message = await read_message(reader, _decoder)
        assert message is not None
        snapshots += [message] if isinstance(message, Snapshot) else []
    return snapshots
