//! Programs built, interpreted and lowered.
