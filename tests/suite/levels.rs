//! `/api/loyalty/level/`

use serde_json::json;
use tests::{
    Api,
    documents::{LOYALTY, example},
};

#[tokio::test]
async fn the_documented_list() {
    let api = Api::start().await;
    assert_eq!(api.get("/api/loyalty/level/").await.expect(200), example(LOYALTY, "查询积分等级规则", 0));
}

#[tokio::test]
async fn the_documented_creation() {
    let api = Api::start().await;
    let created = api.post("/api/loyalty/level/", &example(LOYALTY, "创建积分等级规则", 0)).await;
    assert_eq!(created.expect(201), example(LOYALTY, "创建积分等级规则", 1));
    assert_eq!(api.get("/api/loyalty/level/27/").await.expect(200), example(LOYALTY, "创建积分等级规则", 1));
}

#[tokio::test]
async fn every_error_of_a_body_is_answered_at_once() {
    let api = Api::empty().await;
    let body = json!({"condition_points": "x", "sign_points": -1, "gain_points": "y"});
    let errors = api.post("/api/loyalty/level/", &body).await.expect(400);
    let expected = json!({
        "title": ["This field is required."],
        "condition_points": ["A valid integer is required."],
        "sign_points": ["Ensure this value is greater than or equal to 0."],
        "gain_points": ["A valid number is required."],
    });
    assert_eq!(errors, expected);
}
