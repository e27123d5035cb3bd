"""A fleet of hubs against one broker that is restarted: do all come back, and alarms first?

`hub` is the uplink of one simulated hub on the product's own session and MQTT code, `platform` a
process that stores and acknowledges, `judge` what is demanded, and `python -m tests.faults.fleet`
runs it.
"""
