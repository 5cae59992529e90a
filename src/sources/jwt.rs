//! Signed tokens (JSON Web Tokens, RFC 7519) with a key that the platform gave: ES256 and RS256.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256};
use serde_json::Value;

use super::secret::Secret;

/// A private key for signing.
pub(super) enum Key {
    /// ECDSA on P-256 with SHA-256.
    Es256(Box<EcdsaKeyPair>),
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256(Box<rsa::KeyPair>),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(hidden)")
    }
}

impl Key {
    /// A key in the PEM form of PKCS#8 (`-----BEGIN PRIVATE KEY-----`). `None`: it is none.
    pub(super) fn from_pem(pem: &str) -> Option<Self> {
        let body = pem.split("-----BEGIN PRIVATE KEY-----").nth(1)?.split("-----END PRIVATE KEY-----").next()?;
        let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        let der = STANDARD.decode(body).ok()?;
        let elliptic = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &SystemRandom::new());
        elliptic.ok().map(|key| Self::Es256(Box::new(key))).or_else(|| Some(Self::Rs256(Box::new(rsa::KeyPair::from_pkcs8(&der).ok()?))))
    }

    /// A token with these claims. `id` names the key, where the platform counts its keys.
    pub(super) fn token(&self, id: Option<&str>, claims: &Value) -> Option<Secret> {
        let algorithm = match self {
            Self::Es256(_) => "ES256",
            Self::Rs256(_) => "RS256",
        };
        let mut header = serde_json::json!({"alg": algorithm, "typ": "JWT"});
        if let Some(id) = id {
            header["kid"] = id.into();
        }
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.sign(message.as_bytes())?;
        Secret::of(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(key) => key.sign(&random, message).ok().map(|s| s.as_ref().to_vec()),
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;
    use crate::sources::tests::{RSA_KEY, elliptic_key};

    fn parts(token: &Secret) -> (String, Value, Value, Vec<u8>) {
        let parts: Vec<&str> = token.expose().split('.').collect();
        let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("json");
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).expect("base64");
        (format!("{}.{}", parts[0], parts[1]), json(parts[0]), json(parts[1]), signature)
    }

    #[test]
    fn an_elliptic_key_signs_what_its_public_half_accepts() {
        let key = Key::from_pem(&elliptic_key()).expect("a key");
        let (message, header, claims, signature) = parts(&key.token(Some("K1"), &serde_json::json!({"iss": "me"})).expect("a token"));
        assert_eq!((header["alg"].as_str(), header["kid"].as_str(), claims["iss"].as_str()), (Some("ES256"), Some("K1"), Some("me")));
        let Key::Es256(pair) = &key else { panic!("elliptic") };
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
        assert!(public.verify(message.as_bytes(), &signature).is_ok() && public.verify(b"other", &signature).is_err());
    }

    #[test]
    fn an_rsa_key_signs_what_its_public_half_accepts() {
        let key = Key::from_pem(RSA_KEY).expect("a key");
        let (message, header, _, signature) = parts(&key.token(None, &serde_json::json!({})).expect("a token"));
        assert_eq!((header["alg"].as_str(), header.get("kid")), (Some("RS256"), None));
        let Key::Rs256(pair) = &key else { panic!("rsa") };
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public().as_ref());
        assert!(public.verify(message.as_bytes(), &signature).is_ok());
        assert_eq!(format!("{key:?}"), "Key(hidden)");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----",
        ] {
            assert!(Key::from_pem(text).is_none(), "{text}");
        }
    }
}
