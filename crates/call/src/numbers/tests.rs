//! Tables of what is dialled and what is meant.

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use super::*;

/// Compares what a country makes of dialled strings; `""` stands for no number.
#[track_caller]
fn check(country: &str, table: &[(&str, &str)]) {
    let numbering = Numbering::new(Some(country)).expect("a country");
    for (dialled, expect) in table {
        let number = numbering.to_e164(dialled).unwrap_or_default();
        assert_eq!(number, *expect, "{dialled} dialled in {country}");
    }
}

#[track_caller]
fn check_outside(country: Option<&str>, table: &[(&str, Option<Outside>)]) {
    let numbering = Numbering::new(country).expect("a country");
    for (dialled, expect) in table {
        assert_eq!(
            numbering.outside(dialled),
            *expect,
            "{dialled} dialled in {country:?}"
        );
    }
}

fn number(digits: &str) -> Option<Outside> {
    Some(Outside::Number(digits.to_owned()))
}

fn service(digits: &str) -> Option<Outside> {
    Some(Outside::Service(digits.to_owned()))
}

#[test]
fn spain_has_no_trunk_prefix() {
    check(
        "ES",
        &[
            ("600111222", "34600111222"),
            ("910000000", "34910000000"),
            ("900123456", "34900123456"),
            ("34600111222", "34600111222"),
            ("+34600111222", "34600111222"),
            ("0034600111222", "34600111222"),
            ("00442079460018", "442079460018"),
            ("442079460018", "442079460018"),
            ("0600111222", ""),
            ("60011122", ""),
            ("6001112223", ""),
            ("112", ""),
            ("1001", ""),
        ],
    );
}

#[test]
fn north_america_has_its_own_international_prefix_and_one_code_for_many_countries() {
    for country in ["US", "CA"] {
        check(
            country,
            &[
                ("2125550123", "12125550123"),
                ("12125550123", "12125550123"),
                ("+12125550123", "12125550123"),
                ("01134600111222", "34600111222"),
                ("0034600111222", "34600111222"),
                ("34600111222", "34600111222"),
                ("442079460018", "442079460018"),
                ("5550123", ""),
                ("1125550123", ""),
                ("911", ""),
            ],
        );
    }
}

#[test]
fn britain_drops_its_trunk_prefix_but_not_that_of_others() {
    check(
        "GB",
        &[
            ("02079460018", "442079460018"),
            ("2079460018", "442079460018"),
            ("07911123456", "447911123456"),
            ("442079460018", "442079460018"),
            ("4402079460018", "442079460018"),
            ("00442079460018", "442079460018"),
            ("+390612345678", "390612345678"),
            ("00390612345678", "390612345678"),
            ("390612345678", "390612345678"),
            ("118500", ""),
        ],
    );
}

#[test]
fn italy_keeps_the_leading_zero() {
    check(
        "IT",
        &[
            ("0612345678", "390612345678"),
            ("390612345678", "390612345678"),
            ("+390612345678", "390612345678"),
            ("3331234567", "393331234567"),
            ("393331234567", "393331234567"),
            ("3912345678", "393912345678"),
            ("0034600111222", "34600111222"),
        ],
    );
}

#[test]
fn numbers_that_begin_like_a_trunk_prefix_keep_their_digits() {
    check(
        "RU",
        &[
            ("88005553535", "78005553535"),
            ("8005553535", "78005553535"),
            ("81034600111222", "34600111222"),
        ],
    );
    check("HU", &[("06301234567", "36301234567")]);
    check(
        "FR",
        &[
            ("0612345678", "33612345678"),
            ("+390612345678", "390612345678"),
        ],
    );
    check(
        "DE",
        &[
            ("0301234567", "49301234567"),
            ("49301234567", "49301234567"),
        ],
    );
}

#[test]
fn a_carriers_code_behind_the_trunk_prefix_is_no_part_of_the_number() {
    check(
        "BR",
        &[
            ("01521987654321", "5521987654321"),
            ("021987654321", "5521987654321"),
            ("21987654321", "5521987654321"),
        ],
    );
}

