//! The architecture: invariants that the compiler cannot hold, and routes that agree in template.yaml, the routers and
//! the OpenAPI description.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use devserver::{routes, server};
use tests::Api;

/// Returns the Rust files below a folder, by their path from the root.
fn sources(folder: &str) -> BTreeMap<String, String> {
    super::files(folder, "rs")
}

/// Returns the lines of code, without comments, that contain one of these texts.
fn lines_with<'a>(sources: &'a BTreeMap<String, String>, texts: &[&str]) -> BTreeSet<(&'a str, &'a str)> {
    let lines = sources.iter().flat_map(|(name, text)| text.lines().map(|line| (name.as_str(), line.trim())));
    let code = lines.filter(|(_, line)| !line.starts_with("//"));
    code.filter(|(_, line)| texts.iter().any(|text| line.contains(text))).collect()
}

#[test]
fn the_domain_is_pure() {
    let domain = sources("shared/domain/src");
    // Cargo.toml keeps other crates out; these are in the standard library and in chrono.
    let impure = ["async ", "Utc::now", "Local::now", "Instant::now", "SystemTime"];
    assert_eq!(lines_with(&domain, &impure), BTreeSet::new());
}

#[test]
fn the_sdk_has_the_defaults_of_a_date() {
    let mut all = sources("shared");
    all.extend(sources("functions"));
    all.extend(sources("tools"));
    assert_eq!(lines_with(&all, &["BehaviorVersion::latest"]), BTreeSet::new());
    assert_eq!(lines_with(&all, &["BehaviorVersion::v"]).len(), 1);
}

#[test]
fn only_one_file_knows_how_a_key_looks() {
    let mut all = sources("shared");
    all.extend(sources("functions"));
    all.extend(sources("tools"));
    for keys in ["shared/store/src/keys", "shared/shop/src/keys"] {
        let before = all.len();
        all.retain(|name, _| !name.starts_with(keys));
        assert!(all.len() < before, "no file of keys at {keys}");
    }
    assert_eq!(lines_with(&all, &["SHOP#", "TOKEN#", "DUE#", "TALLY#", "ROW#", "ENTRY#", "PART#"]), BTreeSet::new());
}

#[test]
fn only_one_file_turns_errors_into_statuses() {
    let mut all = sources("shared");
    all.extend(sources("functions"));
    all.extend(sources("tools"));
    all.remove("shared/src/http/error.rs").expect("the file of the errors");
    // The gateway and the hostile store imitate AWS's own replies.
    all.remove("tools/devserver/src/gateway.rs");
    all.remove("tools/devserver/src/hostile.rs");
    let errors = [
        "::BAD_REQUEST",
        "::UNAUTHORIZED",
        "::FORBIDDEN",
        "::NOT_FOUND",
        "::METHOD_NOT_ALLOWED",
        "::CONFLICT",
        "::PAYLOAD_TOO_LARGE",
        "::UNSUPPORTED_MEDIA_TYPE",
        "::UNPROCESSABLE_ENTITY",
        "::TOO_MANY_REQUESTS",
        "::INTERNAL_SERVER_ERROR",
        "::SERVICE_UNAVAILABLE",
    ];
    assert_eq!(lines_with(&all, &errors), BTreeSet::new());
}

/// The crates of this repository below each of its libraries. Cargo.toml holds the arrows; this test holds Cargo.toml.
const LAYERS: [(&str, &[&str]); 5] = [
    ("clients/rust", &[]),
    ("shared/domain", &[]),
    ("shared/store", &["domain"]),
    ("shared/shop", &["domain", "store"]),
    ("shared", &["domain", "shop", "store"]),
];

/// Returns the dependencies that a manifest names, without those of its tests.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest = super::files(folder, "toml").remove(&format!("{folder}/Cargo.toml")).expect("a manifest");
    let sections = manifest.split("\n[").filter(|section| section.starts_with("dependencies]"));
    let lines = sections.flat_map(str::lines).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(line.split_once(['.', ' '])?.0.to_owned())).collect()
}

/// Returns the names of the packages in the folders below this one.
fn packages(folder: &str) -> BTreeSet<String> {
    let manifests = super::files(folder, "toml").into_keys();
    manifests.filter_map(|name| Some(name.strip_suffix("/Cargo.toml")?.rsplit('/').next()?.to_owned())).collect()
}

#[test]
fn each_crate_names_only_crates_below_it() {
    let functions = packages("functions");
    let tools = packages("tools");
    let ours: BTreeSet<String> =
        ["domain", "store", "shop", "shared", "tests", "youhui-client"].map(str::to_owned).into();
    let ours: BTreeSet<String> = ours.union(&functions).chain(&tools).cloned().collect();
    let named = |folder: &str| -> BTreeSet<String> { dependencies(folder).intersection(&ours).cloned().collect() };
    for (folder, below) in LAYERS {
        assert_eq!(named(folder), below.iter().map(|name| (*name).to_owned()).collect(), "{folder}");
    }
    let shared = BTreeSet::from(["shared".to_owned()]);
    for function in &functions {
        let mut named = named(&format!("functions/{function}"));
        if function == "openapi" {
            // The description is put together from the handlers of all functions.
            named.retain(|name| !functions.contains(name));
        }
        assert_eq!(named, shared, "{function}");
    }
    let devserver = named("tools/devserver");
    assert!(devserver.iter().all(|name| *name == "shared" || functions.contains(name)), "{devserver:?}");
    let youhui = named("tools/youhui");
    let below = |name: &String| name == "shared" || name == "devserver" || functions.contains(name);
    assert!(youhui.iter().all(below), "{youhui:?}");
}

