//! `/console/`: the files of the page as they are served. The other modules of `console` test the page in a browser.

use std::{collections::BTreeSet, fs, io::Read, path::Path};

use console::assets;
use flate2::read::GzDecoder;
use tests::Api;

const PAGE: &str = "/console/";

#[tokio::test]
async fn every_file_is_served_with_its_type_and_what_a_browser_may_do_with_it() {
    let api = Api::empty().await;
    for asset in assets::all() {
        let is_page = asset.name == assets::INDEX;
        let path = if is_page { PAGE.to_owned() } else { format!("{PAGE}{}/{}", assets::version(), asset.name) };
        let reply = api.send("GET", &path, &[], None).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, asset.text.as_ref()), "{}", asset.name);
        assert_eq!(reply.header("content-type"), asset.media_type);
        assert_eq!(
            reply.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
             frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        );
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        let kept = if is_page { "no-cache" } else { "public, max-age=31536000, immutable" };
        assert_eq!((reply.header("cache-control"), reply.header("vary")), (kept, "accept-encoding"));
        assert!(!reply.header("x-request-id").is_empty());
    }
    for page in ["/console", PAGE] {
        let reply = api.send("GET", page, &[], None).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "text/html; charset=utf-8"), "{page}");
    }
    // The root path redirects there, and this client follows.
    let page = assets::find(assets::INDEX).map(|asset| asset.text.as_ref());
    let root = api.send("GET", "/", &[], None).await;
    assert_eq!((root.status, Some(root.text.as_str())), (200, page));
    // A page of another version gets the files of this version and does not cache them.
    let reply = api.send("GET", &format!("{PAGE}0123456789ab/app.js"), &[], None).await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-cache"));
}

#[tokio::test]
async fn what_a_browser_has_already_is_a_304_without_a_body() {
    let api = Api::empty().await;
    let etag = api.send("GET", PAGE, &[], None).await.header("etag").to_owned();
    assert!(etag.starts_with("W/\""), "{etag}");
    for known in [etag.clone(), "*".to_owned(), format!("\"other\", {etag}")] {
        let reply = api.send("GET", PAGE, &[("If-None-Match", &known)], None).await;
        assert_eq!((reply.status, reply.text.as_str(), reply.header("etag")), (304, "", etag.as_str()), "{known}");
        assert!(!reply.header("content-security-policy").is_empty());
    }
    assert_eq!(api.send("GET", PAGE, &[("If-None-Match", "W/\"other\"")], None).await.status, 200);
    let etags: BTreeSet<_> = assets::all().iter().map(|asset| &asset.etag).collect();
    assert_eq!(etags.len(), assets::all().len());
}

#[tokio::test]
async fn what_a_client_takes_compressed_is_compressed() {
    let api = Api::empty().await;
    let client = reqwest::Client::new();
    let address = format!("{}{PAGE}", api.server.url());
    for (accepted, compressed) in
        [("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false), ("x-gzip", false)]
    {
        let reply = client.get(&address).header("Accept-Encoding", accepted).send().await.expect("a reply");
        let encoding = reply.headers().get("content-encoding").map(|value| value.to_str().expect("a text").to_owned());
        assert_eq!(encoding.as_deref(), compressed.then_some("gzip"), "{accepted}");
        let body = reply.bytes().await.expect("a body");
        let mut text = String::new();
        if compressed {
            GzDecoder::new(body.as_ref()).read_to_string(&mut text).expect("gzip");
        } else {
            text = String::from_utf8(body.to_vec()).expect("a text");
        }
        assert_eq!(Some(text.as_str()), assets::find(assets::INDEX).map(|asset| asset.text.as_ref()), "{accepted}");
    }
}

#[tokio::test]
async fn other_files_are_a_404_other_methods_a_405() {
    let api = Api::empty().await;
    for path in ["app.js", "nothing", "a/b", "a/b/app.js", "a/%2e%2e%2flib.rs", "a/app.js/"] {
        let reply = api.send("GET", &format!("{PAGE}{path}"), &[], None).await;
        assert_eq!((reply.status, reply.text.contains("detail")), (404, true), "{path}");
    }
    let head = api.send("HEAD", PAGE, &[], None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let reply = api.send(method, PAGE, &[], None).await;
        assert_eq!((reply.status, reply.header("allow")), (405, "GET, HEAD, OPTIONS"), "{method}");
    }
    assert_eq!(api.send("OPTIONS", PAGE, &[], None).await.status, 200);
    assert!(api.server.roles["console"].called().is_empty(), "it calls nothing");
}

/// Returns the files in the folder.
fn folder() -> BTreeSet<String> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/console/web");
    fs::read_dir(web)
        .expect("a folder")
        .map(|file| file.expect("a file").file_name().into_string().expect("a name"))
        .collect()
}

#[test]
fn every_file_is_served_and_every_module_is_loaded_at_once() {
    let served: BTreeSet<_> = assets::all().iter().map(|asset| asset.name.to_owned()).collect();
    assert_eq!(served, folder());
    let index = &assets::find(assets::INDEX).expect("the page").text;
    for asset in assets::all().iter().filter(|asset| asset.name.ends_with(".js")) {
        assert!(
            index.contains(&format!("\"/console/{}/{}\"", assets::version(), asset.name)),
            "{} is not preloaded",
            asset.name
        );
        assert!(asset.text.lines().count() <= 400, "{} is too long", asset.name);
        for unsafe_way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
            assert!(!asset.text.contains(unsafe_way), "{}: {unsafe_way}", asset.name);
        }
    }
}

/// Returns the names of the texts of a language.
fn texts(name: &str) -> BTreeSet<&'static str> {
    let lines = assets::find(name).expect("the texts").text.lines();
    lines.filter_map(|line| line.strip_prefix("  \"")?.split_once("\":")).map(|(name, _)| name).collect()
}

#[test]
fn both_languages_have_the_same_texts_and_no_module_asks_for_another() {
    let of = |language| {
        let parts = ["messages", "price_rule_messages"];
        parts.iter().flat_map(|part| texts(&format!("{part}.{language}.js"))).collect::<BTreeSet<_>>()
    };
    let english = of("en");
    assert!(english.len() > 100);
    assert_eq!(english, of("zh"));
    for asset in assets::all().iter().filter(|asset| asset.name.ends_with(".js")) {
        for asked in asset.text.split("t(\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(name, _)| name) {
            // A name that ends with a dot is completed at run time.
            let known = english.contains(asked) || asked.ends_with('.');
            assert!(known || !asset.text.contains(&format!(" t(\"{asked}")), "{}: {asked}", asset.name);
        }
    }
}

#[test]
fn the_first_load_stays_small() {
    let compressed: usize = assets::all().iter().map(|asset| asset.gzip().len()).sum();
    println!("{compressed} bytes");
    assert!(compressed < 90_000, "{compressed} bytes");
}
