"""GeckoTerminal: new pools, candles and holders of tokens, without a key."""
