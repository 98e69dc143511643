//! The exact keys of the table. The next version must find the stored items.

use chrono::{DateTime, TimeZone, Utc};
use domain::shop::ShopId;
use shop::keys::{self, Key};
use store::keys::ListName;

fn text(Key { pk, sk }: Key) -> String {
    format!("{pk} | {sk}")
}

#[test]
fn keys_are_these() {
    let shop: ShopId = "demo".parse().expect("a shop");
    let at = Utc.with_ymd_and_hms(2019, 6, 1, 16, 0, 0).single().expect("an instant");
    for (key, expected) in [
        (store::keys::row(&shop, "level", 0, 27), "SHOP#demo#LIST#level#ROW#0 | 0000000000000027"),
        (store::keys::tally(&shop, "level", 1, 0, 3).shard(0), "SHOP#demo#LIST#level#TALLY#1#0 | 0000000000000003#00"),
        (store::keys::sequence(&shop, "level"), "SHOP#demo#SEQUENCE#level | SEQUENCE"),
        (keys::account(&shop, 123), "SHOP#demo#ACCOUNT#123 | ACCOUNT"),
        (keys::ledger(&shop, 123, 7), "SHOP#demo#ACCOUNT#123 | ENTRY#0000000000000007"),
        (keys::mobile(&shop, "134", 123), "SHOP#demo#MOBILE#134 | 0000000000000123"),
        (keys::price_rules_by(&shop, "title", "满减", 5), "SHOP#demo#PRICE_RULE_BY#title#满减 | 0000000000000005"),
        (keys::price_rule_version(&shop, 5527, 2), "SHOP#demo#PRICE_RULE_VERSIONS#5527 | 0000000000000002"),
        (keys::price_rule_quota(&shop), "SHOP#demo#PRICE_RULE_QUOTA | QUOTA"),
        (
            store::keys::row(&shop, ListName { name: "coupon_code_of_coupon", of: Some(987), class: None }, 0, 27518),
            "SHOP#demo#LIST#coupon_code_of_coupon@987#ROW#0 | 0000000000027518",
        ),
        (
            store::keys::row(&shop, ListName { name: "coupon_code", of: None, class: Some(2) }, 0, 27518),
            "SHOP#demo#LIST#coupon_code~2#ROW#0 | 0000000000027518",
        ),
        (keys::automatic_rule(&shop, 5527), "SHOP#demo#AUTOMATIC_RULES | 0000000000005527"),
        (keys::automatic_rules_version(&shop), "SHOP#demo#AUTOMATIC_RULES_VERSION | VERSION"),
        (keys::coupon_of_rule(&shop, 5527, 3077), "SHOP#demo#COUPONS_OF_RULE#5527 | 0000000000003077"),
        (keys::coupon_prefix(&shop, "JxxxxY"), "SHOP#demo#COUPON_PREFIX#JxxxxY | COUPON"),
        (keys::coupon_quota(&shop), "SHOP#demo#COUPON_QUOTA | QUOTA"),
        (keys::claim(&shop, 3077, 123), "SHOP#demo#CLAIMS#3077 | 0000000000000123"),
        (keys::guesses_of_customer(&shop, 123, 600), "SHOP#demo#GUESSES#CUSTOMER#123 | 600"),
        (keys::guesses_of_shop(&shop, 600, 7), "SHOP#demo#GUESSES#SHOP#600 | 07"),
        (keys::code_text(&shop, "jB7nNJPbf16adc"), "SHOP#demo#CODE#jB7nNJPbf16adc | CODE"),
        (keys::counter_shard(&shop, "uses", 5527, 7), "SHOP#demo#COUNTER#uses#5527 | 07"),
        (keys::customer_uses(&shop, 123, 5527), "SHOP#demo#CUSTOMER_USES#123 | 0000000000000021"),
        (keys::code_redemption(&shop, 27518, at), "SHOP#demo#REDEMPTIONS#CODE#27518 | 063695001600000000"),
        (keys::order_uses(&shop, 9), "SHOP#demo#ORDER_USES#9 | USES"),
        (keys::unsettled_order(&shop, at, 9), "SHOP#demo#UNSETTLED_ORDERS | 063695001600000000#0000000000000009"),
        (keys::due_order(&shop, at, 9), "DUE#ORDER#1 | 063695001600000000#demo#9"),
        (keys::overlay_mixed(&shop, 5527), "SHOP#demo#STANDINGS | CHANGED#0000000000005527"),
        (keys::overlay_deleted(&shop, 3077), "SHOP#demo#STANDINGS | DELETED#0000000000003077"),
        (keys::overlay_ends(&shop, at, 5527), "SHOP#demo#STANDINGS | ENDS#063695001600000000#0000000000005527"),
        (keys::overlay_off(&shop, 5527), "SHOP#demo#STANDINGS | OFF#0000000000005527"),
        (keys::overlay_starts(&shop, at, 5527), "SHOP#demo#STANDINGS | STARTS#063695001600000000#0000000000005527"),
        (keys::due_rule(&shop, at, 5527), "DUE#RULE#3 | 063695001600000000#demo#5527"),
        (keys::due_coupon(&shop, 3077), "DUE#COUPON#1 | demo#3077"),
        (keys::order(&shop, 9), "SHOP#demo#ORDER#9 | ORDER"),
        (keys::transfer(&shop, "points", "9f86"), "SHOP#demo#TRANSFERS | points#9f86"),
        (keys::transfer_group(&shop, "5c1d", 1_001), "SHOP#demo#TRANSFERS | 5c1d#0000000000001001"),
        (keys::order_effects(&shop, 9), "SHOP#demo#ORDER#9 | EFFECTS"),
        (keys::refund(&shop, 123, 92922), "SHOP#demo#ACCOUNT#123 | REFUND#0000000000092922"),
        (keys::point_day(&shop, at.date_naive()).shard(3), "SHOP#demo#POINT_DAYS | 2019-06-01#03"),
        (keys::point_expiry(&shop), "SHOP#demo#POINT_EXPIRY | PROGRESS"),
        (keys::level(&shop, 27), "SHOP#demo#LEVELS | 0000000000000027"),
        (store::keys::idempotency(&shop, "ab"), "SHOP#demo#IDEMPOTENCY#ab | RECORD"),
        (store::keys::idempotency_reply(&shop, "ab", "cd", 1), "SHOP#demo#IDEMPOTENCY#ab | REPLY#cd#0001"),
        (store::keys::batch(&shop, "ab"), "SHOP#demo#BATCH#ab | BATCH"),
        (store::keys::batch_part(&shop, "ab", 1), "SHOP#demo#BATCH#ab | PART#0001"),
        (store::keys::due_batch(5, &shop, "ab"), "DUE#BATCH#1 | demo#ab"),
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
    let sk = |position| store::keys::row(&shop, "level", 0, position).sk;
    assert!(sk(9) < sk(10) && sk(99) < sk(100) && sk(1) < sk(domain::id::MAX_ID));
    let (first, last) = store::keys::tally_range(3, 9);
    for shard in [0, 15] {
        assert!(first < store::keys::tally(&shop, "level", 0, 0, 3).shard(shard).sk);
        assert!(store::keys::tally(&shop, "level", 0, 0, 9).shard(shard).sk < last);
        assert!(store::keys::tally(&shop, "level", 0, 0, 10).shard(shard).sk > last);
    }
}

#[test]
fn the_ranges_of_the_standings_hold_what_concerns_a_moment() {
    let shop: ShopId = "demo".parse().expect("a shop");
    let at = |second| Utc.timestamp_opt(second, 0).single().expect("an instant");
    let holds = |(first, last): &(String, String), key: Key| *first <= key.sk && key.sk <= *last;
    let all = keys::overlay_at(at(1_000));
    assert!(holds(&all, keys::overlay_mixed(&shop, 1)) && holds(&all, keys::overlay_deleted(&shop, u64::MAX >> 11)));
    assert!(holds(&all, keys::overlay_ends(&shop, at(-62_135_596_800), 1)));
    assert!(holds(&all, keys::overlay_ends(&shop, at(1_000), u64::MAX >> 11)));
    assert!(!holds(&all, keys::overlay_ends(&shop, at(1_001), 1)) && !holds(&all, keys::overlay_off(&shop, 1)));
    let [off, later] = keys::overlay_barred(at(1_000));
    assert!(holds(&off, keys::overlay_off(&shop, 1)) && !holds(&off, keys::overlay_starts(&shop, at(2_000), 1)));
    assert!(holds(&later, keys::overlay_starts(&shop, at(1_001), 1)));
    assert!(holds(&later, keys::overlay_starts(&shop, DateTime::<Utc>::MAX_UTC, 1)));
    assert!(!holds(&later, keys::overlay_starts(&shop, at(1_000), 1)), "a rule that begins now has begun");
}

#[test]
fn a_shop_cannot_reach_into_anothers_keys() {
    for name in ["", "a#b", "A", "é", "a b", &"x".repeat(33)] {
        assert!(name.parse::<ShopId>().is_err(), "{name}");
    }
}

#[test]
fn every_key_tells_whose_it_is() {
    let shop: ShopId = "demo".parse().expect("a shop");
    let at = Utc.with_ymd_and_hms(2019, 6, 1, 16, 0, 0).single().expect("an instant");
    let owner = |key: &Key| keys::owner(key).map(|owner| format!("{owner:?}"));
    for key in [
        store::keys::row(&shop, "level", 0, 27),
        keys::price_rules_by(&shop, "title", "a#SHOP#b", 5),
        keys::code_text(&shop, "a#b"),
        keys::order(&shop, 9),
        keys::shop_token(&shop, "0123"),
        store::keys::batch_part(&shop, "0123", 2),
    ] {
        assert_eq!(owner(&key).as_deref(), Some(r#"Data("demo")"#), "{key:?}");
    }
    let entry_points = [
        store::keys::due_batch(3, &shop, "0123"),
        keys::due_rule(&shop, at, 5),
        keys::due_coupon(&shop, 7),
        keys::shop(&shop),
    ];
    for key in entry_points {
        assert_eq!(owner(&key).as_deref(), Some(r#"EntryPoint("demo")"#), "{key:?}");
    }
    assert_eq!(owner(&keys::token("0123")).as_deref(), Some("Token"));
    assert_eq!(owner(&keys::import(&shop)).as_deref(), Some("Import"));
    for (pk, sk) in [("MYSTERY", "x"), ("SHOP", "x"), ("SHOP#demo", "x"), ("DUE#X#0", "x"), ("", "")] {
        assert_eq!(owner(&Key { pk: pk.to_owned(), sk: sk.to_owned() }), None, "{pk}");
    }
}
