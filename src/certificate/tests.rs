//! Certificates written by hand, and what the checker must refuse.
