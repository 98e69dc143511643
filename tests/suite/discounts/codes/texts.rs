//! The random part of coupon codes: long enough to resist guesses, in characters that nobody confuses.

use std::collections::{BTreeMap, BTreeSet};

use domain::coupon_code::{ALPHABET, suffix, suffix_length};
use proptest::{
    prelude::{Strategy, any, prop_oneof},
    prop_assert, prop_assert_eq, proptest,
    test_runner::Config,
};

/// The number of possible texts for each issued code.
const SPARSITY: u128 = 1 << 20;
const SHORTEST: u32 = 6;

fn texts(length: u32) -> u128 {
    32u128.pow(length)
}

fn needed(issued: u64) -> u128 {
    (u128::from(issued) + 1) * SPARSITY
}

/// Returns numbers of every size, and those around the powers of two, where the length may change.
fn issued() -> impl Strategy<Value = u64> {
    prop_oneof![
        (any::<u64>(), 0u32..64).prop_map(|(number, bits)| number >> bits),
        (0u32..64, 0u64..4).prop_map(|(bits, ahead)| (1u64 << bits).wrapping_add(ahead).wrapping_sub(2)),
    ]
}

fn assert_sparse(issued: u64) {
    let length = suffix_length(issued);
    assert!(length >= SHORTEST, "{length} characters after {issued} codes");
    assert!(texts(length) >= needed(issued), "{length} characters are too few after {issued} codes");
    assert!(
        length == SHORTEST || texts(length - 1) < needed(issued),
        "{length} characters are too many after {issued} codes"
    );
}

proptest! {
    #![proptest_config(Config { cases: 4_096, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_suffix_leaves_a_million_texts_for_each_code_and_is_no_longer_than_that_takes(issued in issued()) {
        assert_sparse(issued);
    }

    #[test]
    fn a_suffix_never_gets_shorter_as_codes_are_issued(one in issued(), other in issued()) {
        let (fewer, more) = (one.min(other), one.max(other));
        prop_assert!(suffix_length(fewer) <= suffix_length(more), "{} and {}", fewer, more);
    }

    #[test]
    fn a_suffix_has_a_character_of_the_alphabet_for_each_random_number(random in proptest::collection::vec(any::<u8>(), 0..40)) {
        let text = suffix(random.iter().copied());
        prop_assert_eq!(text.len(), random.len());
        prop_assert!(text.bytes().all(|byte| ALPHABET.contains(&byte)), "{}", text);
        let one_by_one: String = random.iter().map(|byte| suffix(std::iter::once(*byte))).collect();
        prop_assert_eq!(text, one_by_one);
    }
}

#[test]
fn a_suffix_grows_at_the_very_code_that_fills_its_texts_up() {
    for length in SHORTEST..=16 {
        let fits = u64::try_from(texts(length) / SPARSITY).expect("codes");
        assert_eq!((suffix_length(fits - 1), suffix_length(fits)), (length, length + 1));
    }
    for issued in (0..70_000).chain([u64::MAX - 1, u64::MAX]) {
        assert_sparse(issued);
    }
}

#[test]
fn random_numbers_reach_every_character_equally_often() {
    let mut reached: BTreeMap<String, u32> = BTreeMap::new();
    for byte in 0..=u8::MAX {
        *reached.entry(suffix(std::iter::once(byte))).or_default() += 1;
    }
    let alphabet: BTreeSet<_> = ALPHABET.iter().map(|byte| char::from(*byte).to_string()).collect();
    assert_eq!(alphabet.len(), 32);
    assert_eq!(reached.keys().cloned().collect::<BTreeSet<_>>(), alphabet);
    assert!(reached.values().all(|times| *times == 8), "{reached:?}");
}

#[test]
fn no_two_characters_are_easily_taken_for_one_another() {
    assert!(ALPHABET.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    for alike in ["0oO", "1lIi|"] {
        let both: Vec<_> = alike.bytes().filter(|byte| ALPHABET.contains(byte)).collect();
        assert!(both.len() <= 1, "{alike}: {both:?}");
    }
    assert!(b"0oli".iter().all(|byte| !ALPHABET.contains(byte)));
}
