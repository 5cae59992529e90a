//! Whether a delivery was signed with the secret, lately.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::domain::intake::{Refused, Signature};
use crate::domain::time::Millis;

/// How far the clocks of sender and receiver may differ, and how long a delivery may be on its way.
const WINDOW_MS: i64 = 5 * 60_000;
/// Shorter secrets can be guessed.
const LEAST_SECRET: usize = 16;
/// Signatures of one delivery that are compared: senders send two while they change their secret.
const MOST_SIGNATURES: usize = 8;

/// A secret, ready to verify. Its debug form hides it.
#[derive(Clone)]
pub struct Key {
    /// The bytes as they are.
    plain: hmac::Key,
    /// What `whsec_…` says in base64.
    standard: hmac::Key,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// The secret is too short to keep anybody out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret of [intake] must have at least {LEAST_SECRET} characters; `openssl rand -hex 32` makes a good one")]
pub struct WeakSecret;

impl Key {
    /// From the secret as configured.
    pub fn new(secret: &str) -> Result<Self, WeakSecret> {
        if secret.len() < LEAST_SECRET {
            return Err(WeakSecret);
        }
        let decoded = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        Ok(Self { plain: key(secret.as_bytes()), standard: key(decoded.as_deref().unwrap_or(secret.as_bytes())) })
    }

    /// Checks time and signature. The comparison takes the same time wherever they differ.
    pub fn check(&self, signature: &Signature, body: &[u8], now: Millis) -> Result<(), Refused> {
        match signature {
            Signature::Ebb { timestamp, signature } => {
                check_time(timestamp, now)?;
                let tag = signature.strip_prefix("sha256=").and_then(unhex).ok_or(Refused::Unsigned)?;
                let signed = [timestamp.as_bytes(), b".", body].concat();
                hmac::verify(&self.plain, &signed, &tag).map_err(|_| Refused::WrongSignature)
            }
            Signature::Standard { id, timestamp, signatures } => {
                check_time(timestamp, now)?;
                let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
                let tags = signatures.split(' ').take(MOST_SIGNATURES).filter_map(|s| STANDARD.decode(s.strip_prefix("v1,")?).ok());
                let mut fits = false;
                for tag in tags {
                    fits |= hmac::verify(&self.standard, &signed, &tag).is_ok();
                }
                if fits { Ok(()) } else { Err(Refused::WrongSignature) }
            }
        }
    }
}

fn check_time(timestamp: &str, now: Millis) -> Result<(), Refused> {
    let seconds: i64 = timestamp.parse().map_err(|_| Refused::Unsigned)?;
    let at = seconds.checked_mul(1_000).ok_or(Refused::Stale)?;
    if now.get().abs_diff(at) > WINDOW_MS.unsigned_abs() { Err(Refused::Stale) } else { Ok(()) }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    (digits.len() == 64).then(|| digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hex::hex;

    const NOW: Millis = Millis::new(1_795_177_200_000);
    const SECRET: &str = "correct horse battery";

    fn key() -> Key {
        Key::new(SECRET).expect("long enough")
    }

    fn signed(secret: &str, seconds: i64, body: &[u8]) -> Signature {
        let text = [seconds.to_string().as_bytes(), b".", body].concat();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), &text);
        Signature::Ebb { timestamp: seconds.to_string(), signature: format!("sha256={}", hex(tag.as_ref())) }
    }

    #[test]
    fn a_delivery_signed_with_the_secret_is_taken_and_any_other_is_not() {
        let seconds = NOW.get() / 1_000;
        assert_eq!(key().check(&signed(SECRET, seconds, b"{}"), b"{}", NOW), Ok(()));
        assert_eq!(key().check(&signed(SECRET, seconds, b"{}"), b"{ }", NOW), Err(Refused::WrongSignature));
        assert_eq!(key().check(&signed("another secret of enough", seconds, b"{}"), b"{}", NOW), Err(Refused::WrongSignature));
        let Signature::Ebb { timestamp, signature } = signed(SECRET, seconds, b"{}") else { return };
        let later = Signature::Ebb { timestamp: (seconds + 1).to_string(), signature: signature.clone() };
        assert_eq!(key().check(&later, b"{}", NOW), Err(Refused::WrongSignature), "the time is signed too");
        for bad in ["", "sha256=", "sha256=zz", "sha1=00", &signature[..70]] {
            let bad = Signature::Ebb { timestamp: timestamp.clone(), signature: bad.to_owned() };
            assert_eq!(key().check(&bad, b"{}", NOW), Err(Refused::Unsigned));
        }
    }

    #[test]
    fn a_delivery_of_another_time_is_refused() {
        let at = |seconds: i64| key().check(&signed(SECRET, NOW.get() / 1_000 + seconds, b"{}"), b"{}", NOW);
        assert_eq!((at(300), at(-300)), (Ok(()), Ok(())));
        assert_eq!((at(301), at(-301)), (Err(Refused::Stale), Err(Refused::Stale)));
        for (odd, refused) in [
            ("", Refused::Unsigned),
            ("now", Refused::Unsigned),
            ("9223372036854775807", Refused::Stale),
            ("-9223372036854775808", Refused::Stale),
        ] {
            let odd = Signature::Ebb { timestamp: odd.to_owned(), signature: "sha256=00".to_owned() };
            assert_eq!(key().check(&odd, b"{}", NOW), Err(refused));
        }
    }

    /// The example of the specification (standardwebhooks.com): its secret, id, time and body.
    #[test]
    fn standard_webhooks_are_verified_as_specified() {
        let key = Key::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("long enough");
        let at = Millis::new(1_614_265_330_000);
        let body = br#"{"test": 2432232314}"#;
        let with = |signatures: &str| Signature::Standard {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            timestamp: "1614265330".to_owned(),
            signatures: signatures.to_owned(),
        };
        let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(key.check(&with(right), body, at), Ok(()));
        assert_eq!(key.check(&with(&format!("v1,AAAA v2,xx {right}")), body, at), Ok(()), "one of several is enough");
        assert_eq!(key.check(&with("v1,AAAA"), body, at), Err(Refused::WrongSignature));
        assert_eq!(key.check(&with(""), body, at), Err(Refused::WrongSignature));
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_printed() {
        assert_eq!(Key::new("short").err(), Some(WeakSecret));
        assert!(!format!("{:?}", key()).contains("horse"));
    }
}
