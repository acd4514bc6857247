use std::fs;
use std::path::Path;

use super::fault::Faults;
use super::load::read;
use super::*;

const EXAMPLE: &str = include_str!("../../../../examples/offhook.toml");

fn file(text: &str) -> Result<Config, Faults> {
    read(Some(("offhook.toml", text)), [])
}

fn faults(text: &str) -> Vec<String> {
    file(text)
        .expect_err("must be refused")
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn environment(variables: &[(&str, &str)]) -> Result<Config, Faults> {
    read(
        None,
        variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
}

#[test]
fn the_example_file_says_the_built_in_defaults() {
    assert_eq!(file(EXAMPLE), Ok(Config::default()));
}

#[test]
fn the_example_file_names_every_key_there_is() {
    let shown = print(&Config::default());
    let keys = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| line.split('=').next().unwrap_or_default().trim().to_owned())
            .collect()
    };
    assert_eq!(keys(EXAMPLE), keys(&shown));
}

#[test]
fn an_empty_file_means_the_defaults() {
    assert_eq!(file(""), Ok(Config::default()));
}

#[test]
fn what_is_printed_is_read_back_as_the_same() {
    let text = r#"
        [node]
        name = "uk003"
        number = 7
        [sip]
        domain = "pbx.example.org"
        udp = ["127.0.0.1:0", "[::1]:5060"]
        tcp = []
        advertise = "192.0.2.10"
        digest = ["SHA-256", "MD5"]
        [media]
        relay = "never"
        srtp = "required"
        rtp_ports = "0"
        [webhooks]
        allow_networks = ["10.0.0.0/8", "127.0.0.1"]
        [retention]
        captures_bytes = "512MiB"
    "#;
    let config = file(text).unwrap();
    assert_eq!(config.sip.digest, [Digest::Sha256, Digest::Md5]);
    assert_eq!(config.retention.captures_bytes, ByteSize(512 << 20));
    assert!(config.media.rtp_ports.is_any());
    assert_eq!(config.media.srtp, Srtp::Required);
    assert_eq!(config.webhooks.allow_networks.len(), 2);
    assert_eq!(file(&print(&config)), Ok(config));
}

#[test]
fn all_faults_are_told_together_with_line_and_key() {
    let text = "[node]\nnumber = 1024\n\n[sip]\nudp = [\"127.0.0.1:0\",\n  \"localhost\"]\nudb = []\n\n[htpp]\nlisten = \"127.0.0.1:80\"\n";
    let faults = faults(text);
    assert_eq!(faults.len(), 4, "{faults:#?}");
    assert_eq!(
        faults[0],
        "offhook.toml:2: node.number: 1024 is not between 0 and 1023"
    );
    assert!(
        faults[1]
            .starts_with("offhook.toml:6: sip.udp[1]: \"localhost\" is not an address and a port"),
        "{}",
        faults[1]
    );
    assert!(
        faults[2].starts_with("offhook.toml:7: sip.udb: unknown key; [sip] knows domain, udp,"),
        "{}",
        faults[2]
    );
    assert_eq!(faults[3], "offhook.toml:9: htpp: unknown section");
}

#[test]
fn a_fault_of_syntax_has_its_line_and_hides_no_other() {
    let faults = faults("[node]\nnumber = 1024\nname = \n");
    assert!(
        faults
            .iter()
            .any(|fault| fault.starts_with("offhook.toml:3: ")),
        "{faults:#?}"
    );
    assert!(
        faults
            .iter()
            .any(|fault| fault.starts_with("offhook.toml:2: node.number:")),
        "{faults:#?}"
    );
}

#[test]
fn a_key_outside_a_section_is_refused() {
    let faults = faults("listen = \"127.0.0.1:80\"\n");
    assert_eq!(
        faults,
        [
            "offhook.toml:1: listen: stands outside a section; every key belongs to one, such as [http]"
        ]
    );
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    assert!(!faults("[node]\nnumber = 1\nnumber = 2\n").is_empty());
}

