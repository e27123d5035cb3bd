"""What networks, brokers and platforms do to the uplink, and a judge of what arrived.

`proxy` is the bad line, `home` one uplink behind it, `judge` the claims, `scenarios` what happens
to a home, and `python -m tests.faults.network` plays them with random moments.
"""
