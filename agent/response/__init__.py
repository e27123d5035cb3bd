"""What happens after a rule fired: pure decisions over immutable values.

Owns the lifecycle of an alarm, how long one may wait and which rules are muted, when a siren may
fall silent, and which actuation is allowed to whom. Knows nothing of how any of it is written down
or carried out.
"""
