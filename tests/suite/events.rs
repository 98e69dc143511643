//! The events in `events/`: one for each operation, and each gets a good reply.

use std::{collections::BTreeSet, fs, path::Path};

use local::{gateway, routes, server::functions};
use serde_json::{Value, json};
use shared::{App, http::service::service};
use tests::{Api, TOKEN};

#[tokio::test]
async fn every_operation_has_an_event_that_works() {
    let api = Api::start().await;
    let app = App::new(api.server.store.clone());
    let routes = routes::of_template().expect("routes");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    // Redemptions need points, and a level that redeems.
    api.put("/api/loyalty/level/5/", &json!({"title": "初级会员", "redeem_points": 100})).await.expect(200);
    api.post("/api/loyalty/point_history/adjust/", &json!({"customer_id": 123, "points": 500})).await.expect(201);
    let redemption = api.post("/api/loyalty/point_history/redeem/", &json!({"customer_id": 123, "points": 200})).await;
    assert_eq!(redemption.expect(201)["id"], 92_922, "the one that an event refunds");
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a text").replace("Bearer TOKEN", &format!("Bearer {TOKEN}"));
        let event: Value = serde_json::from_str(&text).expect("JSON");
        let found = routes::find(&routes, event["rawPath"].as_str().expect("a path")).expect("a route");
        let key = found.route.path.as_ref().map(|path| format!("ANY {path}"));
        assert_eq!(event["routeKey"].as_str(), key.as_deref(), "{name}");
        let (_, function) =
            functions().into_iter().find(|(binary, _)| *binary == found.route.function).expect("a function");
        let reply = gateway::invoke(service(&app, function), event).await.expect("a reply");
        assert!(reply.status().is_success(), "{name}: {}", reply.status());
        names.insert(name);
    }
    let description = serde_json::to_value(openapi::description()).expect("a description");
    let paths = description["paths"].as_object().expect("paths");
    let operations = paths.values().flat_map(|path| path.as_object().expect("operations").values());
    let documented: BTreeSet<_> =
        operations.map(|operation| operation["operationId"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(names, documented);
}
