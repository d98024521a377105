//! Lookups of places.
