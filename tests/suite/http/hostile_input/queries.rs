//! Every parameter of every query with unexpected values, and unknown paths.

use futures_util::future::join_all;
use serde_json::json;
use tests::Api;

use super::{Operation, decent, is_alive, operations};
use crate::support::refused;

const AT_ONCE: usize = 8;

/// Returns values as they stand in a URL.
fn values() -> Vec<String> {
    let plain = [
        "%00",
        "%FF",
        "%C0%AF",
        "%ED%A0%80",
        "%",
        "%zz",
        "+",
        "%2B",
        "'",
        "%22%5C",
        "%F0%9F%98%80",
        "%E2%80%8B",
        "%EF%BC%91",
        "-1",
        "0",
        "-0",
        "1.5",
        "1e5",
        "1e999",
        "-1e999",
        "1e-999",
        "1e2147483648",
        "1E-2147483649",
        "NaN",
        "inf",
        "0x10",
        "1_0",
        "9007199254740992",
        "18446744073709551615",
        "18446744073709551616",
        "170141183460469231731687303715884105728",
        "true",
        "null",
        "[]",
        "{}",
        "last",
        ",",
        ",,,",
        "1,x",
        "id,id,-id",
        "-",
        "--id",
        "created_at,-",
        "unused,available",
        "2018-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-23:59",
        "2018-01-01T00:00:00+08:00+08:00",
        "T",
        "a=b",
        "%23",
        ";",
        "SHOP%23other",
        "%25",
        "_",
        "*",
    ];
    let mut values: Vec<_> = plain.iter().map(|&value| value.to_owned()).collect();
    values.extend([
        "9".repeat(2_000),
        "x".repeat(5_000),
        "%E4%BD%A0".repeat(2_000),
        "1,".repeat(101),
        "1,".repeat(30_000),
    ]);
    values.extend([format!("0.{}1", "0".repeat(900)), "%2C".repeat(10_000), "a,".repeat(20_000)]);
    values
}

async fn get(api: &Api, operation: &Operation, query: &str) -> tests::Reply {
    let reply = api.get(&format!("{}?{query}", operation.path)).await;
    let shown: String = query.chars().take(80).collect();
    decent(&reply, &format!("{}?{shown}", operation.name));
    reply
}

#[tokio::test]
async fn no_value_of_any_parameter_is_a_fault() {
    let api = Api::start().await;
    let values = values();
    for operation in operations().iter().filter(|operation| operation.method == "GET") {
        let queries =
            operation.parameters.iter().flat_map(|name| values.iter().map(move |value| format!("{name}={value}")));
        let queries: Vec<_> = queries.collect();
        for some in queries.chunks(AT_ONCE) {
            join_all(some.iter().map(|query| get(&api, operation, query))).await;
        }
        is_alive(&api, &operation.name).await;
    }
}

#[tokio::test]
async fn a_list_of_more_than_a_hundred_values_is_refused() {
    let api = Api::start().await;
    let mut lists = 0;
    for operation in operations() {
        for name in operation.parameters.iter().filter(|name| name.ends_with("__in")) {
            let values = |count: usize| format!("{name}={}", vec!["1"; count].join(","));
            for count in [101, 30_000] {
                let reply = get(&api, &operation, &values(count)).await;
                refused(&reply, name, "Ensure this field has no more than 100 elements.", &(&operation.name, count));
            }
            lists += 1;
        }
    }
    assert!(lists > 5);
}

#[tokio::test]
async fn floods_of_parameters_are_read_or_ignored() {
    let api = Api::start().await;
    let unknown: Vec<_> = (0..2_000).map(|index| format!("p{index}={index}")).collect();
    let (unknown, same) = (unknown.join("&"), "id__gt=1&".repeat(2_000));
    for operation in operations().iter().filter(|operation| operation.method == "GET") {
        let plain = api.get(&operation.path).await;
        for flood in [&unknown, &"&".repeat(10_000), &"=&".repeat(10_000), &"?".repeat(10_000)] {
            let reply = get(&api, operation, flood).await;
            assert_eq!(reply.status, 200, "{}", operation.name);
            assert_eq!(reply.json()["results"], plain.json()["results"], "{}", operation.name);
        }
        assert_eq!(get(&api, operation, &same).await.status, 200, "{}", operation.name);
    }
    // The links keep all parameters and can be followed.
    let first = api.get(&format!("/api/crm/customer/?page_size=1&{unknown}")).await.assert_status(200);
    let next = first["next"].as_str().expect("a link").strip_prefix(&api.server.url()).expect("ours").to_owned();
    let second = api.get(&next).await.assert_status(200);
    assert_eq!((second["results"].as_array().map(Vec::len), &second["count"]), (Some(1), &json!(4)));
    assert_ne!(second["results"], first["results"]);
}

#[tokio::test]
async fn a_number_no_customer_has_is_not_looked_for() {
    let api = Api::empty().await;
    for (length, called) in [(5_000, false), (33, false), (32, true)] {
        let found = api.get(&format!("/api/crm/customer/?mobile={}", "1".repeat(length))).await.assert_status(200);
        assert_eq!(found["count"], 0);
        // DynamoDB refuses a key longer than 2,048 bytes.
        assert_eq!(api.server.roles["customers"].called().contains("dynamodb:Query"), called, "{length}");
    }
}

#[tokio::test]
async fn what_is_no_id_in_a_path_is_not_found() {
    let api = Api::start().await;
    let segments = [
        "0",
        "-1",
        "+5",
        "5.0",
        "%35x",
        "5%00",
        "5%0A",
        "5%20",
        "%EF%BC%95",
        "%D9%A5",
        "5%E2%80%8B",
        "%FF",
        "%ED%A0%80",
        "5%2F",
        "%2F5",
        "..%2F5",
        "%2E%2E",
        "5;a=b",
        "5,6",
        "0x5",
        "1e0",
        "9007199254740992",
        "99999999999999999999",
        "last",
        "null",
        "%7Bid%7D",
        "'",
        "%25",
        "%2535",
    ];
    let rows = operations().into_iter().filter(|operation| {
        let last = operation.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())
    });
    for operation in rows {
        let parent = operation.path.trim_end_matches('/').rsplit_once('/').expect("a parent").0.to_owned();
        for segment in segments.into_iter().chain([&*"5".repeat(10_000)]) {
            for end in ["/", ""] {
                let path = format!("{parent}/{segment}{end}");
                let reply = api.call(&operation.method, &path, operation.body.as_ref()).await;
                decent(&reply, &path);
                assert_eq!(reply.status, 404, "{} {path}: {}", operation.method, reply.text);
            }
        }
        is_alive(&api, &operation.name).await;
    }
}

#[tokio::test]
async fn dots_and_slashes_lead_nowhere() {
    let api = Api::start().await;
    for path in [
        "//",
        "//api//loyalty//level//",
        "/api/loyalty/level//5/",
        "/api/loyalty/%6Cevel/",
        "/api/loyalty%2Flevel/",
        "/api/loyalty/LEVEL/",
        "/%00",
        "/%FF",
        "/api/loyalty/level%00/",
        "/api/loyalty/level/;/",
        "/api/loyalty/level/%3F",
        "/api/loyalty/level/5/%23",
        "/api/openapi.json/",
        "/api/openapi.json%00",
        "/favicon.ico",
        "/.env",
        "/api/loyalty/level.json",
    ] {
        let reply = api.get(path).await;
        decent(&reply, path);
        assert_eq!(reply.status, 404, "{path}: {}", reply.text);
    }
}