#[test]
fn the_wrong_kind_of_value_is_told_in_words() {
    let cases = [
        (
            "[node]\nname = 7",
            "node.name: must be a string, not a number",
        ),
        (
            "[node]\nnumber = \"7\"",
            "node.number: must be a whole number, not a string",
        ),
        (
            "[node]\nnumber = -1",
            "node.number: must be between 0 and 65535",
        ),
        (
            "[node]\nnumber = 99999999999999999999",
            "node.number: must be between 0 and 65535",
        ),
        (
            "[sip]\nudp = \"0.0.0.0:5060\"",
            "sip.udp: must be a list such as [\"…\"], not a string",
        ),
        (
            "[sip]\nudp = [5060]",
            "sip.udp[0]: must be a string, not a number",
        ),
        (
            "[media]\nrelay = true",
            "media.relay: must be a string, not true or false",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(faults(text), [format!("offhook.toml:2: {expected}")]);
    }
}

#[test]
fn values_out_of_their_range_are_refused() {
    let cases = [
        ("[node]\nname = \"a.b\"", "node.name"),
        ("[node]\nname = \"\"", "node.name"),
        ("[node]\ncustomer_id = 0", "node.customer_id"),
        ("[node]\ndata_dir = \"\"", "node.data_dir"),
        ("[sip]\ndomain = \"pbx example\"", "sip.domain"),
        ("[sip]\ndomain = \"pbx..example\"", "sip.domain"),
        (
            "[sip]\nudp = [\"127.0.0.1:5060\", \"127.0.0.1:5060\"]",
            "sip.udp",
        ),
        (
            "[sip]\ntls = [\"127.0.0.1:5061\", \"127.0.0.1:5061\"]",
            "sip.tls",
        ),
        (
            "[sip]\ntls_cert = \"/nonexistent/cert.pem\"",
            "sip.tls_cert",
        ),
        ("[sip]\ntls_key = \"/nonexistent/key.pem\"", "sip.tls_key"),
        ("[sip]\nadvertise = \"pbx.example.org\"", "sip.advertise"),
        ("[sip]\ndigest = []", "sip.digest"),
        ("[sip]\ndigest = [\"MD5\", \"MD5\"]", "sip.digest"),
        ("[sip]\ndigest = [\"md5\"]", "sip.digest[0]"),
        ("[numbers]\ncountry = \"Spain\"", "numbers.country"),
        ("[numbers]\ncountry = \"ZZ\"", "numbers.country"),
        ("[media]\nrelay = \"sometimes\"", "media.relay"),
        ("[media]\nsrtp = \"maybe\"", "media.srtp"),
        ("[media]\nrtp_timeout = 86401", "media.rtp_timeout"),
        ("[media]\nthreads = 65", "media.threads"),
        ("[media]\nrtp_ports = \"20001-29999\"", "media.rtp_ports"),
        ("[media]\nrtp_ports = \"20000-20000\"", "media.rtp_ports"),
        ("[media]\nrtp_ports = \"30000-20001\"", "media.rtp_ports"),
        ("[media]\nrtp_ports = \"80-81\"", "media.rtp_ports"),
        ("[media]\nrtp_ports = \"20000-70001\"", "media.rtp_ports"),
        (
            "[webhooks]\nallow_networks = [\"10.0.0.0/33\"]",
            "webhooks.allow_networks[0]",
        ),
        (
            "[webhooks]\ndefault_timeout_ms = 999",
            "webhooks.default_timeout_ms",
        ),
        (
            "[webhooks]\nextra_roots = [\"/nonexistent/root.pem\"]",
            "webhooks.extra_roots",
        ),
        (
            "[retention]\ncaptures_bytes = \"2 parsecs\"",
            "retention.captures_bytes",
        ),
        (
            "[retention]\ncaptures_bytes = \"99999999999TiB\"",
            "retention.captures_bytes",
        ),
        (
            "[limits]\nmax_message_bytes = 100",
            "limits.max_message_bytes",
        ),
        (
            "[bootstrap]\nadmin_email = \"admin\"",
            "bootstrap.admin_email",
        ),
        (
            "[bootstrap]\nadmin_password_file = \"/nonexistent/password\"",
            "bootstrap.admin_password_file",
        ),
    ];
    for (text, path) in cases {
        let faults = faults(text);
        assert_eq!(faults.len(), 1, "{text}: {faults:#?}");
        assert!(
            faults[0].starts_with(&format!("offhook.toml:2: {path}: ")),
            "{text}: {}",
            faults[0]
        );
    }
}

#[test]
fn what_a_later_version_brings_is_refused_not_ignored() {
    let cases = [
        ("[sip]\nwss = [\"0.0.0.0:8443\"]", "sip.wss"),
        (
            "[sip]\ntrusted_edges = [\"10.0.0.0/8\"]",
            "sip.trusted_edges",
        ),
        ("[http]\ntls_cert = \"cert.pem\"", "http.tls_cert"),
        (
            "[http]\ntrusted_proxies = [\"127.0.0.1\"]",
            "http.trusted_proxies",
        ),
        (
            "[webhooks]\nproxy = \"http://proxy:3128\"",
            "webhooks.proxy",
        ),
        (
            "[store]\nurl = \"postgres://localhost/offhook\"",
            "store.url",
        ),
        ("[retention]\ncdrs_days = 7", "retention.cdrs_days"),
    ];
    for (text, path) in cases {
        let faults = faults(text);
        assert!(
            faults[0].starts_with(&format!("offhook.toml:2: {path}: is not supported yet")),
            "{text}: {}",
            faults[0]
        );
    }
}

#[test]
fn somebody_must_be_able_to_call() {
    assert_eq!(
        faults("[sip]\nudp = []\ntcp = []"),
        [
            "offhook.toml:2: sip.udp: no phone can reach us: sip.udp, sip.tcp and sip.tls are all empty"
        ]
    );
    assert!(file("[sip]\nudp = []").is_ok());
}

/// A certificate with its key, each in a file of this folder, as a `[sip]` that names them.
fn sip_over_tls(folder: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(vec!["pbx.example.org".to_owned()]).unwrap();
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    fs::write(&cert, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    format!("[sip]\ntls = [\"127.0.0.1:0\"]\ntls_cert = {cert:?}\ntls_key = {key:?}\n")
}

#[test]
fn tls_with_a_certificate_and_its_key_is_taken_and_printed() {
    let folder = tempfile::tempdir().unwrap();
    let text = sip_over_tls(folder.path());
    let config = file(&text).unwrap();
    assert_eq!(config.sip.tls, ["127.0.0.1:0".parse().unwrap()]);
    assert_eq!(config.sip.tls_key, Some(folder.path().join("key.pem")));
    assert_eq!(file(&print(&config)), Ok(config));
    // Phones may come by TLS alone.
    assert!(file(&(text + "udp = []\ntcp = []\n")).is_ok());
}

#[test]
fn tls_without_certificate_or_key_is_refused_with_all_other_faults() {
    let faults = faults("[node]\nnumber = 1024\n[sip]\ntls = [\"127.0.0.1:5061\"]\n");
    assert_eq!(
        faults,
        [
            "offhook.toml:2: node.number: 1024 is not between 0 and 1023",
            "offhook.toml:4: sip.tls: TLS needs a certificate: sip.tls_cert names no PEM file",
            "offhook.toml:4: sip.tls: TLS needs a private key: sip.tls_key names no PEM file",
        ]
    );
}

#[test]
fn a_certificate_that_cannot_be_read_is_one_fault_not_two() {
    let folder = tempfile::tempdir().unwrap();
    let text = sip_over_tls(folder.path());
    fs::remove_file(folder.path().join("cert.pem")).unwrap();
    let faults = faults(&text);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(
        faults[0].starts_with("offhook.toml:3: sip.tls_cert: "),
        "{}",
        faults[0]
    );
}

#[test]
fn a_key_of_another_certificate_is_told_at_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let text = sip_over_tls(folder.path());
    let other = rcgen::KeyPair::generate().unwrap();
    fs::write(folder.path().join("key.pem"), other.serialize_pem()).unwrap();
    let faults = faults(&text);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(
        faults[0].starts_with("offhook.toml:4: sip.tls_key: ")
            && faults[0].contains("is not the key of"),
        "{}",
        faults[0]
    );
}

#[test]
fn the_environment_overrides_the_file() {
    let variables = [
        ("OFFHOOK__NODE__NUMBER", "5"),
        ("OFFHOOK__HTTP__LISTEN", "127.0.0.1:0"),
        ("HOME", "/root"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = read(
        Some(("offhook.toml", "[node]\nnumber = 4\nname = \"n4\"\n")),
        variables,
    )
    .unwrap();
    assert_eq!((config.node.number, config.node.name.as_str()), (5, "n4"));
    assert_eq!(config.http.listen.port(), 0);
}

#[test]
fn an_environment_value_is_toml_or_else_a_string() {
    let config = environment(&[
        ("OFFHOOK__SIP__UDP", "[\"127.0.0.1:0\"]"),
        ("OFFHOOK__NODE__NAME", "7"),
        ("OFFHOOK__RETENTION__CAPTURES_BYTES", "1000"),
        ("OFFHOOK__MEDIA__RELAY", "\"never\""),
        ("OFFHOOK__NODE__DATA_DIR", "/var/lib/offhook"),
    ])
    .unwrap();
    assert_eq!(config.sip.udp.len(), 1);
    assert_eq!(config.node.name, "7");
    assert_eq!(config.retention.captures_bytes, ByteSize(1000));
    assert_eq!(config.media.relay, Relay::Never);
    assert_eq!(config.node.data_dir, PathBuf::from("/var/lib/offhook"));
}

#[test]
fn faults_of_the_environment_name_the_variable() {
    let faults = environment(&[
        ("OFFHOOK__HTTP__LISTEM", "127.0.0.1:0"),
        ("OFFHOOK__HTTP", "x"),
        ("OFFHOOK__NODE__NUMBER", "many"),
    ]);
    let faults: Vec<String> = faults
        .expect_err("must be refused")
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(faults.len(), 3);
    assert_eq!(
        faults[0],
        "environment OFFHOOK__HTTP: does not name a key; the form is OFFHOOK__SECTION__KEY"
    );
    assert!(
        faults[1].starts_with("environment OFFHOOK__HTTP__LISTEM: http.listem: unknown key"),
        "{}",
        faults[1]
    );
    assert_eq!(
        faults[2],
        "environment OFFHOOK__NODE__NUMBER: node.number: must be a whole number, not a string"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault() {
    let faults =
        load(Some(Path::new("/nonexistent/offhook.toml")), []).expect_err("must be refused");
    assert!(
        faults
            .to_string()
            .starts_with("/nonexistent/offhook.toml: cannot be read: "),
        "{faults}"
    );
}

#[test]
fn sizes_read_back_as_written() {
    for text in ["2GiB", "512MiB", "3KiB", "1TiB", "1000", "0"] {
        assert_eq!(
            text.parse::<ByteSize>().map(|size| size.to_string()),
            Ok(text.to_owned())
        );
    }
    assert_eq!("10B".parse(), Ok(ByteSize(10)));
    for text in ["", "GiB", "1.5GiB", "-1", "2GB", "1 2"] {
        assert!(text.parse::<ByteSize>().is_err(), "{text}");
    }
}
