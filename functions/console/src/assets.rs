//! The files of the console, which are part of this binary.

use std::{
    borrow::Cow,
    fmt::Write,
    io::Read,
    sync::{LazyLock, OnceLock},
};

use flate2::{Compression, read::GzEncoder};
use sha2::{Digest, Sha256};

/// The name of the page at `/console/`.
pub const INDEX: &str = "index.html";

/// A file of the console.
#[derive(Debug)]
pub struct Asset {
    /// The file name in the URL.
    pub name: &'static str,
    /// The `Content-Type` of the file.
    pub media_type: &'static str,
    /// The contents of the file.
    pub text: Cow<'static, str>,
    /// The `ETag`. It is weak, because the compressed and the plain file have the same one.
    pub etag: String,
    gzip: OnceLock<Vec<u8>>,
}

macro_rules! files {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("../web/", $name)))),*] };
}

/// The files of the console, by name.
static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let files = files!(
        "index.html"
        "style.css"
        "icon.svg"
        "account.js"
        "announce.js"
        "api.js"
        "api_messages.en.js"
        "api_messages.zh.js"
        "app.js"
        "cart.js"
        "chart.js"
        "code.js"
        "codes.js"
        "coupon_picture.js"
        "coupons.js"
        "csv.js"
        "customers.js"
        "deletion.js"
        "dom.js"
        "errors.js"
        "evaluate.js"
        "forms.js"
        "i18n.js"
        "issue.js"
        "issue_batches.js"
        "issue_rows.js"
        "issued.js"
        "keyboard.js"
        "levels.js"
        "lists.js"
        "messages.en.js"
        "messages.zh.js"
        "preview.js"
        "price_rule_form.js"
        "price_rule_messages.en.js"
        "price_rule_messages.zh.js"
        "price_rules.js"
        "priced.js"
        "sign_in.js"
        "tab.js"
    );
    let version = digest(files.iter().flat_map(|(_, text)| text.bytes()).collect::<Vec<_>>().as_slice());
    let assets = files.into_iter().map(|(name, text)| match name {
        INDEX => Asset::new(name, text.replace("\"/console/", &format!("\"/console/{version}/")).into()),
        _ => Asset::new(name, text.into()),
    });
    Assets { assets: assets.collect(), version }
});

/// The files of one build, with their version.
struct Assets {
    assets: Vec<Asset>,
    version: String,
}

/// Returns the version of all files. The page refers to its files under this version, so that a browser never requests
/// a file twice.
pub fn version() -> &'static str {
    &ASSETS.version
}

/// Returns the first 12 bytes of the SHA-256 checksum in hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in &Sha256::digest(bytes)[..12] {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Returns every file.
pub fn all() -> &'static [Asset] {
    &ASSETS.assets
}

/// Returns the file with this name.
pub fn find(name: &str) -> Option<&'static Asset> {
    all().iter().find(|asset| asset.name == name)
}

impl Asset {
    fn new(name: &'static str, text: Cow<'static, str>) -> Self {
        let media_type = match name.rsplit_once('.') {
            Some((_, "html")) => "text/html; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        let etag = format!("W/\"{}\"", digest(text.as_bytes()));
        Self { name, media_type, text, etag, gzip: OnceLock::new() }
    }

    /// Returns the contents compressed with gzip. They are compressed on the first call.
    pub fn gzip(&self) -> &[u8] {
        self.gzip.get_or_init(|| {
            let mut gzip = Vec::new();
            // Reading from memory and writing to memory do not fail.
            let _ = GzEncoder::new(self.text.as_bytes(), Compression::best()).read_to_end(&mut gzip);
            gzip
        })
    }
}
