//! The files of the console, as this binary was built with them.

use std::{fmt::Write, io::Read, sync::LazyLock};

use flate2::{Compression, read::GzEncoder};
use sha2::{Digest, Sha256};

/// The page that `/console/` is.
pub const INDEX: &str = "index.html";

/// A file.
#[derive(Debug)]
pub struct Asset {
    /// Its name in the address.
    pub name: &'static str,
    /// Its `Content-Type`.
    pub media_type: &'static str,
    /// What it holds.
    pub text: &'static str,
    /// The same, compressed.
    pub gzip: Vec<u8>,
    /// A weak tag: the compressed file and the plain one are the same file.
    pub etag: String,
}

macro_rules! files {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("../web/", $name)))),*] };
}

/// The files by name.
static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let files = files!(
        "index.html"
        "style.css"
        "icon.svg"
        "account.js"
        "announce.js"
        "api.js"
        "app.js"
        "cart.js"
        "chart.js"
        "code.js"
        "codes.js"
        "coupon_picture.js"
        "coupons.js"
        "csv.js"
        "customers.js"
        "dom.js"
        "errors.js"
        "evaluate.js"
        "forms.js"
        "i18n.js"
        "issue.js"
        "issue_batches.js"
        "keyboard.js"
        "levels.js"
        "lists.js"
        "messages.en.js"
        "messages.zh.js"
        "preview.js"
        "price_rule_form.js"
        "price_rules.js"
        "priced.js"
        "sign_in.js"
    );
    files.into_iter().map(|(name, text)| Asset::new(name, text)).collect()
});

/// Every file.
pub fn all() -> &'static [Asset] {
    &ASSETS
}

/// The file of this name.
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

impl Asset {
    fn new(name: &'static str, text: &'static str) -> Self {
        let media_type = match name.rsplit_once('.') {
            Some((_, "html")) => "text/html; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        let mut gzip = Vec::new();
        // Reading from memory and writing into it do not fail.
        let _ = GzEncoder::new(text.as_bytes(), Compression::best()).read_to_end(&mut gzip);
        let mut etag = "W/\"".to_owned();
        for byte in &Sha256::digest(text.as_bytes())[..12] {
            let _ = write!(etag, "{byte:02x}");
        }
        etag.push('"');
        Self { name, media_type, text, gzip, etag }
    }
}
