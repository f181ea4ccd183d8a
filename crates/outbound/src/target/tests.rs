use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::options::parse_network;

fn refusal(text: &str) -> Option<Refusal> {
    check(text, &OutboundOptions::default()).err()
}

#[test]
fn ordinary_urls_pass() {
    for text in [
        "https://cdn.example.com/a.jpg",
        "http://cdn.example.com/a.jpg",
        "HTTPS://CDN.EXAMPLE.COM/A.JPG",
        "https://cdn.example.com:443/a.jpg?width=800&v=1#top",
        "http://cdn.example.com:443/a.jpg",
        "https://cdn.example.com:80/a.jpg",
        "https://cdn.example.com./a.jpg",
        "https://bücher.example/a.jpg",
        "https://93.184.216.34/a.jpg",
        "https://[2606:4700:4700::1111]/a.jpg",
        "https://[64:ff9b::808:808]/a.jpg",
        "https://a-b.example/%2e%2e/a.jpg",
        "https://@cdn.example.com/a.jpg",
    ] {
        let target = check(text, &OutboundOptions::default()).unwrap();
        assert_eq!(target.reach, Reach::Public, "{text}");
        assert_eq!(target.url.fragment(), None, "{text}");
    }
}

#[test]
fn other_schemes_and_broken_urls_are_refused() {
    for (text, expected) in [
        ("ftp://cdn.example.com/a.jpg", Refusal::Scheme),
        ("file:///etc/passwd", Refusal::Scheme),
        ("gopher://127.0.0.1/", Refusal::Scheme),
        ("data:image/png;base64,AAAA", Refusal::Scheme),
        ("javascript:alert(1)", Refusal::Scheme),
        ("unix:/run/docker.sock", Refusal::Scheme),
        ("ws://cdn.example.com/", Refusal::Scheme),
        ("", Refusal::NotAUrl),
        ("a.jpg", Refusal::NotAUrl),
        ("//cdn.example.com/a.jpg", Refusal::NotAUrl),
        ("https://", Refusal::NotAUrl),
        ("https://a b.example/", Refusal::NotAUrl),
        ("https://cdn.example.com:99999/", Refusal::NotAUrl),
        ("https://[::1", Refusal::NotAUrl),
        ("https://[fe80::1%25eth0]/", Refusal::NotAUrl),
        ("https://256.256.256.256/", Refusal::NotAUrl),
        ("https://user@cdn.example.com/", Refusal::UserInfo),
        ("https://user:secret@cdn.example.com/", Refusal::UserInfo),
        ("https://:secret@cdn.example.com/", Refusal::UserInfo),
        ("https://8.8.8.8@127.0.0.1/", Refusal::UserInfo),
    ] {
        assert_eq!(refusal(text), Some(expected), "{text}");
    }
    let long = format!("https://cdn.example.com/{}", "a".repeat(MAX_URL_BYTES));
    assert_eq!(refusal(&long), Some(Refusal::TooLong));
}

#[test]
fn written_out_addresses_are_judged_in_every_spelling() {
    for text in [
        "http://127.0.0.1/",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://127.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0X7F.0.0.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://0x7f.0.0x0.01/",
        "http://%31%32%37.0.0.1/",
        "http://127%2e0%2e0%2e1/",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://①②⑦.0.0.1/",
        "http://0/",
        "http://0.0.0.0/",
        "http:///127.0.0.1/",
        "http:127.0.0.1/",
        "http:\\\\127.0.0.1\\",
        "ht\ntp://127.0.\t0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/latest/meta-data/",
        "http://0xa9fea9fe/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://172.16.0.1/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::127.0.0.1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::FFFF:A9FE:A9FE]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
    ] {
        assert_eq!(refusal(text), Some(Refusal::Address), "{text}");
    }
}

#[test]
fn ports_are_a_setting_and_listed_addresses_are_open_on_any() {
    assert_eq!(
        refusal("http://cdn.example.com:22/"),
        Some(Refusal::Port(22))
    );
    assert_eq!(refusal("http://8.8.8.8:8080/"), Some(Refusal::Port(8080)));
    assert_eq!(refusal("http://cdn.example.com:0/"), Some(Refusal::Port(0)));

    let open = OutboundOptions {
        allow: vec![parse_network("127.0.0.1/32").unwrap()],
        ports: vec![443, 8443],
        ..OutboundOptions::default()
    };
    let reach = |text| check(text, &open).map(|target| target.reach);
    assert_eq!(reach("http://127.0.0.1:9999/"), Ok(Reach::Listed));
    assert_eq!(reach("http://2130706433:9999/"), Ok(Reach::Listed));
    assert_eq!(reach("http://[::ffff:127.0.0.1]:9999/"), Ok(Reach::Listed));
    assert_eq!(reach("https://cdn.example.com:8443/"), Ok(Reach::Public));
    assert_eq!(reach("http://localhost:9999/"), Ok(Reach::Listed));
    assert_eq!(reach("http://127.0.0.2:443/"), Err(Refusal::Address));
    assert_eq!(reach("http://[::1]:443/"), Err(Refusal::Address));
    assert_eq!(reach("http://8.8.8.8/"), Err(Refusal::Port(80)));
}

#[test]
fn http_can_be_closed() {
    let https_only = OutboundOptions {
        allow_http: false,
        ..OutboundOptions::default()
    };
    let refusal = |text| check(text, &https_only).err();
    assert_eq!(
        refusal("http://cdn.example.com/"),
        Some(Refusal::HttpNotAllowed)
    );
    assert_eq!(refusal("https://cdn.example.com/"), None);
}

proptest! {
    #[test]
    fn no_spelling_of_a_private_address_passes(tail in any::<[u8; 3]>()) {
        for first in [0_u8, 10, 127, 224, 255] {
            let [b, c, d] = tail;
            let bits = u32::from(Ipv4Addr::new(first, b, c, d));
            let low24 = bits & 0x00ff_ffff;
            let low16 = bits & 0xffff;
            for text in [
                format!("http://{first}.{b}.{c}.{d}/"),
                format!("http://{bits}/"),
                format!("http://{bits:#x}/"),
                format!("http://0{bits:o}/"),
                format!("http://{first}.{low24}/"),
                format!("http://{first:#x}.{low24:#x}/"),
                format!("http://{first}.{b}.{low16}/"),
                format!("http://0{first:o}.0{b:o}.0{c:o}.0{d:o}./"),
                format!("http://[::{first}.{b}.{c}.{d}]/"),
                format!("http://[::ffff:{first}.{b}.{c}.{d}]/"),
                format!("http://[64:ff9b::{first}.{b}.{c}.{d}]/"),
            ] {
                prop_assert_eq!(refusal(&text), Some(Refusal::Address), "{}", text);
            }
        }
    }

    #[test]
    fn any_text_is_answered_without_a_panic(text in "\\PC{0,80}") {
        let options = OutboundOptions::default();
        if let Ok(target) = check(&text, &options) {
            prop_assert!(matches!(target.url.scheme(), "http" | "https"));
        }
    }
}
