"""A journal of each version of the schema, as SQL: `v1.sql`, `v2.sql` and so on.

`python -m tests.agent.journals` writes the one of the present version. The older ones were written
in the same way when they were the present one, and are never changed.
"""
