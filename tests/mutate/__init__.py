"""Mutation testing: plant one small fault at a time in the safety core, and see a test fail.

A mutant that no test notices is either a test that is missing, code that nobody needs, or a change
that cannot matter; the last kind has its reason written in `survivors.toml`.
"""
