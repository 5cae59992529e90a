//! Which addresses an answer may send us to.
//!
//! Whoever answers a request chooses where redirects and links point. Without a guard they could point
//! into the network behind us (a cloud's metadata service, a router, a database). Only what a person
//! configured may be private. The check holds for literal addresses in the URL and, because a name can
//! resolve differently a moment later, in the resolver that the connection itself uses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Whether an address is of the public internet.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => embedded_v4(v6).map_or_else(|| is_public_v6(v6), is_public_v4),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let reserved = a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19 || (b == 51 && c == 100)))
        || (a == 203 && b == 0 && c == 113);
    !(reserved || ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_broadcast())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    // Only 2000::/3 is handed out at all; of it, documentation and benchmarks are not routed.
    let global = (s[0] & 0xe000) == 0x2000;
    let special = s[0] == 0x2001 && (s[1] == 0x0db8 || s[1] == 0x0002 || s[1] == 0) || (s[0] == 0x3fff && s[1] < 0x1000);
    global && !special
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64 or 6to4.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = ip.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(v4(high, low))
        }
        [0x64, 0xff9b, 1, ..] => Some(Ipv4Addr::UNSPECIFIED),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

/// Whether two addresses are the same place: host and port. Ports 80 and 443 count as one, since sites
/// send plain requests over to TLS.
pub(super) fn same_place(a: &Url, b: &Url) -> bool {
    let web = |port: Option<u16>| matches!(port, Some(80 | 443));
    let (pa, pb) = (a.port_or_known_default(), b.port_or_known_default());
    a.host() == b.host() && (pa == pb || (web(pa) && web(pb)))
}

/// Whether a URL that came in an answer may be asked at all, as far as its text tells.
pub(super) fn may_follow(url: &Url) -> bool {
    let web = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    web && match url.host() {
        Some(Host::Ipv4(ip)) => is_public(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => is_public(IpAddr::V6(ip)),
        Some(Host::Domain(_)) => true,
        None => false,
    }
}

/// The name resolves to private addresses only.
#[derive(Debug, thiserror::Error)]
#[error("address inside a private network")]
pub(super) struct PrivateAddress;

/// Resolves names to public addresses only.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let any = !found.is_empty();
            let public: Vec<SocketAddr> = found.into_iter().filter(|a| is_public(a.ip())).collect();
            if any && public.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_special_addresses_are_not_public_in_any_spelling() {
        let private = [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.9.9",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.8",
            "203.0.113.9",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:0a00:0001::",
            "2001:db8::1",
            "fec0::1",
            "100::1",
        ];
        for ip in private {
            assert!(!is_public(ip.parse().expect(ip)), "{ip}");
        }
        for ip in ["1.1.1.1", "93.184.216.34", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"] {
            assert!(is_public(ip.parse().expect(ip)), "{ip}");
        }
    }

    #[test]
    fn urls_hide_private_addresses_in_vain() {
        for url in [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://127.1/",
            "http://[::ffff:7f00:1]/",
            "ftp://x.example/",
            "http://user:pw@blog.example/",
            "file:///etc/passwd",
            "http://169.254.169.254/latest",
        ] {
            assert!(!may_follow(&Url::parse(url).expect(url)), "{url}");
        }
        assert!(may_follow(&Url::parse("https://blog.example/feed").expect("a url")));
    }

    #[test]
    fn a_place_is_host_and_port() {
        let same = |a: &str, b: &str| same_place(&Url::parse(a).expect(a), &Url::parse(b).expect(b));
        assert!(same("http://Blog.example/a", "https://blog.example/b"));
        assert!(!same("http://127.0.0.1:8090/", "http://127.0.0.1:6379/"));
        assert!(!same("http://blog.example/", "http://blog.example:8080/"));
        assert!(!same("http://a.example/", "http://b.example/"));
    }

    #[tokio::test]
    async fn names_of_this_machine_do_not_resolve() {
        let refused = PublicOnly.resolve("localhost".parse().expect("a name")).await;
        assert!(refused.is_err_and(|e| e.is::<PrivateAddress>()));
    }
}
