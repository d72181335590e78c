"""Birdeye: overview, candles and holders of tokens, with a key."""
