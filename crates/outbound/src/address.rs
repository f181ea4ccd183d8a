//! Which addresses belong to the public internet.
//!
//! Source: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and its updates). IPv6 is closed
//! by default: only global unicast space (`2000::/3`) and the well-known NAT64 prefix are looked at closer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// IPv4 networks that no public server lives in.
const BLOCKED_V4: [Ipv4Net; 17] = [
    v4([0, 0, 0, 0], 8),        // "this network"; 0.0.0.0 reaches the own host
    v4([10, 0, 0, 0], 8),       // private
    v4([100, 64, 0, 0], 10),    // carrier-grade NAT; some clouds keep their metadata here
    v4([127, 0, 0, 0], 8),      // loopback
    v4([168, 63, 129, 16], 32), // host agent of one large cloud, reachable only from inside
    v4([169, 254, 0, 0], 16),   // link-local; cloud metadata
    v4([172, 16, 0, 0], 12),    // private
    v4([192, 0, 0, 0], 24),     // IETF protocol assignments
    v4([192, 0, 2, 0], 24),     // documentation
    v4([192, 31, 196, 0], 24),  // AS112
    v4([192, 52, 193, 0], 24),  // AMT relays
    v4([192, 88, 99, 0], 24),   // 6to4 relays
    v4([192, 168, 0, 0], 16),   // private
    v4([192, 175, 48, 0], 24),  // AS112
    v4([198, 18, 0, 0], 15),    // benchmarks
    v4([198, 51, 100, 0], 24),  // documentation
    v4([203, 0, 113, 0], 24),   // documentation
];

/// First address of multicast, reserved and broadcast space; everything from here on is blocked.
const FIRST_MULTICAST_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 0);

/// The part of IPv6 that public servers live in.
const GLOBAL_UNICAST_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Networks inside global unicast space that no public server lives in.
const BLOCKED_V6: [Ipv6Net; 5] = [
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // IETF protocol assignments, Teredo among them
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4
    v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), // AS112
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

/// NAT64 as everybody uses it: the IPv4 address stands in the last four bytes (RFC 6052).
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

const fn v4(octets: [u8; 4], prefix_bits: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix_bits)
}

const fn v6(segments: [u16; 8], prefix_bits: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix_bits)
}

/// Says whether an address belongs to a public server.
///
/// False for loopback, private, link-local, shared, documentation, benchmark, multicast and reserved networks, and
/// for every IPv6 form that carries such an IPv4 address inside. Transition forms that nobody hosts pictures on
/// (IPv4-mapped, IPv4-compatible, 6to4, Teredo) are false whatever they carry.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    address < FIRST_MULTICAST_V4 && !BLOCKED_V4.iter().any(|network| network.contains(&address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if NAT64.contains(&address) {
        return is_public_v4(last_four_bytes(address));
    }
    if !GLOBAL_UNICAST_V6.contains(&address) {
        return false;
    }
    if BLOCKED_V6.iter().any(|network| network.contains(&address)) {
        return false;
    }
    // ISATAP (RFC 5214) tunnels to the IPv4 address behind this marker, under any prefix.
    let segments = address.segments();
    let is_isatap = matches!(segments[4], 0 | 0x0200) && segments[5] == 0x5efe;
    !is_isatap || is_public_v4(last_four_bytes(address))
}

