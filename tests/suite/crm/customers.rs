//! `/api/crm/customer/`: storing, reading and deleting customers.

use chrono::Utc;
use serde_json::{Value, json};
use tests::{Api, Reply};

use crate::support::{
    CUSTOMERS, ENTER_A_NUMBER, NOT_A_BOOLEAN, NOT_A_STRING, NULL, customer, detail, keys, one, refused,
    refused_somehow, same_text, store_customers, taken_since, time,
};

const DATETIME: &str = "Datetime has wrong format. Use one of these formats instead: \
                        YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
const FIELDS: [&str; 10] = [
    "id",
    "mobile",
    "full_name",
    "gender",
    "email",
    "birthday",
    "note",
    "accepts_marketing",
    "created_at",
    "updated_at",
];

/// Returns a whole customer with one field replaced.
fn with(field: &str, value: &Value) -> Value {
    let mut body = customer("13800000000");
    body[field] = value.clone();
    body
}

async fn put(api: &Api, id: u64, body: &Value) -> Reply {
    api.put(&one(CUSTOMERS, id), body).await
}

#[tokio::test]
async fn a_customer_is_created_with_the_id_of_the_shop() {
    let api = Api::empty().await;
    let before = Utc::now();
    let stored = put(&api, 777, &customer("13800000000")).await.assert_status(201);
    assert_eq!(keys(&stored), FIELDS);
    for (field, value) in customer("13800000000").as_object().expect("an object") {
        assert_eq!(&stored[field], value, "{field}");
    }
    assert_eq!(stored["id"], 777);
    taken_since(&stored["created_at"], before);
    time(&stored["updated_at"]);
    same_text(&api.get(&one(CUSTOMERS, 777)).await.assert_status(200), &stored);
    same_text(&api.get(CUSTOMERS).await.assert_status(200)["results"], &json!([stored]));
}

#[tokio::test]
async fn the_second_put_answers_200_and_the_id_of_the_path_wins() {
    let api = Api::empty().await;
    assert_eq!(put(&api, 777, &with("id", &json!(5))).await.assert_status(201)["id"], 777);
    assert_eq!(put(&api, 777, &with("id", &json!(5))).await.assert_status(200)["id"], 777);
    assert_eq!(api.get(CUSTOMERS).await.ids(), [777]);
    detail(&api.get(&one(CUSTOMERS, 5)).await, 404, "Not found.");
}

#[tokio::test]
async fn an_update_keeps_what_is_omitted() {
    let api = Api::empty().await;
    let mut body = customer("13800000000");
    let set = json!({
        "gender": "female", "email": "li@example.com", "birthday": "1990-01-02", "note": "VIP",
        "accepts_marketing": false, "created_at": "2018-09-03T13:56:15.425250+08:00",
    });
    for (field, value) in set.as_object().expect("an object") {
        body[field] = value.clone();
    }
    put(&api, 1, &body).await.assert_status(201);
    for (field, value) in [("full_name", json!("李雷")), ("note", json!("")), ("accepts_marketing", json!(true))] {
        body[field] = value.clone();
        let mut sent = body.clone();
        sent.as_object_mut()
            .expect("an object")
            .retain(|key, _| ["mobile", "full_name", field].contains(&key.as_str()));
        put(&api, 1, &sent).await.assert_status(200);
        let read = api.get(&one(CUSTOMERS, 1)).await.assert_status(200);
        for (field, value) in body.as_object().expect("an object") {
            assert_eq!(&read[field], value, "{field}");
        }
    }
}

#[tokio::test]
async fn null_clears_email_and_birthday() {
    let api = Api::empty().await;
    let mut body = customer("13800000000");
    body["email"] = json!("li@example.com");
    body["birthday"] = json!("1990-01-02");
    let stored = put(&api, 1, &body).await.assert_status(201);
    assert_eq!((&stored["email"], &stored["birthday"]), (&body["email"], &body["birthday"]));
    for field in ["email", "birthday"] {
        assert_eq!(put(&api, 1, &with(field, &Value::Null)).await.assert_status(200)[field], Value::Null);
        assert_eq!(api.get(&one(CUSTOMERS, 1)).await.assert_status(200)[field], Value::Null);
    }
}

