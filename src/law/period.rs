//! The search for a period.
