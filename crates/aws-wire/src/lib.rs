//! Bytes of the AWS protocols.
