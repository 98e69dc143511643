//! A headless Chromium, driven by the WebDriver protocol (JSON over HTTP). `.ci/browser` starts its driver.

use std::{env, fs, path::Path};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Api, TOKEN};

/// The time limit for an expected state of a page, in milliseconds.
const PATIENCE: u64 = 30_000;
/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The screen of a browser: size, language and colour scheme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) language: &'static str,
    pub(crate) dark: bool,
}

/// A desktop screen, in English, in light colours.
pub(crate) const DESK: Screen = Screen { width: 1280, height: 900, language: "en-US", dark: false };
/// The narrowest supported phone.
pub(crate) const PHONE: Screen = Screen { width: 360, height: 740, ..DESK };

/// A browser with one window on the console of a server.
pub(crate) struct Browser {
    http: reqwest::Client,
    session: String,
    home: String,
    // The folder is removed when the browser has ended.
    _profile: TempDir,
}

/// Returns the arguments of a browser that makes no requests of its own.
fn arguments(profile: &Path, screen: Screen) -> Vec<String> {
    let quiet = [
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "disable-dev-shm-usage",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "disable-extensions",
    ];
    let mut arguments: Vec<_> = quiet.iter().map(|flag| format!("--{flag}")).collect();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments.push(format!("--lang={}", screen.language));
    arguments
}

