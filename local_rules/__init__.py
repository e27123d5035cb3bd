"""The safety rules of the home: values in, values out.

Owns what counts as an alarm. Knows nothing of files, networks, clocks or other packages of the hub
than its vocabulary, so that every decision can be replayed, fuzzed and proven.
"""
