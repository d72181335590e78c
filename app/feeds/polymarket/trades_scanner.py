"""A page of trades from its bytes into columns, in the subset of Python that numba compiles.

It reads rows as the venue writes them, without spaces inside, and is strict: what it does not know for certain it calls
`FOREIGN` and leaves to the decoder, which every page can be given to. What it does read is what `parse.parse_activity`
makes of the page (properties hold the two together).

Behind a page stand `PADDING` zero bytes, which end every search (`byte_kernel`).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numpy import int64, uintp

from app.core.compiling import Function
from app.feeds.polymarket.byte_kernel import (
    ADDRESS_BYTES,
    BUY,
    CLOSE,
    COLON,
    COMMA,
    END,
    FIVE,
    FOREIGN,
    FOUR,
    INEXACT,
    LINE,
    NIL,
    NULL,
    OPEN,
    QUOTE,
    SELL,
    SEVEN,
    SIX,
    TRADE,
    Bytes,
    Floats,
    byte_functions,
)  # fmt: skip

Integers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

ID_BYTES = 80
PADDING = 160
"""At least the longest name that is compared, and the longest id."""
MAXIMUM_AMOUNT, MAXIMUM_PRICE = 1e15, 1.001
"""Bounds of `wire.Shares` and `wire.Paid` (below), and of `wire.Price` (at most)."""
_LONGEST_NAME = 120
_SECONDS_DIGITS, _OUTCOME_DIGITS = 10, 3

_NAMES = (
    "", "proxy_wallet", "condition_id", "token_id", "size", "price", "timestamp", "side",
    "type", "usdc_size", "outcome_index", "event_slug", "transaction_hash",
)  # fmt: skip
"""What the rows name that is used, as in `wire.WireActivity`; from `usdc_size` on it may be null."""
_OTHER, _WALLET, _CONDITION, _TOKEN, _SIZE, _PRICE, _AT, _SIDE, _TYPE, _USDC, _OUTCOME, _SLUG, _HASH = range(13)
_NEEDED = sum(1 << kind for kind in range(_WALLET, _SIDE + 1))
_NAME_BYTES = max(map(len, _NAMES))
_NAME_TABLE = np.frombuffer(b"".join(name.encode().ljust(_NAME_BYTES, b"\0") for name in _NAMES), np.uint8)
_NAME_LENGTHS = np.array([len(name) for name in _NAMES])

# What is noted of a row while it is read: where its ids and amounts stand, and the rest of it.
AT_CONDITION, CONDITION_BYTES, AT_TOKEN, TOKEN_BYTES, AT_SIZE, AT_PRICE, AT_USDC, SECONDS, BUYS = range(9)
NOTES = 9
# Its amounts. nan: not told; `INEXACT`: more digits than are read here, so that the decoder's own reading is asked for.
SIZE, PRICE, USDC, UNUSED = range(4)
AMOUNTS = 4
# What is known of a name: its place and bytes with quotes and colon, and which it is. The last row is no name's.
AT_NAME, NAME_BYTES, KIND = range(3)
MOST_NAMES = 64


def _kind(text: Bytes, place: int, length: int) -> int:
    """Which of the names that are used stands there, `_OTHER` for any other."""
    for kind in range(1, len(_NAME_LENGTHS)):
        if _NAME_LENGTHS[kind] == length:
            at = 0
            while at < length and text[uintp(place + at)] == _NAME_TABLE[kind * _NAME_BYTES + at]:
                at += 1
            if at == length:
                return kind
    return _OTHER


def _name_with(plain: Function, same: Function, kind_of: Function) -> Function:
    def name(text: Bytes, place: int, names: Integers, number: int) -> int:
        """The place behind the name and colon at `place`, the row's `number`th, which `names` gets; or `FOREIGN`.

        Rows of a page have the same names in the same order, so that the name of the row before is looked for first.
        """
        length = names[number, NAME_BYTES]
        if length > 0 and same(text, place, names[number, AT_NAME], length):
            return place + int(length)
        if text[uintp(place)] != QUOTE:
            return FOREIGN
        end = plain(text, place + 1)
        if end == FOREIGN or end - place > _LONGEST_NAME or text[uintp(end + 1)] != COLON:
            return FOREIGN
        names[number, AT_NAME] = place
        names[number, NAME_BYTES] = end + 2 - place
        names[number, KIND] = kind_of(text, place + 1, end - place - 1)
        return int(end) + 2

    return name


def _text_value_with(plain: Function) -> Function:
    def text_value(text: Bytes, place: int, kind: int, note: Integers) -> int:
        """The place behind a text; of an id it is noted where it begins and how long it is."""
        end = plain(text, place + 1) if text[uintp(place)] == QUOTE else FOREIGN
        if end == FOREIGN:
            return FOREIGN
        if kind in (_CONDITION, _TOKEN):
            column = AT_CONDITION if kind == _CONDITION else AT_TOKEN
            note[column] = place + 1
            note[column + 1] = end - place - 1
            return end + 1 if end - place - 1 <= ID_BYTES else FOREIGN
        return end + 1

    return text_value


def _amount_with(number: Function) -> Function:
    def amount(text: Bytes, place: int, kind: int, amounts: Floats, note: Integers) -> int:
        """The place behind an amount within its bounds; where it begins is noted."""
        column = SIZE if kind == _SIZE else PRICE if kind == _PRICE else USDC
        note[AT_SIZE + column] = place
        end = number(text, place, amounts, column)
        within = amounts[column] <= MAXIMUM_PRICE if column == PRICE else amounts[column] < MAXIMUM_AMOUNT
        return end if within else FOREIGN

    return amount


def _whole_with(digits: Function) -> Function:
    def whole(text: Bytes, place: int, kind: int, note: Integers) -> int:
        """The place behind a whole number that is not too large; of a time it is noted."""
        end = digits(text, place)
        is_time = kind == _AT
        # A time is not zero, so that a zero in front is wrong.
        begins_well = text[uintp(place)] != NIL or (not is_time and end == place + 1)
        if end == place or end - place > (_SECONDS_DIGITS if is_time else _OUTCOME_DIGITS) or not begins_well:
            return FOREIGN
        value: int | int64 = 0
        for at in range(place, end):
            value = value * 10 + (int64(text[uintp(at)]) - NIL)
        if is_time:
            note[SECONDS] = value
        return int(end)

    return whole


def _word_value_with(word: Function) -> Function:
    def word_value(text: Bytes, place: int, kind: int, note: Integers) -> int:
        """The place behind a side or a type of activity; only purchases and sales are known here."""
        eight = word(text, place)
        if kind == _TYPE:
            return place + 7 if eight & SEVEN == TRADE else FOREIGN
        note[BUYS] = eight & FIVE == BUY
        if eight & FIVE == BUY:
            return place + 5
        return place + 6 if eight & SIX == SELL else FOREIGN

    return word_value


def _wallet_with(same: Function, is_address: Function) -> Function:
    def wallet_value(text: Bytes, place: int, sound: Integers) -> int:
        """The place behind a wallet's address; `sound` begins with the place of one that was looked at, or zero."""
        if text[uintp(place)] != QUOTE or text[uintp(place + ADDRESS_BYTES + 1)] != QUOTE:
            return FOREIGN
        # All rows of a page have mostly one wallet.
        if sound[0] == 0 or not same(text, place + 1, sound[0], ADDRESS_BYTES):
            if not is_address(text, place + 1):
                return FOREIGN
            sound[0] = place + 1
        return place + ADDRESS_BYTES + 2

    return wallet_value


