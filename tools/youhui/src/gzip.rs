//! Compressed files, recognised by their first bytes and not by their names.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Returns the contents of a file, decompressed if it is a gzip file. A gzip file that was cut gives an error at its
/// end at the latest.
pub(crate) fn expanded(mut file: impl BufRead + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    Ok(match file.fill_buf()?.starts_with(&GZIP) {
        true => Box::new(Expanded(MultiGzDecoder::new(file))),
        false => Box::new(file),
    })
}

struct Expanded<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Expanded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer);
        read.map_err(|error| io::Error::new(error.kind(), format!("the file was cut or changed: {error}")))
    }
}
