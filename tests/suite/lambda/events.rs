//! The deployed binaries of the functions, started as Lambda starts them, with the events of `events/`.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    net::TcpListener,
    path::Path,
};

use crate::{
    lambda::lines::{hold_none_of, is_of_request, of_invocation, parsed, private},
    support::{
        CODES, COUPONS, CUSTOMERS, EVALUATE, HISTORY, LEVELS, RELEASE, USE, customer,
        discounts::{PAST, change_rule, count, coupon, give, shop_of},
        one,
        points::adjust,
    },
};
use devserver::routes;
use serde_json::{Value, json};
use tests::{
    Api, Reply, TOKEN,
    functions::{binaries, built},
    lambda::{Ended, Function},
};

/// The functions of the schedules. Their events have the same names.
const JOBS: [&str; 3] = ["expire_coupon_codes", "expire_points", "finish_batches"];
/// The function without a route, and the prefix of its events.
const OPERATOR: &str = "operator";

/// Returns the events by name.
fn events() -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a text").replace("Bearer TOKEN", &format!("Bearer {TOKEN}"));
        (name, serde_json::from_str(&text).expect("JSON"))
    };
    files.map(read).collect()
}

/// Returns the HTTP events by the binary to which template.yaml routes them.
fn requests() -> BTreeMap<String, Vec<(String, Value)>> {
    let routes = routes::of_template().expect("routes");
    let mut by_function: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, event) in events() {
        let Some(path) = event["rawPath"].as_str() else { continue };
        let found = routes::find(&routes, path).expect("a route");
        let key = found.route.path.as_ref().map(|path| format!("ANY {path}"));
        assert_eq!(event["routeKey"].as_str(), key.as_deref(), "{name}");
        assert_eq!(event["pathParameters"], json!(found.parameters), "{name}");
        by_function.entry(found.route.function.clone()).or_default().push((name, event));
    }
    by_function
}

/// Returns the operator's actions. serde lists them in its error for an unknown action.
fn operator_actions() -> Vec<String> {
    let refused = serde_json::from_value::<operator::Command>(json!({"action": ""})).expect_err("no such action");
    let message = refused.to_string();
    let (_, actions) = message.split_once("expected one of ").expect("a list");
    let actions = actions.split('`').filter(|text| text.chars().all(|c| c == '_' || c.is_ascii_lowercase()));
    actions.filter(|action| !action.is_empty()).map(|action| format!("{OPERATOR}_{action}")).collect()
}

#[test]
fn every_operation_job_and_action_has_an_event() {
    let description = serde_json::to_value(openapi::description()).expect("a description");
    let paths = description["paths"].as_object().expect("paths");
    let operations = paths.values().flat_map(|path| path.as_object().expect("operations").values());
    let mut expected: BTreeSet<_> =
        operations.map(|operation| operation["operationId"].as_str().expect("a name").to_owned()).collect();
    expected.extend(JOBS.map(str::to_owned));
    expected.extend(operator_actions());
    // The event of a function that serves pages has the function's name.
    expected.extend(devserver::server::pages().map(|(name, _)| name.to_owned()));
    assert_eq!(events().into_keys().collect::<BTreeSet<_>>(), expected);

    let mut invoked: BTreeSet<_> = requests().into_keys().collect();
    invoked.extend(JOBS.into_iter().chain([OPERATOR]).map(str::to_owned));
    assert_eq!(invoked, binaries().into_iter().collect(), "each function gets an event");
}

/// Sends the request of an event over HTTP.
async fn over_http(api: &Api, event: &Value) -> Reply {
    let (path, query) =
        (event["rawPath"].as_str().expect("a path"), event["rawQueryString"].as_str().expect("a query"));
    let headers = event["headers"].as_object().expect("headers");
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str().expect("a text"))).collect();
    let body = event["body"].as_str().map(|body| body.as_bytes().to_vec());
    let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    api.send(event["requestContext"]["http"]["method"].as_str().expect("a method"), &path, &headers, body).await
}

fn remove(row: &mut Value, field: &str) -> Value {
    row.as_object_mut().expect("an object").shift_remove(field).expect("a field")
}

