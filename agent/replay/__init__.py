"""History through the rules: a home without hardware, what it is fed from, and what came of it.

Owns how recorded readings become events on the trace's own clock. Decides nothing: the rules and
the lifecycle of alarms are the very ones that guard runs.
"""