fn last_four_bytes(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

/// Says whether an operator opened this address.
///
/// An IPv4-mapped address is opened by the IPv4 network that it stands for: the system connects to that one.
pub fn is_listed(address: IpAddr, allow: &[IpNet]) -> bool {
    let canonical = address.to_canonical();
    allow
        .iter()
        .any(|network| network.contains(&address) || network.contains(&canonical))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Addresses and whether a public server may live there.
    const TABLE: &[(&str, bool)] = &[
        ("1.1.1.1", true),
        ("8.8.8.8", true),
        ("9.255.255.255", true),
        ("11.0.0.0", true),
        ("93.184.216.34", true),
        ("100.63.255.255", true),
        ("100.128.0.0", true),
        ("126.255.255.255", true),
        ("128.0.0.0", true),
        ("168.63.129.15", true),
        ("169.253.255.255", true),
        ("169.255.0.0", true),
        ("172.15.255.255", true),
        ("172.32.0.0", true),
        ("192.0.1.0", true),
        ("192.0.3.0", true),
        ("192.167.255.255", true),
        ("192.169.0.0", true),
        ("198.17.255.255", true),
        ("198.20.0.0", true),
        ("203.0.112.255", true),
        ("203.0.114.0", true),
        ("223.255.255.255", true),
        ("0.0.0.0", false),
        ("0.1.2.3", false),
        ("10.0.0.1", false),
        ("10.255.255.255", false),
        ("100.64.0.1", false),
        ("100.100.100.200", false),
        ("100.127.255.255", false),
        ("127.0.0.1", false),
        ("127.255.255.254", false),
        ("168.63.129.16", false),
        ("169.254.0.1", false),
        ("169.254.169.254", false),
        ("172.16.0.1", false),
        ("172.31.255.255", false),
        ("192.0.0.1", false),
        ("192.0.0.192", false),
        ("192.0.2.1", false),
        ("192.31.196.1", false),
        ("192.52.193.1", false),
        ("192.88.99.1", false),
        ("192.168.0.1", false),
        ("192.168.255.255", false),
        ("192.175.48.1", false),
        ("198.18.0.1", false),
        ("198.19.255.255", false),
        ("198.51.100.7", false),
        ("203.0.113.7", false),
        ("224.0.0.1", false),
        ("239.255.255.250", false),
        ("240.0.0.1", false),
        ("255.255.255.255", false),
        ("2606:4700:4700::1111", true),
        ("2001:4860:4860::8888", true),
        ("2a00:1450:4001:80b::200e", true),
        ("2001:200::1", true),
        ("64:ff9b::8.8.8.8", true),
        ("2606:4700::5efe:8.8.8.8", true),
        ("::", false),
        ("::1", false),
        ("::7f00:1", false),
        ("::8.8.8.8", false),
        ("::ffff:127.0.0.1", false),
        ("::ffff:10.0.0.1", false),
        ("::ffff:8.8.8.8", false),
        ("::ffff:0:127.0.0.1", false),
        ("64:ff9b::127.0.0.1", false),
        ("64:ff9b::10.1.2.3", false),
        ("64:ff9b::169.254.169.254", false),
        ("64:ff9b:1::8.8.8.8", false),
        ("64:ff9b:1::10.0.0.1", false),
        ("100::1", false),
        ("2001::1", false),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", false),
        ("2001:2::1", false),
        ("2001:10::1", false),
        ("2001:20::1", false),
        ("2001:db8::1", false),
        ("2002:7f00:1::", false),
        ("2002:a00:1::1", false),
        ("2002:808:808::1", false),
        ("2606:4700::5efe:10.0.0.1", false),
        ("2606:4700::200:5efe:127.0.0.1", false),
        ("2620:4f:8000::1", false),
        ("3fff::1", false),
        ("4000::1", false),
        ("5f00::1", false),
        ("fc00::1", false),
        ("fd00:ec2::254", false),
        ("fdff:ffff::1", false),
        ("fe80::1", false),
        ("febf::1", false),
        ("fec0::1", false),
        ("ff02::1", false),
        ("ff0e::1", false),
    ];

    #[test]
    fn public_addresses_pass_and_all_others_do_not() {
        for (text, expected) in TABLE {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(is_public(address), *expected, "{text}");
        }
    }

    #[test]
    fn the_allow_list_opens_exactly_what_it_names() {
        let allow: Vec<IpNet> = vec![
            "127.0.0.1/32".parse().unwrap(),
            "fd00::/64".parse().unwrap(),
        ];
        for (text, expected) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("::1", false),
            ("fd00::5", true),
            ("fd00:0:0:1::5", false),
        ] {
            assert_eq!(is_listed(text.parse().unwrap(), &allow), expected, "{text}");
        }
    }

    /// Every way to hide an IPv4 address in an IPv6 one that this module knows of.
    fn disguises(hidden: Ipv4Addr) -> Vec<Ipv6Addr> {
        let [a, b, c, d] = hidden.octets();
        let high = u16::from_be_bytes([a, b]);
        let low = u16::from_be_bytes([c, d]);
        vec![
            hidden.to_ipv6_mapped(),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x2001, 0, high, low, 0, 0, 0x1234, 0x5678),
            Ipv6Addr::new(0x2001, 0, 0x4136, 0xe378, 0x8000, 0x63bf, !high, !low),
            Ipv6Addr::new(0x2606, 0x4700, 0, 0, 0, 0x5efe, high, low),
            Ipv6Addr::new(0x2606, 0x4700, 0, 0, 0x200, 0x5efe, high, low),
        ]
    }

    proptest! {
        #[test]
        fn no_disguise_of_a_blocked_address_passes(bits in any::<u32>(), network in 0..BLOCKED_V4.len()) {
            let network = BLOCKED_V4[network];
            let host_mask = u32::from(network.hostmask());
            let hidden = Ipv4Addr::from(u32::from(network.network()) | (bits & host_mask));
            prop_assert!(!is_public(hidden.into()));
            for disguise in disguises(hidden) {
                prop_assert!(!is_public(disguise.into()), "{disguise} hides {hidden}");
            }
        }

        #[test]
        fn nothing_above_unicast_passes(bits in 0xe000_0000_u32..) {
            let hidden = Ipv4Addr::from(bits);
            prop_assert!(!is_public(hidden.into()));
            for disguise in disguises(hidden) {
                prop_assert!(!is_public(disguise.into()), "{disguise} hides {hidden}");
            }
        }

        #[test]
        fn only_global_unicast_and_nat64_pass(bits in any::<u128>()) {
            let address = Ipv6Addr::from(bits);
            if is_public(address.into()) {
                prop_assert!(GLOBAL_UNICAST_V6.contains(&address) || NAT64.contains(&address));
            }
        }
    }
}