#[test]
fn an_international_number_needs_a_country_code_that_exists() {
    check(
        "ES",
        &[
            ("+999123456789", ""),
            ("00999123456789", ""),
            ("+0034600111222", ""),
            ("+", ""),
            ("00", ""),
            ("+3460011122233344", ""),
            ("+883510012345678", "883510012345678"),
        ],
    );
}

#[test]
fn numbers_for_help_pass_as_dialled_and_no_other_short_ones() {
    check_outside(
        Some("ES"),
        &[
            ("112", service("112")),
            ("091", service("091")),
            ("1001", None),
            ("11818", None),
            ("116111", service("116111")),
            ("600111222", number("34600111222")),
            ("12", None),
            ("+112", None),
            ("001", None),
        ],
    );
    check_outside(
        Some("DE"),
        &[("116117", service("116117")), ("11833", None)],
    );
    check_outside(Some("GB"), &[("999", service("999")), ("118500", None)]);
}

#[test]
fn what_is_no_string_of_digits_is_not_for_the_outside() {
    for country in [None, Some("ES")] {
        let none: Vec<_> = [
            "",
            "+",
            "alice",
            "*97",
            "600#",
            "6001112a2",
            "600 111 222",
            "+34-600",
            "++34600111222",
            "34600111222+",
            "６００１１１２２２",
            "1234567890123456789012345",
            "60011122233344455",
        ]
        .map(|dialled| (dialled, None))
        .into();
        check_outside(country, &none);
    }
}

#[test]
fn without_a_default_country_digits_stay_as_they_are() {
    check_outside(
        None,
        &[
            ("600111222", number("600111222")),
            ("+34600111222", number("34600111222")),
            ("0034600111222", number("34600111222")),
            ("0600111222", number("0600111222")),
            ("112", service("112")),
            ("12", None),
        ],
    );
}

#[test]
fn a_country_that_does_not_exist_is_refused_by_name() {
    for wrong in ["XX", "", "ESP", "001", "España"] {
        let fault = Numbering::new(Some(wrong)).expect_err(wrong);
        assert!(fault.to_string().contains(wrong), "{fault}");
    }
    assert!(Numbering::new(Some("es")).is_ok());
}

#[test]
fn every_country_reads_its_own_examples_back() {
    for metadata in DATABASE.iter().filter(|metadata| metadata.id() != "001") {
        let numbering = Numbering::new(Some(metadata.id())).expect("a country");
        let descriptors = metadata.descriptors();
        for kind in [descriptors.fixed_line(), descriptors.mobile()] {
            let Some(example) = kind.and_then(|kind| kind.example()) else {
                continue;
            };
            let whole = format!("{}{example}", metadata.country_code());
            let read = |dialled: String| numbering.to_e164(&dialled);
            assert_eq!(read(format!("+{whole}")).as_ref(), Some(&whole));
            // Fewer digits are a service; where a trunk prefix is dialled, a few more without it, too.
            let least = metadata.national_prefix().map_or(5, |_| 7);
            if example.len() >= least {
                let country = metadata.id();
                assert_eq!(read(example.to_owned()).as_ref(), Some(&whole), "{country}");
            }
        }
    }
}

#[test]
fn hostile_strings_never_panic_and_what_passes_is_digits() {
    let mut rng = ChaCha12Rng::seed_from_u64(3);
    let all: Vec<_> = [
        None,
        Some("ES"),
        Some("US"),
        Some("IT"),
        Some("BR"),
        Some("AR"),
    ]
    .map(|country| Numbering::new(country).expect("a country"))
    .into();
    for _ in 0..10_000 {
        let length = rng.next_u32() % 30;
        let alphabet: &[char] = if rng.next_u32() & 1 == 0 {
            &['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '+']
        } else {
            &['0', '7', '+', '*', '#', ';', 'e', 'é', '٣', '\0', ' ', '🦀']
        };
        let dialled: String = (0..length)
            .map(|_| alphabet[rng.next_u32() as usize % alphabet.len()])
            .collect();
        for numbering in &all {
            if let Some(outside) = numbering.outside(&dialled) {
                let digits = outside.digits();
                assert!((3..=15).contains(&digits.len()), "{dialled}: {digits}");
                assert!(
                    digits.bytes().all(|b| b.is_ascii_digit()),
                    "{dialled}: {digits}"
                );
            }
        }
    }
}
