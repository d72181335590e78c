"""Benchmarks: what is measured is the code the commands call. Timings are reported, never asserted by tests."""
