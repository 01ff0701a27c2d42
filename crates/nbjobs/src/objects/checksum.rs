//! Digests of an object's bytes, taken while they pass: the MD5 of the ETag, and S3's optional checksum. Must not know
//! where the bytes come from or go.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::CrcAlgorithm;
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// S3's additional checksum algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChecksumAlgorithm {
    /// CRC-32 as in zip, which current AWS clients send without being asked.
    Crc32,
    /// CRC-32C, Castagnoli's.
    Crc32c,
    /// CRC-64/NVME.
    Crc64nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl ChecksumAlgorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// S3's name, such as `CRC32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The algorithm of S3's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    fn crc_bytes(self, crc: u64) -> Vec<u8> {
        let bytes = crc.to_be_bytes();
        if self == Self::Crc64nvme {
            bytes.to_vec()
        } else {
            bytes[4..].to_vec()
        }
    }
}

/// What a checksum was taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecksumType {
    /// Of all bytes.
    FullObject,
    /// Of the checksums of the parts; the value ends with `-` and their number.
    Composite,
}

/// A checksum as S3 gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// How it was taken.
    pub algorithm: ChecksumAlgorithm,
    /// Base64 of the bytes, big-endian.
    pub value: String,
    /// What it was taken of.
    pub of: ChecksumType,
}

/// Takes the digests of bytes as they pass.
pub(super) struct Digests {
    md5: Md5,
    checksum: Option<(ChecksumAlgorithm, Hasher)>,
}

enum Hasher {
    Crc(crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    fn new(algorithm: ChecksumAlgorithm) -> Self {
        match (algorithm.crc(), algorithm) {
            (Some(crc), _) => Self::Crc(crc_fast::Digest::new(crc)),
            (None, ChecksumAlgorithm::Sha1) => Self::Sha1(Sha1::new()),
            (None, _) => Self::Sha256(Sha256::new()),
        }
    }

    fn update(&mut self, data: &[u8]) {
        match self {
            Self::Crc(digest) => digest.update(data),
            Self::Sha1(digest) => digest.update(data),
            Self::Sha256(digest) => digest.update(data),
        }
    }

    fn finish(self, algorithm: ChecksumAlgorithm) -> Vec<u8> {
        match self {
            Self::Crc(digest) => algorithm.crc_bytes(digest.finalize()),
            Self::Sha1(digest) => digest.finalize().to_vec(),
            Self::Sha256(digest) => digest.finalize().to_vec(),
        }
    }
}

impl Digests {
    pub fn new(algorithm: Option<ChecksumAlgorithm>) -> Self {
        Self {
            md5: Md5::new(),
            checksum: algorithm.map(|algorithm| (algorithm, Hasher::new(algorithm))),
        }
    }

    pub fn update(&mut self, data: &[u8]) {
        self.md5.update(data);
        if let Some((_, hasher)) = &mut self.checksum {
            hasher.update(data);
        }
    }

    /// The MD5 in hexadecimal, and the checksum that was asked for.
    pub fn finish(self) -> (String, Option<Checksum>) {
        let checksum = self.checksum.map(|(algorithm, hasher)| Checksum {
            algorithm,
            value: BASE64.encode(hasher.finish(algorithm)),
            of: ChecksumType::FullObject,
        });
        (hex::encode(self.md5.finalize()), checksum)
    }
}

/// The ETag of an object that is made of parts with these ETags: the MD5 of their MD5s and their number.
pub(super) fn etag_of_parts<'a>(etags: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = etags.len();
    let mut md5 = Md5::new();
    etags.for_each(|etag| md5.update(hex::decode(etag).unwrap_or_default()));
    format!("{}-{count}", hex::encode(md5.finalize()))
}

/// The checksum of an object that is made of parts with these sizes and checksums, or none when a part has none of
/// this algorithm. SHA has no full-object form, so it is composite whatever is asked.
pub(super) fn checksum_of_parts<'a>(
    algorithm: ChecksumAlgorithm,
    of: ChecksumType,
    parts: impl ExactSizeIterator<Item = (u64, Option<&'a Checksum>)>,
) -> Option<Checksum> {
    let count = parts.len();
    let mut hasher = Hasher::new(algorithm);
    let mut combined = 0;
    for (size, checksum) in parts {
        let checksum = checksum.filter(|checksum| checksum.algorithm == algorithm)?;
        let bytes = BASE64.decode(&checksum.value).ok()?;
        if let Some(crc) = algorithm.crc() {
            let value = bytes
                .iter()
                .fold(0, |value, &byte| value << 8 | u64::from(byte));
            combined = crc_fast::checksum_combine(crc, combined, value, size);
        }
        hasher.update(&bytes);
    }
    Some(match (of, algorithm.crc()) {
        (ChecksumType::FullObject, Some(_)) => Checksum {
            algorithm,
            value: BASE64.encode(algorithm.crc_bytes(combined)),
            of,
        },
        _ => Checksum {
            algorithm,
            value: format!("{}-{count}", BASE64.encode(hasher.finish(algorithm))),
            of: ChecksumType::Composite,
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digest(algorithm: ChecksumAlgorithm, data: &[u8]) -> Checksum {
        let mut digests = Digests::new(Some(algorithm));
        digests.update(data);
        digests.finish().1.unwrap()
    }

    #[test]
    fn check_values_are_those_of_the_catalogues() {
        // The check values of "123456789" in the CRC catalogue; the SHA values of FIPS 180's "abc".
        let crc = |algorithm| {
            hex::encode(
                BASE64
                    .decode(digest(algorithm, b"123456789").value)
                    .unwrap(),
            )
        };
        assert_eq!(crc(ChecksumAlgorithm::Crc32), "cbf43926");
        assert_eq!(crc(ChecksumAlgorithm::Crc32c), "e3069283");
        assert_eq!(crc(ChecksumAlgorithm::Crc64nvme), "ae8b14860a799888");
        let sha = |algorithm| hex::encode(BASE64.decode(digest(algorithm, b"abc").value).unwrap());
        assert_eq!(
            sha(ChecksumAlgorithm::Sha1),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert!(sha(ChecksumAlgorithm::Sha256).starts_with("ba7816bf8f01cfea414140de5dae2223"));
        assert_eq!(
            Digests::new(None).finish().0,
            "d41d8cd98f00b204e9800998ecf8427e"
        );
    }

    #[test]
    fn the_etag_of_parts_counts_them() {
        // The MD5s of "a" and "b"; the expected value is the MD5 of their 32 bytes.
        let a = "0cc175b9c0f1b6a831c399e269772661";
        let b = "92eb5ffee6ae2fec3ad71c777531578f";
        assert_eq!(
            etag_of_parts([a, b].into_iter()),
            "96e024ba2074fe77e8e965ba43a704be-2"
        );
    }

    proptest! {
        #[test]
        fn a_full_object_checksum_is_that_of_all_bytes(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..6)) {
            for algorithm in [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc32c, ChecksumAlgorithm::Crc64nvme] {
                let sums: Vec<_> = parts.iter().map(|part| (part.len() as u64, digest(algorithm, part))).collect();
                let sums = sums.iter().map(|(size, sum)| (*size, Some(sum)));
                let whole = checksum_of_parts(algorithm, ChecksumType::FullObject, sums);
                prop_assert_eq!(whole, Some(digest(algorithm, &parts.concat())));
            }
        }
    }
}
