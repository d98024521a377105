//! Who is in the herd.
