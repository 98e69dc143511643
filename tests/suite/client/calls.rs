//! The Rust client: every operation of the description has a method of the same name, which reads the server's answer.

#[allow(dead_code, reason = "its main is for whoever runs it")]
#[path = "../../../clients/rust/examples/first_steps.rs"]
mod first_steps;

use std::{collections::BTreeSet, str::FromStr};

use chrono::DateTime;
use futures_util::TryStreamExt;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::{Api, TOKEN, between::Between};
use youhui_client::{
    AtLeast, Cart, CartLine, Client, CodeIssue, CodeReason, CodeStatus, CodeUse, CouponCodeInput, CouponInput,
    CustomerInput, EvaluationInput, LevelInput, Nullable, OPERATIONS, Order, OrderBy, PointKind, PriceRuleInput, Ratio,
    RawRow, StatusFilter, TargetSelection, ValueType,
};

use crate::support::{COUPONS, HISTORY, LEVELS, ORDERS, RULES, one};

pub(crate) fn yuan(text: &str) -> Decimal {
    Decimal::from_str(text).expect("an amount")
}

/// Creates a client of the demo shop.
pub(crate) fn client_of(api: &Api) -> Client {
    Client::new(&api.server.url(), TOKEN).expect("a client")
}

/// Returns the operation id of a request.
fn operation(method: &str, path: &str) -> &'static str {
    let matches = |pattern: &str| {
        let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
        pattern.len() == path.len()
            && pattern.iter().zip(&path).all(|(part, sent)| part == sent || part.starts_with('{'))
    };
    let mut found: Vec<_> = OPERATIONS.iter().filter(|known| known.method == method && matches(known.path)).collect();
    found.sort_by_key(|known| known.path.matches('{').count());
    found.first().unwrap_or_else(|| panic!("{method} {path}")).id
}

/// Calls a method and asserts that the request was the operation of the same name.
macro_rules! call {
    ($called:ident, $between:ident, $client:ident.$method:ident($($argument:expr),*)) => {{
        let name = stringify!($method);
        let answer = $client.$method($($argument),*).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let sent = $between.sent();
        assert_eq!(sent.iter().map(|sent| operation(&sent.method, &sent.path)).collect::<Vec<_>>(), [name]);
        $called.insert(name);
        answer
    }};
}

