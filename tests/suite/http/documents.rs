//! The examples of `tests/documents/loyalty.txt`, replayed: keys, values and the order of the keys.

use chrono::Utc;
use serde_json::Value;
use tests::{
    Api,
    documents::{LOYALTY, example},
};

use crate::support::{ADJUST, HISTORY, LEVELS, keys, one, same_text, taken_since};

#[tokio::test]
async fn the_list_of_levels() {
    let api = Api::start().await;
    same_text(&api.get(LEVELS).await.assert_status(200), &example(LOYALTY, "查询积分等级规则", 0));
}

#[tokio::test]
async fn one_level() {
    let api = Api::start().await;
    same_text(&api.get(&one(LEVELS, 5)).await.assert_status(200), &example(LOYALTY, "查询指定积分等级规则", 0));
}

#[tokio::test]
async fn a_level_is_created_updated_and_deleted() {
    let api = Api::start().await;
    let created = example(LOYALTY, "创建积分等级规则", 1);
    let reply = api.post(LEVELS, &example(LOYALTY, "创建积分等级规则", 0)).await;
    same_text(&reply.assert_status(201), &created);
    let reply = api.put(&one(LEVELS, 27), &example(LOYALTY, "更新会员等级规则", 0)).await;
    same_text(&reply.assert_status(200), &created);
    same_text(&api.get(&one(LEVELS, 27)).await.assert_status(200), &created);
    let deleted = api.delete(&one(LEVELS, 27)).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    same_text(&api.get(LEVELS).await.assert_status(200), &example(LOYALTY, "查询积分等级规则", 0));
}

#[tokio::test]
async fn the_list_of_the_point_history() {
    let api = Api::start().await;
    let listed = api.get(HISTORY).await.assert_status(200);
    let documented = example(LOYALTY, "查询积分历史", 0);
    assert_eq!(keys(&listed), keys(&documented));
    assert_eq!((&listed["count"], &listed["next"], &listed["previous"]), (&1.into(), &Value::Null, &Value::Null));
    same_text(&listed["results"], &documented["results"]);
}

#[tokio::test]
async fn one_entry_of_the_point_history() {
    let api = Api::start().await;
    same_text(&api.get(&one(HISTORY, 11742)).await.assert_status(200), &example(LOYALTY, "查询指定积分历史", 0));
}

#[tokio::test]
async fn an_adjustment() {
    let api = Api::start().await;
    let before = Utc::now();
    let mut adjusted = api.post(ADJUST, &example(LOYALTY, "调整指定用户积分", 0)).await.assert_status(201);
    taken_since(&adjusted["created_at"], before);
    let mut documented = example(LOYALTY, "调整指定用户积分", 1);
    let listed = api.get(&format!("{HISTORY}?customer=100000")).await.assert_status(200);
    same_text(&listed["results"][0], &adjusted);
    adjusted["created_at"] = Value::Null;
    documented["created_at"] = Value::Null;
    same_text(&adjusted, &documented);
}

#[tokio::test]
async fn an_adjustment_read_by_its_id_has_an_order_id_in_place_of_the_order() {
    let api = Api::start().await;
    let adjusted = api.post(ADJUST, &example(LOYALTY, "调整指定用户积分", 0)).await.assert_status(201);
    let detail = api.get(&one(HISTORY, 92921)).await.assert_status(200);
    assert_eq!(keys(&detail), ["id", "customer", "points", "kind", "order_id", "created_at"]);
    assert_eq!(detail["order_id"], Value::Null);
    for key in ["id", "customer", "points", "kind", "created_at"] {
        same_text(&detail[key], &adjusted[key]);
    }
}

#[tokio::test]
async fn the_demo_customers_are_the_documented_ones() {
    let api = Api::start().await;
    for (id, heading, index) in [(50784, "查询指定积分历史", 0), (100_000, "调整指定用户积分", 1)] {
        let stored = api.get(&one("/api/crm/customer/", id)).await.assert_status(200);
        same_text(&stored, &example(LOYALTY, heading, index)["customer"]);
    }
}
