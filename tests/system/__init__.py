"""Whole hubs as processes: the way of an alarm from end to end, and every way to be ill."""