#[tokio::test]
async fn it_has_every_operation_of_the_description_and_no_other() {
    let api = Api::empty().await;
    let description = client_of(&api).openapi().await.expect("a description");
    let described: BTreeSet<_> = description["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, item)| item.as_object().expect("an item").iter().map(move |(method, it)| (path, method, it)))
        .filter_map(|(path, method, it)| {
            Some((it["operationId"].as_str()?.to_owned(), method.to_uppercase(), path.clone()))
        })
        .collect();
    let known: BTreeSet<_> =
        OPERATIONS.iter().map(|known| (known.id.to_owned(), known.method.to_owned(), known.path.to_owned())).collect();
    assert_eq!(known, described);
}

#[tokio::test]
async fn every_operation_is_called_by_the_method_of_its_name() {
    let api = Api::empty().await;
    let between = Between::new(api.server.url()).await;
    let client = Client::new(&between.url, TOKEN).expect("a client");
    let mut called = BTreeSet::new();
    call!(called, between, client.openapi());

    let mut level = LevelInput { gain_points: Some(yuan("0.5")), redeem_points: Some(10), ..LevelInput::new("金") };
    level.sign_points = Some(5);
    let made = call!(called, between, client.level_create(&level));
    assert_eq!((made.gain_points, made.redeem_points, made.title.as_str()), (yuan("0.5"), 10, "金"));
    level.title = "银".to_owned();
    assert_eq!(call!(called, between, client.level_update(made.id, &level)).title, "银");
    assert_eq!(call!(called, between, client.level_get(made.id)).sign_points, 5);
    assert_eq!(call!(called, between, client.level_list()).results.len(), 1);

    let customer = CustomerInput { email: Nullable::Set("a@example.com".to_owned()), ..CustomerInput::new(7, "1390") };
    assert_eq!(call!(called, between, client.customer_put(7, &customer)).email.as_deref(), Some("a@example.com"));
    let more =
        [CustomerInput::new(8, "1391"), CustomerInput { email: Nullable::Clear, ..CustomerInput::new(7, "1390") }];
    assert_eq!(call!(called, between, client.customer_import(&more)).results[1].email, None);
    assert_eq!(call!(called, between, client.customer_get(8)).mobile, "1391");
    assert_eq!(call!(called, between, client.customer_list()).count, 2);

    let order = Order::new(70).of_customer(7).paid(yuan("200.00")).with("memo", json!({"gift": true}));
    let stored = call!(called, between, client.order_put(&order));
    assert_eq!((stored.paid_price(), stored.customer().expect("a customer").id), (Some(yuan("200.00")), 7));
    assert_eq!(call!(called, between, client.order_get(70)).fields["memo"], json!({"gift": true}));

    let adjusted = call!(called, between, client.point_history_adjust(7, 100));
    assert_eq!((adjusted.points, adjusted.kind), (100, PointKind::Manual));
    assert_eq!(call!(called, between, client.point_history_sign(7)).points, 5);
    let redeemed = call!(called, between, client.point_history_redeem(7, 50, Some(70)));
    assert_eq!((redeemed.points, redeemed.points_price), (-50, Some(yuan("5.00"))));
    assert_eq!(call!(called, between, client.point_history_refund(redeemed.id)).points, 50);
    let entries = call!(called, between, client.point_history_list());
    assert_eq!(entries.results.iter().map(|entry| entry.points).collect::<Vec<_>>(), [50, -50, 5, 100, 300]);
    let bought = call!(called, between, client.point_history_get(entries.results[4].id));
    assert_eq!((bought.order_id, bought.kind), (Some(70), PointKind::Buy));
    let account = call!(called, between, client.account_get(7));
    assert_eq!((account.points, account.redeemable_price, account.signed_today), (405, yuan("40.50"), true));

    let rule = PriceRuleInput { priority: Some(3), ..PriceRuleInput::amount_off("ten", 10) };
    let rule_made = call!(called, between, client.price_rule_create(&rule));
    assert_eq!((rule_made.value, rule_made.verbose_title.as_str()), (yuan("-10.00"), "减10元"));
    let rule = PriceRuleInput { prerequisite_subtotal_range: AtLeast::from(50).into(), ..rule };
    let changed = call!(called, between, client.price_rule_update(rule_made.id, &rule));
    assert_eq!((changed.priority, changed.prerequisite_subtotal_range), (3, Some(AtLeast { bound: yuan("50.00") })));
    assert_eq!(call!(called, between, client.price_rule_get(rule_made.id)), changed);
    assert_eq!(call!(called, between, client.price_rule_list()).results, [changed]);

    let coupon = call!(called, between, client.coupon_create(&CouponInput::of_rule("spring", rule_made.id)));
    assert_eq!(call!(called, between, client.coupon_get(coupon.id)), coupon);
    assert_eq!(call!(called, between, client.coupon_list()).count, 1);
    let pairs = [CodeIssue { customer_id: 7, coupon_id: coupon.id }];
    let code = call!(called, between, client.coupon_code_issue(&pairs)).results.remove(0);
    let text = CouponCodeInput { code: Some("HELLO".to_owned()), ..CouponCodeInput::default() };
    assert_eq!(call!(called, between, client.coupon_code_update(code.id, &text)).code, "HELLO");
    let claimed = call!(called, between, client.coupon_redeem("spring", 8));
    assert_eq!(call!(called, between, client.coupon_code_get(claimed.id)), claimed);
    assert_eq!(call!(called, between, client.coupon_code_list()).count, 2);

    let cart = Cart { lines: vec![CartLine::new(1, 2, 40).of_product(5)], shipping_price: yuan("6.00") };
    let codes = vec!["HELLO".to_owned(), "NOPE".to_owned()];
    let asked = EvaluationInput { cart: cart.clone(), codes, customer_id: Some(7), at: None };
    let priced = call!(called, between, client.evaluate(&asked));
    assert_eq!((priced.totals.total_discount, priced.totals.final_price), (yuan("10.00"), yuan("76.00")));
    assert_eq!((priced.codes[0].valid, priced.codes[1].reason), (true, Some(CodeReason::Unknown)));
    let asked = CodeUse { cart: Some(cart), hold_seconds: Some(900), ..CodeUse::new(71, 7, ["HELLO"]) };
    let used = call!(called, between, client.coupon_code_use(&asked));
    assert_eq!((used.results[0].code.status, used.results[0].price_rule.id), (CodeStatus::Used, rule_made.id));
    assert_eq!(call!(called, between, client.coupon_code_release(71)).results[0].status, CodeStatus::Unused);

    call!(called, between, client.coupon_code_delete(code.id));
    call!(called, between, client.coupon_delete(coupon.id));
    call!(called, between, client.price_rule_delete(rule_made.id));
    call!(called, between, client.level_delete(made.id));
    assert_eq!(called, OPERATIONS.iter().map(|known| known.id).collect());
}

/// The example on the first page of the crate's documentation runs.
#[tokio::test]
async fn the_first_steps_can_be_gone() {
    let api = Api::empty().await;
    first_steps::first_steps(&client_of(&api)).await.expect("every step");
    let used = client_of(&api).coupon_code_list().status(StatusFilter::Used).await.expect("a page");
    assert_eq!(used.count, 1);
}

#[tokio::test]
async fn filters_are_those_of_the_lists() {
    let api = Api::start().await;
    let client = client_of(&api);
    let at = |text: &str| DateTime::parse_from_rfc3339(text).expect("an instant");
    let ids = |page: youhui_client::Page<RawRow>| page.results.iter().map(|row| row["id"].as_u64()).collect::<Vec<_>>();
    let made = at("2018-03-01T10:00:00+08:00");
    for (list, expected) in [
        (client.level_list().raw(), &[5, 8, 9][..]),
        (client.level_list().id_gt(5).id_lt(9).raw(), &[8]),
        (client.level_list().order_by(OrderBy::IdDescending).page(2).page_size(2).raw(), &[5]),
        (client.level_list().page_size(2).last_page().raw(), &[9]),
        (client.customer_list().order_by(OrderBy::Id).raw(), &[123, 22750, 50784, 100_000]),
        (client.customer_list().mobile("15900960029").raw(), &[123]),
        (client.customer_list().id(22750).raw(), &[22750]),
        (client.customer_list().id_in([123, 50784]).order_by(OrderBy::CreatedAt).raw(), &[123, 50784]),
        (client.point_history_list().customer(50784).raw(), &[11742]),
        (client.point_history_list().customer_in([123, 22750]).raw(), &[]),
        (client.price_rule_list().automatic_discount(false).id_in([1204, 5389]).raw(), &[5389, 1204]),
        (client.price_rule_list().title("showroom61满4件8折").raw(), &[5527]),
        (client.price_rule_list().starts_at(at("2017-10-10T15:34:29+08:00")).id(1204).raw(), &[1204]),
        (client.price_rule_list().ends_at(at("2019-06-01T16:00:00Z")).raw(), &[5527]),
        (client.coupon_list().code_prefix("spring").raw(), &[1335]),
        (client.coupon_list().code_prefix_in(["spring", "JxxxxY"]).id_in([1335, 3077]).raw(), &[3077, 1335]),
        (client.coupon_list().price_rule_value_type(ValueType::FixedAmount).raw(), &[]),
        (client.coupon_list().price_rule_value_type_in([ValueType::Percentage]).can_redeem(true).id(987).raw(), &[987]),
        (client.coupon_list().price_rule_title("test2").raw(), &[1335, 987]),
        (client.coupon_list().price_rule_title_icontains("ShowRoom").raw(), &[3077]),
        (client.coupon_list().created_at_lte(made).created_at_gte(made).raw(), &[1335]),
        (client.coupon_code_list().status(StatusFilter::Available).raw(), &[27519, 27518]),
        (client.coupon_code_list().status_in([StatusFilter::Used, StatusFilter::Expired]).raw(), &[]),
        (client.coupon_code_list().customer(123).coupon(987).id(27518).raw(), &[27518]),
        (client.coupon_code_list().code_in(["jB7nNJPbf16adc", "none"]).raw(), &[27518]),
        (client.coupon_code_list().id_in([27519]).order_by(OrderBy::CreatedAtDescending).raw(), &[27519]),
    ] {
        let expected: Vec<_> = expected.iter().copied().map(Some).collect();
        let what = format!("{list:?}");
        assert_eq!(ids(list.await.unwrap_or_else(|error| panic!("{what}: {error}"))), expected, "{what}");
    }
}

/// A reply that the client parses and serialises again equals the server's reply.
#[tokio::test]
async fn models_lose_nothing_of_what_the_server_answers() {
    let api = Api::start().await;
    let client = client_of(&api);
    let same = |got: Value, sent: Value| assert_eq!(got, sent);
    let value = |row: &dyn erased::Row| row.value();
    same(value(&client.level_list().await.expect("levels")), api.get(LEVELS).await.json());
    same(value(&client.customer_list().await.expect("customers")), api.get("/api/crm/customer/").await.json());
    same(value(&client.point_history_list().await.expect("entries")), api.get(HISTORY).await.json());
    same(value(&client.coupon_list().await.expect("coupons")), api.get(COUPONS).await.json());
    same(value(&client.price_rule_list().await.expect("rules")), api.get(RULES).await.json());
    same(value(&client.coupon_code_list().await.expect("codes")), api.get("/api/discounts/coupon_code/").await.json());
    same(value(&client.order_get(2_528_283).await.expect("an order")), api.get(&one(ORDERS, 2_528_283)).await.json());
    same(value(&client.account_get(50784).await.expect("it")), api.get("/api/loyalty/account/50784/").await.json());
    same(
        value(&client.point_history_get(11742).await.expect("an entry")),
        api.get("/api/loyalty/point_history/11742/").await.json(),
    );
}

/// A type-erased value that can be written as JSON.
mod erased {
    use serde::Serialize;
    use serde_json::Value;

    pub(super) trait Row {
        fn value(&self) -> Value;
    }

    impl<T: Serialize> Row for T {
        fn value(&self) -> Value {
            serde_json::to_value(self).expect("JSON")
        }
    }
}

#[tokio::test]
async fn a_rule_of_every_field_is_stored_as_it_was_meant() {
    let api = Api::empty().await;
    let client = client_of(&api);
    let shipping = client.price_rule_create(&PriceRuleInput::free_shipping("free")).await.expect("a rule");
    assert_eq!((shipping.value, shipping.verbose_title.as_str()), (yuan("-100.00"), "免运费"));
    let rule = PriceRuleInput {
        target_selection: Some(TargetSelection::Entitled),
        entitled_product_ids: vec![1, 2].into(),
        allocation_method: Some(youhui_client::AllocationMethod::Each),
        prerequisite_to_entitlement_quantity_ratio: Ratio { prerequisite_quantity: 2, entitled_quantity: 1 }.into(),
        starts_at: DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").expect("an instant").into(),
        usage_limit: Some(9),
        ..PriceRuleInput::percent_off("buy two", 100)
    };
    let made = client.price_rule_create(&rule).await.expect("a rule");
    assert_eq!(made.entitled_product_ids.as_deref(), Some(&[1, 2][..]));
    assert_eq!(made.starts_at.map(|at| at.to_rfc3339()).as_deref(), Some("2026-01-01T08:00:00+08:00"));
    let cleared = PriceRuleInput { starts_at: Nullable::Clear, ..PriceRuleInput::percent_off("buy two", 100) };
    let cleared = client.price_rule_update(made.id, &cleared).await.expect("a rule");
    assert_eq!((cleared.starts_at, cleared.usage_limit, cleared.entitled_product_ids), (None, 9, Some(vec![1, 2])));
}

#[tokio::test]
async fn a_walk_goes_on_after_any_id_and_asks_for_less_where_rows_are_large() {
    let api = Api::empty().await;
    let client = client_of(&api);
    client.customer_put(1, &CustomerInput::new(1, "1390")).await.expect("a customer");
    // 26 orders of 220 KB make a page of more than 5 MB.
    let note = "x".repeat(220_000);
    for id in 1..=26 {
        let order = Order::new(id).of_customer(1).paid(yuan("1.00")).with("note", note.as_str());
        client.order_put(&order).await.expect("an order");
    }
    let entries: Vec<_> = client.point_history_list().walk().rows().try_collect().await.expect("a walk");
    let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
    assert_eq!(
        entries.iter().map(|entry| entry.order.as_ref().map(|order| order.id)).collect::<Vec<_>>(),
        (1..=26).map(Some).collect::<Vec<_>>()
    );
    let mut walk = client.point_history_list().page_size(7).walk_after(ids[9]);
    assert_eq!(walk.next_page().await.expect("rows").iter().map(|entry| entry.id).collect::<Vec<_>>(), ids[10..17]);
    assert_eq!(walk.position(), ids[16]);
}
