//! Tests through the doors of the real binary.
