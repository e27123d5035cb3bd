"""Scenarios that a nurse can read: one `.play` file is one story of a home, told line by line.

`python -m tests.scenarios FILE` plays one and prints what happened beside each line.
"""
