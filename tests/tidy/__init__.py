"""The rules of the house that a program can check: who may import whom, what is pure, what is
banned.

`python -m tests.tidy` prints what breaks a rule, and the longest files and functions as a hint.
"""
