"""Benchmarks with hidden rules, made up from a seed: nothing to download, nobody's licence."""
