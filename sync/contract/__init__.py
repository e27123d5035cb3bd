"""The contract of the uplink for machines: AsyncAPI and JSON Schema, generated from the models.

`asyncapi.json` names every topic and every message on it; `schemas/` has one file for each message
and one for the body of each kind of row. `python -m sync.contract` writes them and the tables of
PROTOCOL.md. Nothing that runs in a home imports this.
"""
