//! Explicit threshold gates: frozen tables in topological order; knows nothing of words, formats or models.
