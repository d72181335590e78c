"""DexScreener: the state of token pairs, without a key."""
