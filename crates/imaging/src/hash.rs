//! A picture's name by its content.

use sha2::{Digest, Sha256};

/// Returns the SHA-256 of the bytes, for keys of caches and for finding the same file again.
pub fn content_hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_published_vector() {
        // FIPS 180-4, "abc".
        let hash = content_hash(b"abc");
        assert_eq!(hash[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(hash[28..], [0xf2, 0x00, 0x15, 0xad]);
        assert_ne!(content_hash(b"abd"), hash);
    }
}
