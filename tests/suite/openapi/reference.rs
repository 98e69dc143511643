//! `/docs/`: the reference for people. The function serves all of its files, it loads nothing from elsewhere, and its
//! content policy says so.

use std::io::Read;

use flate2::read::GzDecoder;
use tests::{Api, Reply};

const FILES: [(&str, &str); 6] = [
    ("", "text/html; charset=utf-8"),
    ("reference.js", "text/javascript; charset=utf-8"),
    ("reference.css", "text/css; charset=utf-8"),
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("LICENSE.txt", "text/plain; charset=utf-8"),
];

async fn get(api: &Api, path: &str, headers: &[(&str, &str)]) -> Reply {
    api.send("GET", path, headers, None).await
}

#[tokio::test]
async fn every_file_is_there_without_a_token() {
    let api = Api::empty().await;
    for (name, media_type) in FILES {
        let reply = get(&api, &format!("/docs/{name}"), &[]).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, media_type), "{name}");
        assert!(!reply.text.is_empty() && !reply.header("x-request-id").is_empty(), "{name}");
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("http") && !policy.contains('*') && !policy.contains("unsafe-eval"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    assert_eq!(get(&api, "/docs", &[]).await.text, get(&api, "/docs/", &[]).await.text);
    for path in ["/docs/nothing.js", "/docs/..%2Fopenapi.json", "/docs/a/b/"] {
        assert_eq!(get(&api, path, &[]).await.text, r#"{"detail":"Not found."}"#, "{path}");
    }
}

#[tokio::test]
async fn the_page_names_only_files_of_its_own() {
    let api = Api::empty().await;
    let page = get(&api, "/docs/", &[]).await.text;
    let named = page.split(['"']).filter(|text| text.starts_with('/') || text.contains("//"));
    let mut named: Vec<_> = named.map(str::to_owned).collect();
    named.dedup();
    assert!(named.len() > 4, "{named:?}");
    for path in named {
        assert_eq!(get(&api, &path, &[]).await.status, 200, "{path}");
    }
    for name in ["reference.js", "reference.css"] {
        assert!(!get(&api, &format!("/docs/{name}"), &[]).await.text.contains("://"), "{name}");
    }
}

#[tokio::test]
async fn a_client_that_takes_gzip_gets_it_and_knows_it_again() {
    let api = Api::empty().await;
    for path in ["/docs/", "/docs/swagger-ui-bundle.js", "/api/openapi.json"] {
        let plain = get(&api, path, &[]).await;
        for refusal in ["identity", "br", "gzip;q=0", "gzip; q=0.0"] {
            let reply = get(&api, path, &[("Accept-Encoding", refusal)]).await;
            assert_eq!((reply.header("content-encoding"), &reply.text), ("", &plain.text), "{path} {refusal}");
        }
        let (headers, zipped) = api.file(path, &[("Accept-Encoding", "br, GZIP;q=0.8")]).await;
        assert_eq!(headers["content-encoding"], "gzip", "{path}");
        let mut text = String::new();
        GzDecoder::new(&*zipped).read_to_string(&mut text).expect("gzip");
        assert_eq!(text, plain.text, "{path}");
        assert!(zipped.len() * 3 < text.len() * 2, "{path}");
        assert_ne!(headers["etag"], plain.header("etag"));
        assert_eq!((plain.header("vary"), plain.header("cache-control")), ("accept-encoding", "no-cache"));
        let known = format!("\"other\", W/{}", plain.header("etag"));
        let again = get(&api, path, &[("If-None-Match", &known)]).await;
        assert_eq!(
            (again.status, again.text.as_str(), again.header("etag")),
            (304, "", plain.header("etag")),
            "{path}"
        );
    }
}
