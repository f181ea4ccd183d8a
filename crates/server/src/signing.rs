//! Signed picture URLs: made for answers, checked when they come back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drape_core::{
    ids::{GenerationId, ImageId},
    ports::{OwnPicture, OwnUrls},
    time::Timestamp,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Path under which all pictures are served.
pub const PICTURES_PATH: &str = "/tryon/v1/pictures/";
/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 32;

/// Why a picture URL does not open anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkError {
    /// The query is not `expires` and `signature` as this server writes them, or the signature is another one.
    Invalid,
    /// The signature is right, its time is over.
    Expired,
}

/// Signs and checks picture URLs with HMAC-SHA256.
///
/// The signature covers kind, id and expiry, nothing of the host: a URL stays good behind another name of the server.
pub struct UrlSigner {
    keyed: Hmac<Sha256>,
    lifetime_s: u32,
}

impl std::fmt::Debug for UrlSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UrlSigner")
            .field("lifetime_s", &self.lifetime_s)
            .finish_non_exhaustive()
    }
}

impl UrlSigner {
    /// Makes a signer from [`Database::signing_secret`](drape_core::ports::Database::signing_secret); URLs live for
    /// `lifetime_s` seconds.
    pub fn new(secret: [u8; 32], lifetime_s: u32) -> Self {
        Self {
            // The secret has exactly the length of the fixed-size key's first half; HMAC pads the rest with zeros.
            keyed: Hmac::<Sha256>::new(&padded(secret).into()),
            lifetime_s,
        }
    }

    /// Path and query of a picture, good from `now` on for the lifetime of URLs.
    pub fn sign(&self, picture: OwnPicture, now: Timestamp) -> String {
        let expires = now.as_seconds().saturating_add(i64::from(self.lifetime_s));
        let name = picture_name(picture);
        let signature = URL_SAFE_NO_PAD.encode(self.mac(&name, expires).finalize().into_bytes());
        format!("{PICTURES_PATH}{name}?expires={expires}&signature={signature}")
    }

    /// Checks the query of a picture URL and returns when it expires.
    pub fn verify(
        &self,
        picture: OwnPicture,
        query: &str,
        now: Timestamp,
    ) -> Result<Timestamp, LinkError> {
        let (expires, signature) = parse_query(query).ok_or(LinkError::Invalid)?;
        self.mac(&picture_name(picture), expires)
            .verify_slice(&signature)
            .map_err(|_| LinkError::Invalid)?;
        if now.as_seconds() >= expires {
            return Err(LinkError::Expired);
        }
        Ok(Timestamp::from_micros(expires.saturating_mul(1_000_000)))
    }

    fn mac(&self, name: &str, expires: i64) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(name.as_bytes());
        mac.update(b"\n");
        mac.update(expires.to_string().as_bytes());
        mac
    }
}

impl OwnUrls for UrlSigner {
    /// Accepts any host: whoever holds a valid signature was given the URL by this server.
    fn resolve(&self, url: &str, now: Timestamp) -> Option<OwnPicture> {
        let url = url::Url::parse(url).ok()?;
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let (_, name) = url.path().rsplit_once(PICTURES_PATH)?;
        let (kind, file) = name.split_once('/')?;
        let picture = parse_picture(kind, file)?;
        self.verify(picture, url.query()?, now).ok()?;
        Some(picture)
    }
}

/// Reads `uploads`, `results` or `masks` and `<id>.jpg` as they stand in the path.
pub fn parse_picture(kind: &str, file: &str) -> Option<OwnPicture> {
    let id = file.strip_suffix(".jpg")?;
    match kind {
        "uploads" => id.parse::<ImageId>().ok().map(OwnPicture::Upload),
        "results" => id.parse::<GenerationId>().ok().map(OwnPicture::Result),
        "masks" => id.parse::<GenerationId>().ok().map(OwnPicture::Mask),
        _ => None,
    }
}

fn picture_name(picture: OwnPicture) -> String {
    match picture {
        OwnPicture::Upload(id) => format!("uploads/{id}.jpg"),
        OwnPicture::Result(id) => format!("results/{id}.jpg"),
        OwnPicture::Mask(id) => format!("masks/{id}.jpg"),
    }
}

/// Fills the secret up to the block of SHA-256, as HMAC itself would.
fn padded(secret: [u8; 32]) -> [u8; 64] {
    let mut block = [0; 64];
    block[..32].copy_from_slice(&secret);
    block
}