def _value_with(
    word: Function, text_value: Function, amount: Function, whole: Function, word_value: Function,
    wallet_value: Function
) -> Function:  # fmt: skip
    def value(text: Bytes, place: int, kind: int, amounts: Floats, note: Integers, sound: Integers) -> int:
        """The place behind the value of a name that is used."""
        if kind == _USDC:
            amounts[USDC] = np.nan
        if kind >= _USDC and word(text, place) & FOUR == NULL:
            return place + 4
        if kind in (_SIZE, _PRICE, _USDC):
            return int(amount(text, place, kind, amounts, note))
        if kind in (_AT, _OUTCOME):
            return int(whole(text, place, kind, note))
        if kind in (_SIDE, _TYPE):
            return int(word_value(text, place, kind, note))
        if kind == _WALLET:
            return int(wallet_value(text, place, sound))
        return int(text_value(text, place, kind, note))

    return value


def _row_with(name: Function, unused: Function, value: Function) -> Function:
    def row(text: Bytes, place: int, names: Integers, amounts: Floats, note: Integers, sound: Integers) -> int:
        """The place behind the row that begins at `place`, of which amounts and notes are taken."""
        if text[uintp(place)] != OPEN:
            return FOREIGN
        amounts[USDC] = np.nan
        number = seen = 0
        while number < MOST_NAMES and text[uintp(place)] == (COMMA if number else OPEN):
            place = name(text, place + 1, names, number)
            if place == FOREIGN:
                return FOREIGN
            kind = names[number, KIND]
            # Of two values of a name the second one counts, if the first one is sound as well.
            if kind != _OTHER and seen >> kind & 1:
                return FOREIGN
            seen |= 1 << kind
            place = unused(text, place, amounts) if kind == _OTHER else value(text, place, kind, amounts, note, sound)
            if place == FOREIGN:
                return FOREIGN
            number += 1
        return place + 1 if text[uintp(place)] == CLOSE and seen & _NEEDED == _NEEDED else FOREIGN

    return row


