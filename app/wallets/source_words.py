"""How sources of wallets are written, for whoever reads the words. No I/O, and nothing to import."""

BOARD_WORD = r"leaderboard(?::[a-z0-9-]{1,32}){0,2}"
"""A regular expression: `leaderboard`, with a window, a category or both behind colons."""