#[tokio::test]
async fn every_bad_field_is_refused_and_nothing_is_written() {
    let api = Api::empty().await;
    let texts = ["mobile", "full_name", "note"];
    let wrong = [(json!(true), NOT_A_STRING), (json!(["a"]), NOT_A_STRING), (json!({}), NOT_A_STRING)];
    let cases = texts.iter().flat_map(|field| wrong.iter().map(move |(value, message)| (*field, value, *message)));
    for (field, value, message) in cases {
        refused(&put(&api, 1, &with(field, value)).await, field, message, value);
    }
    for field in ["mobile", "full_name", "note", "accepts_marketing"] {
        refused(&put(&api, 1, &with(field, &Value::Null)).await, field, NULL, &Value::Null);
    }
    for field in ["gender", "email", "birthday"] {
        for value in [json!(["a"]), json!({"a": 1})] {
            refused_somehow(&put(&api, 1, &with(field, &value)).await, field, &value);
        }
    }
    assert_eq!(api.get(CUSTOMERS).await.assert_status(200)["count"], 0);
}

#[tokio::test]
async fn a_bad_boolean_is_refused_and_the_words_of_forms_are_taken() {
    let api = Api::empty().await;
    for value in [json!("maybe"), json!(2), json!([]), json!({}), json!(0.5)] {
        let reply = put(&api, 1, &with("accepts_marketing", &value)).await;
        refused(&reply, "accepts_marketing", NOT_A_BOOLEAN, &value);
    }
    for (value, stored) in
        [(json!("true"), true), (json!("False"), false), (json!(1), true), (json!(0), false), (json!("1"), true)]
    {
        let reply = put(&api, 1, &with("accepts_marketing", &value)).await;
        assert!(reply.status < 300, "{value}: {}", reply.text);
        assert_eq!(reply.json()["accepts_marketing"], stored, "{value}");
    }
}

#[tokio::test]
async fn a_bad_birthday_is_refused() {
    let api = Api::empty().await;
    for value in [json!("yesterday"), json!("2000-02-30"), json!("01/02/1990"), json!(19_900_102), json!(true)] {
        refused_somehow(&put(&api, 1, &with("birthday", &value)).await, "birthday", &value);
    }
    assert_eq!(
        put(&api, 1, &with("birthday", &json!("2000-02-29"))).await.assert_status(201)["birthday"],
        "2000-02-29"
    );
}

#[tokio::test]
async fn a_bad_instant_is_refused() {
    let api = Api::empty().await;
    let wrong = [
        json!("x"),
        json!(""),
        json!("2018-02-30T00:00:00+08:00"),
        json!("2018-09-03T25:00:00+08:00"),
        json!("13:56"),
        json!(1_535_954_175),
        json!(true),
        json!([]),
        json!({}),
    ];
    for value in wrong {
        refused(&put(&api, 1, &with("created_at", &value)).await, "created_at", DATETIME, &value);
    }
    assert_eq!(api.get(CUSTOMERS).await.assert_status(200)["count"], 0);
}

#[tokio::test]
async fn an_instant_in_any_offset_is_shown_in_the_zone_of_the_shop() {
    let api = Api::empty().await;
    let cases = [
        ("2018-09-03T13:56:15.425250+08:00", "2018-09-03T13:56:15.425250+08:00"),
        ("2018-09-03T05:56:15Z", "2018-09-03T13:56:15+08:00"),
        ("2018-09-03T00:56:15.5-05:00", "2018-09-03T13:56:15.500000+08:00"),
        ("2018-09-03T23:30:00-12:00", "2018-09-04T19:30:00+08:00"),
        ("2018-09-03T11:26:15+05:30", "2018-09-03T13:56:15+08:00"),
        ("2018-09-03T13:56:15", "2018-09-03T13:56:15+08:00"),
        ("2018-09-03T13:56:15.000001", "2018-09-03T13:56:15.000001+08:00"),
        ("2018-09-03T13:56", "2018-09-03T13:56:00+08:00"),
        ("2018-09-03 13:56:15", "2018-09-03T13:56:15+08:00"),
        ("  2018-09-03T13:56:15+08:00 ", "2018-09-03T13:56:15+08:00"),
    ];
    for ((sent, shown), id) in cases.into_iter().zip(1..) {
        let stored = put(&api, id, &with("created_at", &json!(sent))).await.assert_status(201);
        assert_eq!(stored["created_at"], shown, "{sent}");
        assert_eq!(api.get(&one(CUSTOMERS, id)).await.assert_status(200)["created_at"], shown, "{sent}");
    }
}