def _rows_with(row: Function) -> Function:
    def rows(text: Bytes, place: int, names: Integers, amounts: Floats, notes: Integers) -> tuple[int, int]:
        """How many rows stand from `place` on, and the place of the bracket behind them; newest first, or foreign."""
        names[:, NAME_BYTES] = 0
        sound = names[MOST_NAMES]
        sound[0] = 0
        count = 0
        while True:
            place = row(text, place, names, amounts[count], notes[count], sound)
            if place == FOREIGN or (count > 0 and notes[count, SECONDS] > notes[count - 1, SECONDS]):
                return FOREIGN, place
            count += 1
            if text[uintp(place)] == END:
                return count, place
            if text[uintp(place)] != COMMA:
                return FOREIGN, place
            place += 1
            while text[uintp(place)] == LINE:
                place += 1

    return rows


def _number_of_with(mixed: Function, same: Function, is_id: Function) -> Function:
    def number_of(text: Bytes, place: int, length: int, slots: Places, ids: Integers, known: int) -> int:
        """The number of an id of the page, by first appearance: `known` for a new one; `FOREIGN` for one that is none.

        `slots` has a power of two of places, 0 for a free one; `ids` has where each id begins and how long it is.
        """
        slot = mixed(text, place, length) & (len(slots) - 1)
        while slots[slot] > 0:
            found = slots[slot] - 1
            if ids[found, 1] == length and same(text, place, ids[found, 0], length):
                return int(found)
            slot = (slot + 1) & (len(slots) - 1)
        if not is_id(text, place, length):
            return FOREIGN
        slots[slot] = known + 1
        ids[known, 0], ids[known, 1] = place, length
        return known

    return number_of


def scanner(decorate: Callable[[Function], Function]) -> Function:
    """What reads the rows of a page, every function of it put through `decorate` (nothing, or numba's compiler).

    It takes the page with its padding, where its first row begins, space for names (`MOST_NAMES` × 3), amounts
    (rows × `AMOUNTS`), notes (rows × `NOTES`), slots (two rows of a power of two, at least twice the rows) and ids
    (2 × rows × 2), and writes rows oldest first: amounts, seconds, whether they bought, their token's number in the
    page; and of each token its condition's number and id. It gives how many rows and tokens there are (`FOREIGN` rows
    for a page to be decoded) and the place of the bracket behind the rows.
    """
    known = byte_functions(decorate)
    value = decorate(
        _value_with(
            known.word, decorate(_text_value_with(known.plain)), decorate(_amount_with(known.number)),
            decorate(_whole_with(known.digits)), decorate(_word_value_with(known.word)),
            decorate(_wallet_with(known.same, known.is_address)),
        )
    )  # fmt: skip
    name = decorate(_name_with(known.plain, known.same, decorate(_kind)))
    row = decorate(_row_with(name, known.unused, value))
    rows = decorate(_rows_with(row))
    number_of = decorate(_number_of_with(known.mixed, known.same, known.is_id))

    def read(
        text: Bytes, place: int, names: Integers, amounts: Floats, notes: Integers, slots: Places, ids: Integers,
        amounts_out: Floats, seconds: Integers, buys: Flags, tokens: Places, conditions: Places, token_ids: Bytes,
    ) -> tuple[int, int, int, int]:  # fmt: skip
        count, end = rows(text, place, names, amounts, notes)
        if count == FOREIGN:
            return FOREIGN, 0, 0, end
        wide = 1
        while wide < 2 * count:
            wide *= 2
        token_slots, condition_slots = slots[0, :wide], slots[1, :wide]
        token_slots[:] = 0
        condition_slots[:] = 0
        known_tokens = known_conditions = inexact = 0
        for at in range(count):
            note = notes[count - 1 - at]
            token = number_of(text, note[AT_TOKEN], note[TOKEN_BYTES], token_slots, ids[0], known_tokens)
            condition = number_of(
                text, note[AT_CONDITION], note[CONDITION_BYTES], condition_slots, ids[1], known_conditions
            )
            if token == FOREIGN or condition == FOREIGN:
                return FOREIGN, 0, 0, end
            if token == known_tokens:
                for byte in range(note[TOKEN_BYTES]):
                    token_ids[token, byte] = text[note[AT_TOKEN] + byte]
                for byte in range(note[TOKEN_BYTES], ID_BYTES):
                    token_ids[token, byte] = 0
            known_tokens += token == known_tokens
            known_conditions += condition == known_conditions
            for column in range(UNUSED):
                amounts_out[at, column] = amounts[count - 1 - at, column]
                inexact += amounts[count - 1 - at, column] == INEXACT
            seconds[at] = note[SECONDS]
            buys[at] = note[BUYS] != 0
            tokens[at] = token
            conditions[token] = condition
        return count, known_tokens, inexact, end

    return decorate(read)
