"""The pattern `sequence`, where the rehearsals and the oracle do not look."""
