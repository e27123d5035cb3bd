"""The pattern `silence`, where the rehearsals and the oracle do not look."""
