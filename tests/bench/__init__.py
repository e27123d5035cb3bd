"""Benchmarks: each figure is one JSON line, beside its floor measured in the same run."""