#[test]
fn a_layer_cannot_reach_what_it_must_not_know() {
    let named = |folder: &str, names: &[&str]| -> BTreeSet<String> {
        dependencies(folder).into_iter().filter(|name| names.iter().any(|start| name.starts_with(start))).collect()
    };
    let impure = ["aws", "axum", "futures", "http", "lambda", "rand", "tokio", "tower", "tracing"];
    assert_eq!(named("shared/domain", &impure), BTreeSet::new());
    let wire = ["axum", "http", "lambda", "tower", "utoipa"];
    assert_eq!(named("shared/store", &wire), BTreeSet::new());
    assert_eq!(named("shared/shop", &wire), BTreeSet::new());
    assert_eq!(named("shared", &["aws"]), BTreeSet::new());
    for function in packages("functions") {
        assert_eq!(named(&format!("functions/{function}"), &["aws"]), BTreeSet::new(), "{function}");
    }
}

#[test]
fn files_and_modules_have_one_subject() {
    for folder in ["clients", "functions", "shared", "tests", "tools"] {
        for (name, text) in sources(folder) {
            assert!(text.lines().count() <= 420, "{name} is too long");
            let stem = Path::new(&name).file_stem().expect("a name").to_string_lossy().into_owned();
            assert!(!["utils", "util", "helpers", "common", "misc"].contains(&stem.as_str()), "{name}");
        }
    }
}

/// The paths of pages for a browser. They and their files are no operations of the API, and the description has none of
/// them.
const PAGES: [&str; 2] = ["/docs", "/console"];

fn is_page(path: &str) -> bool {
    path == "/"
        || PAGES.iter().any(|page| path.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest == "/{proxy+}"))
}

#[test]
fn template_and_openapi_have_the_same_routes() {
    let template = routes::of_template().expect("a template");
    for (function, router) in server::functions() {
        let documented: BTreeSet<_> =
            router.into_openapi().paths.paths.keys().map(|path| path.trim_end_matches('/').to_owned()).collect();
        let routed = template.iter().filter(|route| route.function == function).filter_map(|route| route.path.clone());
        let routed = routed.filter(|path| !is_page(path));
        let (nets, routed): (BTreeSet<_>, BTreeSet<_>) = routed.partition(|path| path.ends_with("/{proxy+}"));
        assert_eq!(routed, documented, "{function}");
        assert!(!routed.iter().any(|path| path.ends_with('/')), "a slash at the end makes no route");
        let collections = documented.iter().filter(|path| !path.contains('{') && !path.contains(".json"));
        for collection in collections.filter(|path| path.split('/').count() == 4) {
            assert!(nets.contains(&format!("{collection}/{{proxy+}}")), "{collection} has no net");
        }
    }
    let named: BTreeSet<_> = template.iter().map(|route| route.function.as_str()).collect();
    let mut served: BTreeSet<_> = server::functions().iter().map(|(name, _)| *name).collect();
    for (function, _) in server::pages() {
        let mut routed = template.iter().filter(|route| route.function == function);
        assert!(routed.all(|route| route.path.as_deref().is_some_and(is_page)), "{function}");
        served.insert(function);
    }
    assert_eq!(named, served);
    assert_eq!(template.iter().filter(|route| route.path.is_none()).count(), 1, "one default route");
}

#[tokio::test]
async fn the_routers_allow_the_documented_methods() {
    let api = Api::empty().await;
    for (path, item) in openapi::description().paths.paths {
        let item = serde_json::to_value(item).expect("an item");
        let mut methods: BTreeSet<_> =
            item.as_object().expect("operations").keys().map(|name| name.to_uppercase()).collect();
        methods.insert("OPTIONS".to_owned());
        if methods.contains("GET") {
            methods.insert("HEAD".to_owned());
        }
        let reply = api.send("OPTIONS", &path.replace("{id}", "1").replace("{code_prefix}", "spring"), &[], None).await;
        assert_eq!(reply.status, 200, "{path}");
        let allowed: BTreeSet<_> = reply.header("allow").split(", ").map(str::to_owned).collect();
        assert_eq!(allowed, methods, "{path}");
    }
}

#[test]
fn the_gateway_prefers_the_more_specific_route() {
    let routes = routes::of_template().expect("a template");
    let path_of = |path: &str| routes::find(&routes, path).and_then(|found| found.route.path.clone());
    for (path, expected) in [
        ("/api/loyalty/point_history/adjust/", Some("/api/loyalty/point_history/adjust")),
        ("/api/loyalty/point_history/7", Some("/api/loyalty/point_history/{id}")),
        ("/api/loyalty/point_history/7/more/", Some("/api/loyalty/point_history/{proxy+}")),
        ("/api/loyalty/level", Some("/api/loyalty/level")),
        ("/elsewhere", None),
    ] {
        assert_eq!(path_of(path).as_deref(), expected, "{path}");
    }
}

#[test]
fn the_security_page_names_tests_that_there_are() {
    let page = include_str!("../../../docs/security.md");
    let suite = sources("tests/suite");
    let named = page.split('`').skip(1).step_by(2).filter_map(|text| text.rsplit_once("::"));
    let mut looked_up = 0;
    for (module, test) in named.filter(|(_, test)| *test != "test") {
        let file = module.replace("::", "/");
        let source = suite.get(&format!("tests/suite/{file}.rs")).unwrap_or_else(|| panic!("no module {module}"));
        assert!(test == "*" || source.contains(&format!("fn {test}(")), "{module} has no test {test}");
        looked_up += 1;
    }
    assert!(looked_up > 20);
}
