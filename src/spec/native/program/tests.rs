//! Programs in the native format, read and refused.
