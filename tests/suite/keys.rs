//! The exact keys of the table: what is stored is found again by the next version too.

use shared::{
    domain::shop::ShopId,
    table::keys::{self, Key},
};

fn text(Key { pk, sk }: Key) -> String {
    format!("{pk} | {sk}")
}

#[test]
fn keys_are_these() {
    let shop: ShopId = "demo".parse().expect("a shop");
    for (key, expected) in [
        (keys::row(&shop, "level", 0, 27), "SHOP#demo#LIST#level#ROW#0 | 0000000000000027"),
        (keys::tally(&shop, "level", 1, 0, 3, 0), "SHOP#demo#LIST#level#TALLY#1#0 | 0000000000000003#00"),
        (keys::sequence(&shop, "level"), "SHOP#demo#SEQUENCE#level | SEQUENCE"),
        (keys::account(&shop, 123), "SHOP#demo#ACCOUNT#123 | ACCOUNT"),
        (keys::ledger(&shop, 123, 7), "SHOP#demo#ACCOUNT#123 | ENTRY#0000000000000007"),
        (keys::mobile(&shop, "134", 123), "SHOP#demo#MOBILE#134 | 0000000000000123"),
        (keys::price_rules_by(&shop, "title", "满减", 5), "SHOP#demo#PRICE_RULE_BY#title#满减 | 0000000000000005"),
        (keys::price_rule_quota(&shop), "SHOP#demo#PRICE_RULE_QUOTA | QUOTA"),
        (keys::order(&shop, 9), "SHOP#demo#ORDER#9 | ORDER"),
        (keys::idempotency(&shop, "ab"), "SHOP#demo#IDEMPOTENCY#ab | RECORD"),
        (keys::idempotency_reply(&shop, "ab", "cd", 1), "SHOP#demo#IDEMPOTENCY#ab | REPLY#cd#0001"),
        (keys::batch(&shop, "ab"), "SHOP#demo#BATCH#ab | BATCH"),
        (keys::batch_part(&shop, "ab", 1), "SHOP#demo#BATCH#ab | PART#0001"),
        (keys::due_batch(5, &shop, "ab"), "DUE#BATCH#1 | demo#ab"),
        (keys::token("ab"), "TOKEN#ab | TOKEN"),
        (keys::shop_token(&shop, "ab"), "SHOP#demo#TOKENS | ab"),
        (keys::shop(&shop), "SHOPS | demo"),
    ] {
        assert_eq!(text(key), expected);
    }
}

#[test]
fn numbers_sort_as_numbers() {
    let shop: ShopId = "demo".parse().expect("a shop");
    let sk = |position| keys::row(&shop, "level", 0, position).sk;
    assert!(sk(9) < sk(10) && sk(99) < sk(100) && sk(1) < sk(shared::domain::id::MAX_ID));
    let (first, last) = keys::tally_range(3, 9);
    for shard in [0, 15] {
        assert!(first < keys::tally(&shop, "level", 0, 0, 3, shard).sk);
        assert!(keys::tally(&shop, "level", 0, 0, 9, shard).sk < last);
        assert!(keys::tally(&shop, "level", 0, 0, 10, shard).sk > last);
    }
}

#[test]
fn a_shop_cannot_reach_into_anothers_keys() {
    for name in ["", "a#b", "A", "é", "a b", &"x".repeat(33)] {
        assert!(name.parse::<ShopId>().is_err(), "{name}");
    }
}
