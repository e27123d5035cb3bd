"""Kills of the hub's processes at random moments under traffic, and a judge of what is left.

`house` is one home as processes, `traffic` keeps it busy, `witness` notes all that the hub tells,
`rounds` kills, and `checker` judges: it knows nothing of the other four but their notes.
"""
