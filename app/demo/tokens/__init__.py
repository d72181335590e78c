"""Simulated venues of new tokens: what three public APIs would tell of launches that never were."""
