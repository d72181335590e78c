"""The name under which the database is asked: apart from what the questions are, which only scans need to know."""

STORE_VENUE = "store"