#[tokio::test]
async fn texts_are_trimmed_and_numbers_are_coerced() {
    let api = Api::empty().await;
    let mut body = customer(" 13800000000 ");
    body["full_name"] = json!(12);
    body["note"] = json!("  ");
    let stored = put(&api, 1, &body).await.assert_status(201);
    assert_eq!(
        (&stored["mobile"], &stored["full_name"], &stored["note"]),
        (&json!("13800000000"), &json!("12"), &json!(""))
    );
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found() {
    let api = Api::start().await;
    for unknown in ["999", "0", "-1", "abc", "123.0", "99999999999999999999"] {
        detail(&api.get(&one(CUSTOMERS, unknown)).await, 404, "Not found.");
    }
    detail(&api.put(&one(CUSTOMERS, "abc"), &customer("1")).await, 404, "Not found.");
    assert_eq!(api.get(CUSTOMERS).await.assert_status(200)["count"], 4);
}

#[tokio::test]
async fn the_largest_id_is_taken_and_a_larger_one_is_not() {
    let api = Api::empty().await;
    assert_eq!(
        put(&api, 9_007_199_254_740_991, &customer("1")).await.assert_status(201)["id"],
        9_007_199_254_740_991_u64
    );
    for id in ["9007199254740992", "0", "-5", "18446744073709551617"] {
        let reply = api.put(&one(CUSTOMERS, id), &customer("1")).await;
        assert!([400, 404].contains(&reply.status), "{id}: {} {}", reply.status, reply.text);
    }
    assert_eq!(api.get(CUSTOMERS).await.ids(), [9_007_199_254_740_991]);
}

#[tokio::test]
async fn the_list_runs_newest_created_first() {
    let api = Api::start().await;
    assert_eq!(api.get(CUSTOMERS).await.ids(), [100_000, 50784, 22750, 123]);
    store_customers(&api, &[60, 7, 90_000]).await;
    assert_eq!(api.get(CUSTOMERS).await.ids(), [90_000, 7, 60, 100_000, 50784, 22750, 123]);
    put(&api, 60, &with("note", &json!("again"))).await.assert_status(200);
    assert_eq!(api.get(CUSTOMERS).await.ids(), [90_000, 7, 60, 100_000, 50784, 22750, 123]);
}

#[tokio::test]
async fn order_by_id_sorts_by_the_number_and_bounds_walk_it() {
    let api = Api::start().await;
    store_customers(&api, &[60, 7, 90_000]).await;
    let cases: [(&str, &[u64]); 7] = [
        ("order_by=id", &[7, 60, 123, 22750, 50784, 90_000, 100_000]),
        ("order_by=-id", &[100_000, 90_000, 50784, 22750, 123, 60, 7]),
        ("order_by=id&id__gt=123", &[22750, 50784, 90_000, 100_000]),
        ("order_by=-id&id__lt=123", &[60, 7]),
        ("order_by=id&id__gt=7&id__lt=22750", &[60, 123]),
        ("id__gt=50784", &[90_000, 100_000]),
        ("order_by=id&id__gt=100000", &[]),
    ];
    for (query, ids) in cases {
        let listed = api.get(&format!("{CUSTOMERS}?{query}")).await;
        assert_eq!(listed.ids(), ids, "{query}");
        assert_eq!(listed.json()["count"], ids.len(), "{query}");
    }
    let (mut seen, mut last) = (Vec::new(), 0);
    loop {
        let ids = api.get(&format!("{CUSTOMERS}?order_by=id&id__gt={last}&page_size=2")).await.ids();
        let Some(end) = ids.last() else { break };
        last = *end;
        seen.extend(ids);
    }
    assert_eq!(seen, [7, 60, 123, 22750, 50784, 90_000, 100_000]);
}

#[tokio::test]
async fn the_filters_find_by_id_and_mobile() {
    let api = Api::empty().await;
    for (id, mobile) in [(1, "13400000001"), (20, "13400000002"), (300, "13400000001")] {
        put(&api, id, &customer(mobile)).await.assert_status(201);
    }
    let cases: [(&str, &[u64]); 16] = [
        ("id=20", &[20]),
        ("id=2", &[]),
        ("id=", &[300, 20, 1]),
        ("id__in=300,1", &[300, 1]),
        ("id__in=20,999", &[20]),
        ("id__in=%201%20,,20,", &[20, 1]),
        ("id__in=20,20", &[20]),
        ("id__in=", &[300, 20, 1]),
        ("mobile=13400000001", &[300, 1]),
        ("mobile=1340000000", &[]),
        ("mobile=", &[300, 20, 1]),
        ("mobile=13400000001&id=1", &[1]),
        ("mobile=13400000002&id=1", &[]),
        ("mobile=13400000001&id__in=300,20", &[300]),
        ("id=1&id__in=20,300", &[]),
        ("full_name=nobody&colour=red", &[300, 20, 1]),
    ];
    for (query, ids) in cases {
        let listed = api.get(&format!("{CUSTOMERS}?{query}")).await;
        assert_eq!(listed.ids(), ids, "{query}");
        assert_eq!(listed.json()["count"], ids.len(), "{query}");
    }
    assert_eq!(api.get(&format!("{CUSTOMERS}?mobile=13400000001&page_size=1&page=2")).await.ids(), [1]);
    assert_eq!(api.get(&format!("{CUSTOMERS}?mobile=13400000001&order_by=id")).await.ids(), [1, 300]);
    assert_eq!(api.get(&format!("{CUSTOMERS}?mobile=13400000001&id__gt=1")).await.ids(), [300]);
}

#[tokio::test]
async fn a_changed_mobile_is_found_and_the_old_one_is_not() {
    let api = Api::empty().await;
    store_customers(&api, &[2]).await;
    let found = async |mobile: &str| api.get(&format!("{CUSTOMERS}?mobile={mobile}")).await.ids();
    put(&api, 1, &customer("13400000001")).await.assert_status(201);
    for (old, new) in [("13400000001", "13400000002"), ("13400000002", "13400000001")] {
        put(&api, 1, &customer(new)).await.assert_status(200);
        assert_eq!((found(old).await, found(new).await), (vec![], vec![1]));
        put(&api, 1, &with("note", &json!("x"))).await.assert_status(200);
        assert_eq!((found(new).await, found("13800000000").await), (vec![], vec![1]));
        put(&api, 1, &customer(new)).await.assert_status(200);
    }
    assert_eq!(api.get(CUSTOMERS).await.ids(), [1, 2]);
}

#[tokio::test]
async fn a_filter_that_is_no_number_is_refused() {
    let api = Api::start().await;
    for (name, value) in [("id", "abc"), ("id__gt", "x"), ("id__lt", "1,2"), ("id__in", "1,x"), ("id__in", "a")] {
        refused(&api.get(&format!("{CUSTOMERS}?{name}={value}")).await, name, ENTER_A_NUMBER, &value);
    }
    let message = "Select a valid choice. mobile is not one of the available choices.";
    refused(&api.get(&format!("{CUSTOMERS}?order_by=mobile")).await, "order_by", message, &"mobile");
    let many = (1..=101).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    refused_somehow(&api.get(&format!("{CUSTOMERS}?id__in={many}")).await, "id__in", &101);
}
