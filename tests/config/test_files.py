"""Files that a user wrote cost little, whatever is in them."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.files import load_toml

PARTS = st.sampled_from(["a", "b-1", '"c.d"', "'e # f'", '"\\" ."'])
JOINTS = st.sampled_from([".", " . ", "\t."])
AROUND = st.sampled_from(["{} = 1", "[{}]", "[[ {} ]]", "x = {{ {} = 1 }}", 'x = [{{{} = "y"}}]'])
VALUES = st.text(st.sampled_from("a.\"'\\#\n ="), max_size=80)
LARGE = 200 * 1024


def key_of(parts: list[str], joint: str) -> str:
    return joint.join(parts)


@given(st.lists(PARTS, min_size=1, max_size=16), JOINTS, AROUND)
def test_a_key_of_sixteen_parts_is_read(parts: list[str], joint: str, around: str) -> None:
    text = around.format(key_of(parts, joint))
    assert load_toml(text) == tomllib.loads(text)


@given(st.lists(PARTS, min_size=17, max_size=40), JOINTS, AROUND)
def test_a_deeper_key_is_refused_with_its_line(parts: list[str], joint: str, around: str) -> None:
    text = "# a comment\n" + around.format(key_of(parts, joint))
    with pytest.raises(ValueError, match=r"more than 16 parts \(at line 2\); write it with fewer dots"):
        load_toml(text)


@given(VALUES, VALUES)
def test_dots_in_texts_and_comments_are_no_key(text: str, comment: str) -> None:
    basic = text.replace("\\", "\\\\").replace('"', '\\"')
    dots = ".".join("a" * 40)
    content = "\n".join(
        (
            f"# {dots} {comment.replace(chr(10), ' ')}",
            f'one = "{dots} {basic.replace(chr(10), "")}" # {dots}',
            f'two = """{dots} {basic}"""',
            f"three = '''{dots} {text.replace(chr(39), '')}'''",
            f"four = '{dots}'",
        )
    )
    assert load_toml(content) == tomllib.loads(content)


@pytest.mark.parametrize(
    "text",
    [
        "a." * (LARGE // 2) + "a = 1",
        "[" + '"a" . ' * (LARGE // 6) + "a]",
        "x = {" + "a." * (LARGE // 2) + "a = 1}",
        '"""' + '\\"""\n' * (LARGE // 5) + "\\",
        "'''" + "''\n" * (LARGE // 3),
        ("a." * 15 + "a ") * (LARGE // 32),
        '"' * LARGE,
        "x = " + "[" * LARGE,
        "x = " + "1" * LARGE,
    ],
    ids=["dotted", "header", "inline", "escaped", "open", "repeated", "quotes", "brackets", "digits"],
)
def test_a_large_hostile_file_is_refused(text: str) -> None:
    # Read by tomllib alone, the first takes minutes.
    with pytest.raises(ValueError, match=r"."):
        load_toml(text)