/// Asserts that the reply of a function agrees with the API over HTTP on the same store.
async fn agrees(api: &Api, name: &str, event: &Value, reply: &Value) {
    let (status, body) = (reply["statusCode"].as_u64().expect("a status"), reply["body"].as_str().unwrap_or_default());
    let path = event["rawPath"].as_str().expect("a path");
    match event["requestContext"]["http"]["method"].as_str().expect("a method") {
        // Pricing writes nothing.
        _ if path == EVALUATE => assert_eq!(body, over_http(api, event).await.assert_status(200).to_string(), "{name}"),
        // The order of the events uses automatic rules and no code.
        _ if [USE, RELEASE].contains(&path) => assert_eq!((status, &body[..12]), (200, r#"{"count":0,""#), "{name}"),
        "GET" => {
            let expected = over_http(api, event).await;
            assert_eq!((status, body), (expected.status.into(), expected.text.as_str()), "{name}");
        }
        "DELETE" => {
            assert_eq!((status, body), (204, ""), "{name}");
            api.get(path).await.assert_status(404);
        }
        _ => {
            assert!([200, 201].contains(&status), "{name}: {status} {body}");
            let body: Value = serde_json::from_str(body).expect("JSON");
            let rows = body["results"].as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
            assert!(!rows.is_empty(), "{name}");
            let of_points = path.starts_with(HISTORY);
            let list = match path.trim_end_matches(|c: char| c == '/' || c.is_ascii_digit()) {
                _ if of_points => HISTORY.trim_end_matches('/'),
                claim if claim.ends_with("/redeem") => CODES.trim_end_matches('/'),
                list => list,
            };
            for mut row in rows {
                let mut stored = api.get(&one(&format!("{list}/"), &row["id"])).await.assert_status(200);
                if of_points {
                    // As documented: a new entry shows its order, and a read entry shows the order's id.
                    assert_eq!(remove(&mut row, "order")["id"], remove(&mut stored, "order_id"), "{name}");
                }
                assert_eq!(row.to_string(), stored.to_string(), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn every_request_is_answered_by_the_binary_of_its_function() {
    let folder = built();
    let api = Api::without_faults(true).await;
    // A redemption needs points and a level that redeems.
    api.put(&one(LEVELS, 5), &json!({"title": "初级会员", "redeem_points": 100})).await.assert_status(200);
    adjust(&api, 123, 500).await.assert_status(201);
    let redeemed = api.post(&format!("{HISTORY}redeem/"), &json!({"customer_id": 123, "points": 200})).await;
    assert_eq!(redeemed.assert_status(201)["id"], 92_922, "the one that an event gives back");
    let mut secrets = HashSet::from([TOKEN.to_owned()]);
    private(&api.get(&format!("{CUSTOMERS}?page_size=100")).await.assert_status(200), &mut secrets);
    for (function, events) in requests() {
        let running = Function::start(&folder.join(&function), &api.store_environment()).await;
        let mut answered = Vec::new();
        for (name, event) in events {
            let invocation = running.invoke(&event).await;
            let reply = invocation.outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
            agrees(&api, &name, &event, &reply).await;
            assert_eq!(reply["headers"]["x-request-id"], event["requestContext"]["requestId"], "{name}");
            if let Some(body) = event["body"].as_str() {
                private(&serde_json::from_str(body).expect("JSON"), &mut secrets);
            }
            answered.push((invocation.id, event, reply["statusCode"].as_u64().expect("a status")));
        }
        let Ended { status, lines } = running.stop().await;
        assert!(!status.success(), "{function}: by the signal");
        let parsed = parsed(&lines);
        assert!(parsed.iter().any(|line| line["init_ms"].is_number()), "{function}: {lines:?}");
        for (id, event, status) in &answered {
            is_of_request(of_invocation(&parsed, id), event, *status);
        }
        hold_none_of(&lines, &secrets);
    }
    assert!(secrets.iter().any(|secret| secret.contains('@')) && secrets.contains("15900960029"), "{secrets:?}");
}

#[tokio::test]
async fn the_jobs_of_the_schedule_report_what_they_did() {
    let folder = built();
    let api = shop_of(3).await;
    let (ended, deleted) = (coupon(&api, "A", &json!({})).await, coupon(&api, "B", &json!({})).await);
    give(&api, ended.id, 1..=3).await.assert_status(201);
    give(&api, deleted.id, 1..=2).await.assert_status(201);
    change_rule(&api, ended.rule, &json!({"ends_at": PAST})).await;
    api.delete(&one(COUPONS, deleted.id)).await.assert_status(204);

    let events = events();
    let reports = [
        json!({"rules": 1, "expired": 3, "revived": 0, "unfinished": 0, "failed": 0, "released": 0}),
        json!({"customers": 0, "points": 0, "unfinished": 0, "failed": 0}),
        json!({"finished": 0, "at_work": 0, "coupons": 1, "codes": 2, "failed": 0}),
    ];
    for (job, report) in JOBS.into_iter().zip(reports) {
        let running = Function::start(&folder.join(job), &api.store_environment()).await;
        let first = running.invoke(&events[job]).await;
        assert_eq!(first.outcome.expect("a report"), report, "{job}");
        let second = running.invoke(&events[job]).await.outcome.expect("a report");
        assert!(second.as_object().expect("an object").values().all(|number| *number == 0), "{job}: {second}");
        let lines = parsed(&running.stop().await.lines);
        let line = of_invocation(&lines, &first.id);
        assert_eq!((&line["job_failures"], &line["report"]), (&json!(0), &json!(report.to_string())), "{line}");
    }
    assert_eq!(count(&api, &format!("{CODES}?status=expired")).await, 3);
}

#[tokio::test]
async fn the_operator_answers_each_action() {
    let folder = built();
    let api = Api::empty().await;
    let events = events();
    let running = Function::start(&folder.join(OPERATOR), &api.store_environment()).await;
    let ask = async |action: &str| running.invoke(&events[action]).await.outcome.expect("an answer");

    let shop = ask("operator_put_shop").await;
    assert_eq!(shop, json!({"id": "my-shop", "zone": "Asia/Shanghai", "points_expire_after_months": 0}));
    assert!(ask("operator_list_shops").await["shops"].as_array().expect("shops").contains(&shop));
    let minted = ask("operator_mint_token").await;
    let text = minted["text"].as_str().expect("the token").to_owned();
    api.call_as(&text, "GET", LEVELS, None).await.assert_status(200);
    api.call_as(&text, "GET", COUPONS, None).await.assert_status(403);
    assert_eq!(ask("operator_list_tokens").await, json!({"tokens": [minted["token"]]}));
    let audit = ask("operator_audit").await;
    assert_eq!(audit["drift"], 0, "{audit}");
    let liability = ask("operator_liability").await;
    assert!(liability["days"].is_array(), "{liability}");
    let mut revoke = events["operator_revoke_token"].clone();
    assert_eq!(revoke["id"], "TOKEN_ID");
    revoke["id"] = minted["token"]["id"].clone();
    assert_eq!(running.invoke(&revoke).await.outcome.expect("an answer"), json!({}));
    assert_eq!(ask("operator_list_tokens").await, json!({"tokens": []}));

    let lines = running.stop().await.lines;
    parsed(&lines);
    hold_none_of(&lines, &HashSet::from([text]));
}

#[tokio::test]
async fn what_fails_does_not_end_the_process() {
    let folder = built();
    let api = Api::empty().await;
    api.put(&one(CUSTOMERS, 123), &customer("15900960029")).await.assert_status(201);
    let events = events();
    let mut running = Function::start(&folder.join("customers"), &api.store_environment()).await;
    for malformed in [json!({}), json!([]), json!(null), json!("text"), events["operator_list_shops"].clone()] {
        let error = running.invoke(&malformed).await.outcome.expect_err("no event of an HTTP API");
        assert!(error["errorType"].is_string(), "{error}");
        assert!(running.is_running());
    }
    let reply = running.invoke(&events["customer_get"]).await.outcome.expect("a reply");
    assert_eq!(reply["statusCode"], 200);
    parsed(&running.stop().await.lines);
}

#[tokio::test]
async fn the_operator_is_told_of_an_unknown_shop() {
    let folder = built();
    let api = Api::empty().await;
    let mut running = Function::start(&folder.join(OPERATOR), &api.store_environment()).await;
    for (command, told) in [
        (json!({"action": "list_tokens", "shop": "nobody"}), "not found"),
        (json!({"action": "mint_token", "shop": "demo", "scopes": ["read"], "days": 36_501}), "days"),
        (json!({"action": "mint_token"}), "missing field"),
        (json!({"action": "burn"}), "unknown variant"),
    ] {
        let error = running.invoke(&command).await.outcome.expect_err("refused");
        let message = error["errorMessage"].as_str().expect("a message");
        assert!(message.contains(told), "{command}: {error}");
        assert!(running.is_running());
    }
    running.invoke(&json!({"action": "list_shops"})).await.outcome.expect("an answer");
    parsed(&running.stop().await.lines);
}

#[tokio::test]
async fn without_a_store_there_is_a_503_and_the_next_event_is_answered_too() {
    let folder = built();
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let nowhere = [("YOUHUI_STORE", format!("http://{closed}"))];
    let events = events();
    let mut running = Function::start(&folder.join("levels"), &nowhere).await;
    let mut ids = Vec::new();
    for name in ["level_list", "level_create"] {
        let invocation = running.invoke(&events[name]).await;
        let reply = invocation.outcome.expect("a reply");
        assert_eq!(reply["statusCode"], 503, "{reply}");
        let body = reply["body"].as_str().expect("a body");
        let id = events[name]["requestContext"]["requestId"].as_str().expect("an id");
        assert!(body.contains(&format!("Request id: {id}")), "{body}");
        ids.push(invocation.id);
    }
    assert!(running.is_running());
    let lines = parsed(&running.stop().await.lines);
    for id in ids {
        let line = of_invocation(&lines, &id);
        assert_eq!((&line["status"], &line["faults"]), (&json!(503), &json!(1)), "{line}");
        assert!(line["fault"].as_str().is_some_and(|fault| !fault.is_empty()), "{line}");
    }
    let mut job = Function::start(&folder.join(JOBS[0]), &nowhere).await;
    job.invoke(&events[JOBS[0]]).await.outcome.expect_err("no store");
    assert!(job.is_running());
    let lines = parsed(&job.stop().await.lines);
    assert!(lines.iter().any(|line| line["job_failures"] == 1), "{lines:?}");
}