impl Browser {
    /// Starts a browser without a page.
    async fn start(home: String, screen: Screen) -> Self {
        let driver = env::var("YOUHUI_WEBDRIVER").expect("YOUHUI_WEBDRIVER: run .ci/browser");
        let profile = tempfile::tempdir().expect("a folder");
        let http = reqwest::Client::new();
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {
                "args": arguments(profile.path(), screen),
                "prefs": {"intl.accept_languages": screen.language},
            },
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "timeouts": {"script": PATIENCE},
        }}});
        let made = answer(http.post(format!("{driver}/session")).json(&capabilities)).await;
        let session = format!("{driver}/session/{}", made["sessionId"].as_str().expect("a session"));
        let browser = Self { http, session, home, _profile: profile };
        let Screen { width, height, dark, .. } = screen;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = json!([{"name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" }}]);
        browser.devtools("Emulation.setEmulatedMedia", json!({ "features": scheme })).await;
        browser
    }

    /// Opens a page of this server.
    pub(crate) async fn at(api: &Api, path: &str, screen: Screen) -> Self {
        let browser = Self::start(api.server.url(), screen).await;
        browser.command("url", json!({"url": format!("{}{path}", browser.home)})).await;
        browser
    }

    /// Opens the console of this server, which asks for a token.
    pub(crate) async fn open(api: &Api, screen: Screen) -> Self {
        let browser = Self::at(api, "/console/", screen).await;
        browser.wait("document.querySelector('input[name=token]')").await;
        browser
    }

    /// Opens the console of this server and signs in with the token of the demo shop.
    pub(crate) async fn signed_in(api: &Api, screen: Screen) -> Self {
        let browser = Self::open(api, screen).await;
        browser.sign_in(TOKEN).await;
        browser
    }

    /// Signs in with a token.
    pub(crate) async fn sign_in(&self, token: &str) {
        self.fill("[name=token]", token).await;
        self.click("form [type=submit]").await;
        self.shown("").await;
    }

    async fn command(&self, path: &str, body: Value) -> Value {
        answer(self.http.post(format!("{}/{path}", self.session)).json(&body)).await
    }

    /// Sends a command of Chromium's own protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    /// Runs a script with these arguments and returns its result.
    pub(crate) async fn script(&self, script: &str, arguments: Value) -> Value {
        self.command("execute/sync", json!({"script": script, "args": arguments})).await
    }

    /// Returns the value of an expression.
    pub(crate) async fn read(&self, expression: &str) -> Value {
        self.script(&format!("return {expression}"), json!([])).await
    }

    /// Waits until an expression is truthy and returns its value. The expression is evaluated whenever the page is
    /// drawn.
    pub(crate) async fn wait(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             const look = () => {{ const found = ({expression}); found ? done(found) : setTimeout(look, 10); }};
             look();"
        );
        let body = json!({"script": script, "args": []});
        let reply =
            self.http.post(format!("{}/execute/async", self.session)).json(&body).send().await.expect("a driver");
        let status = reply.status();
        let value: Value = reply.json().await.expect("JSON");
        if !status.is_success() {
            self.screenshot("waited-in-vain").await;
            let page = self.read("document.body.innerText").await;
            panic!("waited for {expression}: {}\n{}", value["value"]["error"], page.as_str().unwrap_or_default());
        }
        value["value"].clone()
    }

    /// Opens a view and waits until it is drawn. An empty name waits for the view that is being drawn.
    pub(crate) async fn show(&self, view: &str) {
        self.script("location.hash = arguments[0]", json!([format!("#/{view}")])).await;
        self.shown(&format!("#/{view}")).await;
    }

    /// Leaves a view with unsaved input for another and confirms the question.
    pub(crate) async fn leave_for(&self, view: &str) {
        self.script("location.hash = arguments[0]", json!([format!("#/{view}")])).await;
        self.click_text("Leave").await;
        self.shown(&format!("#/{view}")).await;
    }

    /// Waits until the view of this address and all its parts are drawn.
    pub(crate) async fn shown(&self, hash: &str) {
        let here = if hash.is_empty() { "location.hash".to_owned() } else { json!(hash).to_string() };
        self.wait(&format!(
            "document.querySelector('#main')?.dataset.shown === {here} && !document.querySelector('#main[aria-busy]') \
             && !document.querySelector('[aria-busy], .waiting')"
        ))
        .await;
    }

    async fn element(&self, selector: &str) -> String {
        self.wait(&format!("document.querySelector({})", json!(selector))).await[ELEMENT]
            .as_str()
            .expect("an element")
            .to_owned()
    }

    /// Clicks an element as a mouse does. The element must be visible.
    pub(crate) async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.script("arguments[0].scrollIntoView({block: 'center'})", json!([{ ELEMENT: element }])).await;
        self.command(&format!("element/{element}/click"), json!({})).await;
    }

    /// Clicks the button or the link with this text.
    pub(crate) async fn click_text(&self, text: &str) {
        let found = format!(
            "[...document.querySelectorAll('dialog[open] button, body:not(:has(dialog[open])) :is(button, a)')]\
             .find((one) => one.textContent.trim() === {} && one.checkVisibility())",
            json!(text)
        );
        let element = self.wait(&found).await;
        self.script("arguments[0].scrollIntoView({block: 'center'})", json!([element])).await;
        let id = element[ELEMENT].as_str().expect("an element").to_owned();
        self.command(&format!("element/{id}/click"), json!({})).await;
    }

    /// Replaces the content of a field.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.script("arguments[0].select?.()", json!([{ ELEMENT: element }])).await;
        self.command(&format!("element/{element}/value"), json!({ "text": text })).await;
    }

    /// Selects an option of a field, or toggles a checkbox.
    pub(crate) async fn choose(&self, selector: &str, value: &str) {
        let element = self.element(selector).await;
        let script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true})); \
                      arguments[0].dispatchEvent(new Event('change', {bubbles: true}))";
        self.script(script, json!([{ ELEMENT: element }, value])).await;
    }

    /// Presses keys one after the other in the focused element. Names such as `\u{E007}` (Enter) are WebDriver's.
    pub(crate) async fn press(&self, keys: &str) {
        let presses = keys.chars().flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})));
        let actions = json!({"actions": [{"type": "key", "id": "keys", "actions": presses.collect::<Vec<_>>()}]});
        self.command("actions", actions).await;
    }

    /// Waits until the page shows this text.
    pub(crate) async fn says(&self, text: &str) {
        self.wait(&format!("document.body.innerText.includes({})", json!(text))).await;
    }

    /// Waits for the error of a field and returns it.
    pub(crate) async fn error_of(&self, field: &str) -> String {
        let expression = format!("document.querySelector('[data-error=\"{field}\"]')?.textContent");
        self.wait(&expression).await.as_str().expect("a text").to_owned()
    }

    /// Saves a screenshot under `target/screenshots`.
    pub(crate) async fn screenshot(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
        fs::create_dir_all(&folder).expect("a folder");
        let picture = answer(self.http.get(format!("{}/screenshot", self.session))).await;
        let bytes = BASE64_STANDARD.decode(picture.as_str().expect("a picture")).expect("base64");
        fs::write(folder.join(format!("{name}.png")), bytes).expect("a file");
    }

    /// Returns errors of the page, violations of its policy, and requests to any other host. API replies with an
    /// `expected` status are no errors.
    pub(crate) async fn trouble(&self, expected: &[u16]) -> Vec<String> {
        let logged = self.command("se/log", json!({"type": "browser"})).await;
        let logged = logged.as_array().expect("a log").iter().filter(|entry| entry["level"] == "SEVERE");
        let messages = logged.filter_map(|entry| entry["message"].as_str().map(str::to_owned));
        let is_expected =
            |message: &String| expected.iter().any(|status| message.contains(&format!("with a status of {status} ")));
        let mut trouble: Vec<_> = messages.filter(|message| !is_expected(message)).collect();
        let requests = self.command("se/log", json!({"type": "performance"})).await;
        for entry in requests.as_array().expect("a log") {
            let event: Value = serde_json::from_str(entry["message"].as_str().expect("a message")).expect("JSON");
            let event = &event["message"];
            let Some(url) = event["params"]["request"]["url"].as_str() else { continue };
            // The browser's own start page consists of chrome:// files.
            let is_elsewhere = (url.starts_with("http") || url.starts_with("ws")) && !url.starts_with(&self.home);
            if event["method"] == "Network.requestWillBeSent" && is_elsewhere {
                trouble.push(format!("a request to {url}"));
            }
            if url.contains(TOKEN) {
                trouble.push(format!("the token stands in {url}"));
            }
        }
        trouble
    }

    /// Closes the browser. Asserts that nothing went wrong except API replies with these statuses.
    pub(crate) async fn close(self, expected: &[u16]) {
        let trouble = self.trouble(expected).await;
        answer(self.http.delete(&self.session)).await;
        assert_eq!(trouble, Vec::<String>::new());
    }
}

/// Returns the value of a reply of the driver.
async fn answer(request: reqwest::RequestBuilder) -> Value {
    let reply = request.send().await.expect("a driver");
    let status = reply.status();
    let mut value: Value = reply.json().await.expect("JSON");
    assert!(status.is_success(), "{}", value["value"]["message"]);
    value["value"].take()
}
