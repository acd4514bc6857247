//! The published test vectors.

use super::super::session::Cipher;
use super::*;

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |octet: u8| u8::try_from(char::from(octet).to_digit(16).unwrap()).unwrap();
    digits
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn counter(hex: &str) -> [u8; 16] {
    octets(hex).try_into().unwrap()
}

#[test]
fn rfc3711_b_2_the_key_stream_of_aes_128() {
    let cipher = Cipher::new(
        SrtpSuite::Aes128Sha1Tag80,
        &octets("2B7E151628AED2A6ABF7158809CF4F3C"),
    );
    let mut stream = vec![0; 0xff02 * 16];
    cipher
        .unwrap()
        .apply(counter("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000"), &mut stream);
    let begins = "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(stream[..48], octets(begins));
    let ends = "EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44";
    assert_eq!(stream[0xfeff * 16..][..48], octets(ends));
}

#[test]
fn rfc3711_b_3_the_session_keys_of_aes_128() {
    let master = Cipher::new(
        SrtpSuite::Aes128Sha1Tag80,
        &octets("E1F97A0D3E018BE0D64FA32C06DE4139"),
    )
    .unwrap();
    let salt = octets("0EC675AD498AFEEBB6960B3AABE6");
    let derived = |label, length| {
        let mut key = vec![0xaa; length];
        master.derive(&salt, label, &mut key).unwrap();
        key
    };
    assert_eq!(derived(0, 16), octets("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(derived(2, 14), octets("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(
        derived(1, 20),
        octets("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
    );
}

#[test]
fn rfc6188_7_1_the_key_stream_of_aes_256() {
    let cipher = Cipher::new(
        SrtpSuite::Aes256Sha1Tag80,
        &octets("57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98"),
    );
    let mut stream = vec![0; 48];
    cipher
        .unwrap()
        .apply(counter("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000"), &mut stream);
    let begins = "92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac 63c4868b7096d88421b563b8c94c9a31";
    assert_eq!(stream, octets(begins));
}

#[test]
fn rfc6188_7_2_the_session_keys_of_aes_256() {
    let master = Cipher::new(
        SrtpSuite::Aes256Sha1Tag80,
        &octets("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6"),
    )
    .unwrap();
    let salt = octets("3b04803de51ee7c96423ab5b78d2");
    let derived = |label, length| {
        let mut key = vec![0xaa; length];
        master.derive(&salt, label, &mut key).unwrap();
        key
    };
    assert_eq!(
        derived(0, 32),
        octets("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4")
    );
    assert_eq!(derived(2, 14), octets("fa31791685ca444a9e07c6c64e93"));
    assert_eq!(
        derived(1, 20),
        octets("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05")
    );
}

#[test]
fn libsrtp_s_packets_are_ours() {
    let octets_of_key = octets("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
    let key = SrtpKey::new(SrtpSuite::Aes128Sha1Tag80, &octets_of_key).unwrap();
    let plain = octets("800f1234decafbadcafebabe abababababababababababababababab");
    let secret =
        octets("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb");
    assert_eq!(sealed(&mut sender(&key), &plain).unwrap(), secret);
    assert_eq!(opened(&mut receiver(&key), &secret).unwrap(), plain);

    let plain = octets("81c8000bcafebabe abababababababababababababababab");
    let secret =
        octets("81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798");
    assert_eq!(sealed_report(&mut sender(&key), &plain).unwrap(), secret);
    assert_eq!(opened_report(&mut receiver(&key), &secret).unwrap(), plain);
}
