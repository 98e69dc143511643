//! A file that is written beside its place, and moved there when it is whole.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};

/// The path with this text behind its name.
pub(crate) fn beside(path: &Path, text: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(text);
    name.into()
}

/// How a file is opened that is for its owner alone: it holds the data of customers.
pub(crate) fn for_its_owner(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

enum Out {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
}

/// A file under way, compressed where its name ends in `.gz`.
pub(crate) struct PartFile {
    path: PathBuf,
    /// Where it is until it is whole.
    pub(crate) part: PathBuf,
    out: Out,
}

/// Nothing is written over. `flag` is the one that names the file.
pub(crate) fn is_there(flag: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("is there already: remove it, or give another {flag}"))
}

impl PartFile {
    /// Begins a file where there is none, for its owner alone.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        if path.exists() {
            return Err(is_there("--to"));
        }
        let part = beside(path, ".part");
        let file = for_its_owner(File::options().create(true).truncate(true).write(true)).open(&part)?;
        let file = BufWriter::new(file);
        let out = match path.extension() {
            Some(extension) if extension == "gz" => Out::Gzip(GzEncoder::new(file, Compression::default())),
            _ => Out::Plain(file),
        };
        Ok(Self { path: path.to_owned(), part, out })
    }

    /// Ends the file, and puts it in its place.
    pub(crate) fn finish(self) -> io::Result<()> {
        let ended = match self.out {
            Out::Plain(out) => Ok(out),
            Out::Gzip(out) => out.finish(),
        };
        ended.and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error))?.sync_all()?;
        fs::rename(&self.part, &self.path)
    }

    /// Leaves nothing of it behind.
    pub(crate) fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.part)
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Out::Plain(out) => out.write(bytes),
            Out::Gzip(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Plain(out) => out.flush(),
            Out::Gzip(out) => out.flush(),
        }
    }
}
