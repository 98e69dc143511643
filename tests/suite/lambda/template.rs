//! template.yaml against the code: deployed functions, watched metrics and the protection of the table. Routes are
//! checked in `house::architecture`, roles in `lambda::roles`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use devserver::template::{Resource, Template, referred};
use serde_json::Value as Json;
use serde_yaml_ng::Value;
use shared::telemetry;
use shop::keys;
use store::schema;

fn template() -> Template {
    Template::read().expect("a template")
}

fn of_type<'a>(template: &'a Template, kind: &str) -> BTreeMap<&'a str, &'a Resource> {
    let found = template.resources.iter().filter(|(_, resource)| resource.r#type == kind);
    found.map(|(name, resource)| (name.as_str(), resource)).collect()
}

/// Fills in CloudFormation's names in a text of the template.
fn filled(text: &str) -> String {
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').expect("an end");
        filled.push_str(name);
        filled.push_str(rest);
    }
    filled
}

#[test]
fn every_function_is_deployed() {
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    let folders = fs::read_dir(functions).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let there: BTreeSet<_> = folders.map(|name| name.into_string().expect("a name")).collect();
    let template = template();
    let deployed: BTreeSet<_> = template.functions().map(|(binary, _)| binary.to_owned()).collect();
    assert_eq!(deployed, there);
    for (binary, function) in template.functions() {
        assert_eq!(function.properties["CodeUri"].as_str(), Some(format!("functions/{binary}").as_str()));
        assert_eq!(function.metadata["BuildMethod"], "rust-cargolambda");
    }
}

#[test]
fn each_function_has_a_role_of_its_own_that_reaches_one_table() {
    let template = template();
    let roles: Vec<_> = template.functions().map(|(_, function)| referred(&function.properties["Role"])).collect();
    let distinct: BTreeSet<_> = roles.iter().collect();
    assert_eq!((distinct.len(), distinct.contains(&None)), (roles.len(), false));
    for (name, role) in of_type(&template, "AWS::IAM::Role") {
        let text = serde_yaml_ng::to_string(&role.properties).expect("a text");
        assert!(!text.contains("'*'") && !text.contains("dynamodb:*"), "{name}: {text}");
    }
}

#[test]
fn a_run_of_a_job_that_fails_is_tried_again_and_then_kept() {
    let template = template();
    let jobs: BTreeMap<_, _> = template
        .functions()
        .filter(|(_, function)| {
            let events = function.properties["Events"].as_mapping();
            events.into_iter().flat_map(|events| events.values()).any(|event| event["Type"] == "Schedule")
        })
        .collect();
    assert!(jobs.contains_key("expire_coupon_codes") && jobs.contains_key("finish_batches"));
    for (name, job) in jobs {
        for event in job.properties["Events"].as_mapping().expect("events").values() {
            let letters = &event["Properties"]["DeadLetterConfig"]["Arn"];
            assert_eq!(referred(letters), Some("DeadLetters"), "{name}");
            assert!(event["Properties"]["RetryPolicy"]["MaximumRetryAttempts"].as_u64() > Some(0), "{name}");
        }
        let failed = &job.properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"];
        assert_eq!(referred(failed), Some("DeadLetters"), "{name}");
    }
}

#[test]
fn the_table_is_kept_recoverable_and_forgets_by_itself() {
    let template = template();
    let table = &template.resources[schema::LOGICAL_ID].properties;
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], keys::TTL);
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(referred(&table["DeletionProtectionEnabled"]), Some("DeletionProtection"));
}

#[test]
fn the_access_log_is_json_and_tells_nothing_secret() {
    let template = template();
    let format = template.resources["Api"].properties["AccessLogSettings"]["Format"].as_str().expect("a format");
    let line: BTreeMap<String, String> = serde_json::from_str(format).expect("JSON");
    assert_eq!(line["request_id"], "$context.requestId");
    for secret in ["$context.path", "authorizer", "identity", "header", "querystring"] {
        assert!(!format.contains(secret), "{secret}");
    }
}

/// Collects our metrics that a JSON or YAML text names.
fn watched(metrics: &Json, found: &mut BTreeSet<String>) {
    let mut last: Vec<Json> = Vec::new();
    for metric in metrics.as_array().into_iter().flatten() {
        let mut row = metric.as_array().expect("a row").clone();
        if row[0] == "..." {
            row.splice(0..1, last.iter().cloned());
        }
        for (index, part) in row.iter_mut().enumerate() {
            if *part == "." {
                *part = last[index].clone();
            }
        }
        if row[0] == telemetry::NAMESPACE {
            found.insert(row[1].as_str().expect("a name").to_owned());
            assert_eq!(row[2], telemetry::DIMENSION);
        }
        last = row.into_iter().take_while(Json::is_string).collect();
    }
}

#[test]
fn alarms_and_dashboard_watch_metrics_that_there_are() {
    let known: BTreeSet<_> =
        telemetry::METRICS.iter().flat_map(|(_, metrics)| metrics.iter().map(|(name, _)| (*name).to_owned())).collect();
    let template = template();
    let Value::Tagged(body) = &template.resources["Dashboard"].properties["DashboardBody"] else { panic!("no text") };
    let body: Json = serde_json::from_str(&filled(body.value[0].as_str().expect("a text"))).expect("JSON");
    let mut named = BTreeSet::new();
    for widget in body["widgets"].as_array().expect("widgets") {
        watched(&widget["properties"]["metrics"], &mut named);
    }
    let alarms = of_type(&template, "AWS::CloudWatch::Alarm");
    for (name, alarm) in &alarms {
        assert_eq!(referred(&alarm.properties["AlarmActions"][0]), Some("Alarms"), "{name}");
        if alarm.properties["Namespace"] == telemetry::NAMESPACE {
            named.insert(alarm.properties["MetricName"].as_str().expect("a metric").to_owned());
            assert_eq!(alarm.properties["Dimensions"][0]["Name"], telemetry::DIMENSION);
        }
    }
    assert!(!named.is_empty() && named.is_subset(&known), "{named:?}");
    let runbook = include_str!("../../../docs/operations/README.md");
    for (name, alarm) in alarms {
        let text = alarm.properties["AlarmDescription"].as_str().expect("a description");
        let chapter = text.split_once("Runbook, ").expect(name).1.trim_end_matches('.');
        assert!(runbook.contains(&format!("\n| {chapter}")), "{name}: the runbook has no row {chapter}");
    }
}
