"""One file a mistake; its first line lists, between bars, words the message must hold."""

from pathlib import Path

import pytest

from app.config.load import check_file
from app.core.errors import ConfigError

CORPUS = sorted((Path(__file__).parent / "invalid").glob("*.toml"))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_each_mistake_is_named(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o600)
    expected = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expects: ").split(" | ")
    with pytest.raises(ConfigError) as caught:
        check_file(copy)
    message = str(caught.value)
    for words in (str(copy), *expected):
        assert words in message
    assert message.isprintable()
    assert len(message.splitlines()) == 1


def test_the_corpus_is_there() -> None:
    assert len(CORPUS) >= 15
