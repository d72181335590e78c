"""Fuzzes one target, led by coverage, until its time is up: `python fuzz_child.py TARGET CORPUS -max_total_time=60 …`.

Ends with 0 when nothing but the project's own errors came out; else it prints the input that did it.
"""

import logging
import sys

import atheris

with atheris.instrument_imports(include=["app"]):
    from targets import TARGETS

    from app.core.errors import TapedeckError

    # What a target imports when it reads is led by coverage only when it is imported here.
    TARGET = TARGETS[sys.argv.pop(1)]
    for sound in TARGET.sound():
        TARGET.read(sound)


def main() -> None:
    """Hand over to the fuzzer, which does not come back."""
    logging.disable(logging.CRITICAL)

    def one_input(data: bytes) -> None:
        try:
            TARGET.read(data)
        except TapedeckError:
            return

    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