/// Reads `expires` and `signature`, each given once and in the one spelling that this server writes.
fn parse_query(query: &str) -> Option<(i64, [u8; SIGNATURE_BYTES])> {
    let mut expires = None;
    let mut signature = None;
    for pair in query.split('&') {
        let slot = match pair.split_once('=')? {
            ("expires", value) => (&mut expires, value),
            ("signature", value) => (&mut signature, value),
            // Shops and proxies hang their own parameters onto links.
            _ => continue,
        };
        if slot.0.replace(slot.1).is_some() {
            return None;
        }
    }
    let text = expires?;
    let expires: i64 = text.parse().ok()?;
    if expires.to_string() != text {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature?).ok()?;
    Some((expires, signature.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const HOUR_S: u32 = 3_600;

    fn upload() -> OwnPicture {
        OwnPicture::Upload(ImageId::from_uuid(Uuid::from_u128(7)))
    }

    fn result() -> OwnPicture {
        OwnPicture::Result(GenerationId::from_uuid(Uuid::from_u128(7)))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn signer() -> UrlSigner {
        UrlSigner::new([7; 32], HOUR_S)
    }

    fn query_of(path: &str) -> &str {
        path.split_once('?').unwrap().1
    }

    #[test]
    fn a_link_opens_until_its_time_is_over() {
        let path = signer().sign(upload(), at(1_000));
        assert!(
            path.starts_with("/tryon/v1/pictures/uploads/img_"),
            "{path}"
        );
        let query = query_of(&path);
        assert_eq!(signer().verify(upload(), query, at(1_000)), Ok(at(4_600)));
        assert_eq!(signer().verify(upload(), query, at(4_599)), Ok(at(4_600)));
        assert_eq!(
            signer().verify(upload(), query, at(4_600)),
            Err(LinkError::Expired)
        );
    }

    #[test]
    fn the_signature_covers_kind_id_expiry_and_secret() {
        let path = signer().sign(upload(), at(1_000));
        let query = query_of(&path);
        let other_id = OwnPicture::Upload(ImageId::from_uuid(Uuid::from_u128(8)));
        let later = query.replace("expires=4600", "expires=9999");
        for (picture, query) in [
            (result(), query),
            (other_id, query),
            (upload(), later.as_str()),
        ] {
            assert_eq!(
                signer().verify(picture, query, at(1_000)),
                Err(LinkError::Invalid)
            );
        }
        let stranger = UrlSigner::new([8; 32], HOUR_S);
        assert_eq!(
            stranger.verify(upload(), query, at(1_000)),
            Err(LinkError::Invalid)
        );
    }

    #[test]
    fn odd_queries_open_nothing() {
        let path = signer().sign(upload(), at(1_000));
        let query = query_of(&path).to_owned();
        let odd = [
            String::new(),
            "expires=4600".into(),
            "expires=4600&signature=".into(),
            query.replace("expires=4600", "expires=+4600"),
            query.replace("expires=4600", "expires=04600"),
            query.replace("expires=4600", "expires=4600x"),
            query.replace("expires=4600", "expires=99999999999999999999"),
            query.replace("&signature=", "&signature=AA"),
            format!("{query}&expires=4600"),
            format!("{query}&{query}"),
            query[..query.len() - 1].to_owned(),
        ];
        for query in odd {
            assert_eq!(
                signer().verify(upload(), &query, at(1_000)),
                Err(LinkError::Invalid),
                "{query:?}"
            );
        }
        assert!(
            signer()
                .verify(upload(), &format!("{query}&utm_source=mail"), at(1_000))
                .is_ok()
        );
    }

    #[test]
    fn own_urls_are_known_whatever_the_host() {
        let signer = signer();
        let now = at(1_000);
        let path = signer.sign(result(), now);
        for base in [
            "http://localhost:8080",
            "https://shop.example",
            "https://shop.example/behind/a/proxy",
        ] {
            assert_eq!(
                signer.resolve(&format!("{base}{path}"), now),
                Some(result())
            );
        }
        let stale = at(10_000);
        assert_eq!(signer.resolve(&format!("http://x{path}"), stale), None);
        let forged = path.replace("signature=", "signature=A");
        for url in [
            path.clone(),
            format!("ftp://x{path}"),
            format!("http://x{forged}"),
            format!("http://x/other/{}", query_of(&path)),
            "http://x/tryon/v1/pictures/results/gen_0.jpg".to_owned(),
            "not a url".to_owned(),
        ] {
            assert_eq!(signer.resolve(&url, now), None, "{url}");
        }
    }

    #[test]
    fn the_key_is_the_plain_hmac_key() {
        // RFC 4231 has no 32-byte key; the padded block and the bare secret must give the same code.
        let mut bare = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
        bare.update(b"uploads/x.jpg\n5");
        let signed = signer().mac("uploads/x.jpg", 5);
        assert_eq!(bare.finalize().into_bytes(), signed.finalize().into_bytes());
    }
}
