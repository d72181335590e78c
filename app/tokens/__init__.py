"""New tokens: candles, features, labels (docs/tokens.md)."""
