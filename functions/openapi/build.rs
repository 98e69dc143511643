//! Compresses the files that the function serves, once, so that the binary is small and a reply costs nothing: the
//! description of `docs/`, the page of `reference/`, and Swagger UI out of its crate.

use std::{
    env, fs,
    io::{Cursor, Error, Read, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, GzBuilder};
use zip::ZipArchive;

/// Swagger UI's files that the page needs, and how they are served: a path without a dot would get a slash at its end.
const SWAGGER_UI: [(&str, &str); 4] = [
    ("swagger-ui-bundle.js", "swagger-ui-bundle.js"),
    ("swagger-ui.css", "swagger-ui.css"),
    ("LICENSE", "LICENSE.txt"),
    ("NOTICE", "NOTICE.txt"),
];

fn main() -> Result<(), Error> {
    let to = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| Error::other("no OUT_DIR"))?);
    for description in ["openapi.json", "openapi.zh.json"] {
        let path = Path::new("../../docs").join(description);
        let value: serde_json::Value = serde_json::from_slice(&read(&path)?)?;
        pack(&to, description, &serde_json::to_vec(&value)?)?;
    }
    for file in ["index.html", "reference.js", "reference.css"] {
        pack(&to, file, &read(&Path::new("reference").join(file))?)?;
    }
    let mut archive =
        ZipArchive::new(Cursor::new(utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED)).map_err(Error::other)?;
    let mut found = 0;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(Error::other)?;
        let path = file.name().map_err(Error::other)?.into_owned();
        let name = path.rsplit('/').next().unwrap_or_default();
        // `dist/` holds what is built, the root the licence.
        let is_ours = path.split('/').nth(1).is_some_and(|folder| folder == "dist" || folder == name);
        let served = SWAGGER_UI.iter().find(|(known, _)| *known == name).map(|(_, served)| *served);
        if let Some(served) = served.filter(|_| is_ours) {
            let mut content = Vec::new();
            file.read_to_end(&mut content)?;
            pack(&to, served, &content)?;
            found += 1;
        }
    }
    if found == SWAGGER_UI.len() { Ok(()) } else { Err(Error::other(format!("{found} files of Swagger UI"))) }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    println!("cargo::rerun-if-changed={}", path.display());
    fs::read(path).map_err(|error| Error::other(format!("{}: {error}", path.display())))
}

/// Without a time: the same content is the same file.
fn pack(to: &Path, name: &str, content: &[u8]) -> Result<(), Error> {
    let file = fs::File::create(to.join(format!("{name}.gz")))?;
    let mut packed = GzBuilder::new().mtime(0).write(file, Compression::best());
    packed.write_all(content)?;
    packed.finish()?;
    Ok(())
}
