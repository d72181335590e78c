"""What a token model answers: three heads, in one order everywhere.

What each of them means is `tokens/labels.py`: closes of five minutes, after a 1 % round trip.
"""

from typing import Final

P_RISE: Final = "p_rise"
"""Probability, 0 to 1, that the highest five-minute close of the next hour is 3 % or more above entry, after costs."""
GAIN_PCT: Final = "gain_pct"
"""Expected gain at the highest close of the next hour, in percent after costs."""
P_RUG: Final = "p_rug"
"""Probability, 0 to 1, that the pool drains or the price falls by 90 % within the next 24 hours."""

HEADS: Final = (P_RISE, GAIN_PCT, P_RUG)
LABEL_OF: Final = {P_RISE: "rises", GAIN_PCT: "gain_pct", P_RUG: "rugs"}
"""The label that each head is trained on and judged by."""
SENTENCES: Final = {
    P_RISE: "the highest five-minute close of the next hour is 3 % or more above entry, after a 1 % round trip",
    GAIN_PCT: "gain at the highest five-minute close of the next hour, in percent after a 1 % round trip",
    P_RUG: "within 24 hours the pool drains, or the price falls, to 10 % or less",
}
