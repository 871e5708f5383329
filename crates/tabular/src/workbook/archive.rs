//! Checks a workbook's archive before it is parsed.

use std::io::Read;

use zip::ZipArchive;

use super::{HELD_LIMIT, UNPACKED_LIMIT};
use crate::Error;
use crate::source::Source;

/// The longest run of text or attributes between two tags. The parser holds one such run in memory; Excel's own cells
/// have at most 32,767 characters.
const RUN_LIMIT: usize = 16 * 1024 * 1024;

/// The attribute by whose number the parser reserves memory before it reads the first shared string.
const COUNT: &[u8] = b"uniqueCount";
/// Room for that attribute, its `="` and twenty digits.
const COUNT_LENGTH: usize = 64;
/// The shortest shared string, `<si/>`.
const SHORTEST_STRING: u64 = 5;

/// Unpacks every part to nothing and leaves the source rewound.
pub(super) fn check(source: &mut Box<dyn Source>) -> Result<(), Error> {
    check_within(source, Room { unpacked: UNPACKED_LIMIT, held: HELD_LIMIT })
}

fn check_within(source: &mut Box<dyn Source>, mut room: Room) -> Result<(), Error> {
    let mut archive = ZipArchive::new(&mut *source).map_err(|_| Error::Corrupt)?;
    // Nothing is declared where sizes follow the parts, as streaming writers have it.
    if archive.decompressed_size().is_some_and(|size| size > u128::from(room.unpacked)) {
        return Err(Error::TooLarge { limit: UNPACKED_LIMIT });
    }
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| Error::Corrupt)?;
        let name = part.name().map_err(|_| Error::Corrupt)?.to_ascii_lowercase();
        let streamed = name.contains("worksheets/") && !name.contains("sharedstrings");
        if streamed { check_streamed(part, &mut room)? } else { check_held(part, &mut room)? }
    }
    source.rewind()?;
    Ok(())
}

/// The bytes that the parts may still have.
struct Room {
    unpacked: u64,
    held: u64,
}

impl Room {
    fn take(&mut self, bytes: usize, held: bool) -> Result<(), Error> {
        let bytes = bytes as u64;
        let less = |room: u64, limit| room.checked_sub(bytes).ok_or(Error::TooLarge { limit });
        self.unpacked = less(self.unpacked, UNPACKED_LIMIT)?;
        if held {
            self.held = less(self.held, HELD_LIMIT)?;
        }
        Ok(())
    }
}

/// Reading a part to its end also compares its checksum.
fn check_streamed(part: impl Read, room: &mut Room) -> Result<(), Error> {
    let mut run = 0;
    read_chunks(part, |bytes| {
        room.take(bytes.len(), false)?;
        check_runs(bytes, &mut run)
    })
}

fn check_held(part: impl Read, room: &mut Room) -> Result<(), Error> {
    let (mut size, mut run, mut count) = (0, 0, 0);
    let mut window = Vec::new();
    read_chunks(part, |bytes| {
        room.take(bytes.len(), true)?;
        size += bytes.len() as u64;
        window.extend_from_slice(bytes);
        count = largest_count(&window).max(count);
        window.drain(..window.len().saturating_sub(COUNT_LENGTH));
        check_runs(bytes, &mut run)
    })?;
    if count > size / SHORTEST_STRING { Err(Error::Corrupt) } else { Ok(()) }
}

fn read_chunks(mut part: impl Read, mut each: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = part.read(&mut chunk).map_err(|_| Error::Corrupt)?;
        if read == 0 {
            return Ok(());
        }
        each(chunk.get(..read).unwrap_or_default())?;
    }
}

/// Goes on counting the run in which the last chunk ended.
fn check_runs(bytes: &[u8], run: &mut usize) -> Result<(), Error> {
    for (index, piece) in bytes.split(|&byte| byte == b'<').enumerate() {
        *run = if index == 0 { *run + piece.len() } else { piece.len() };
        if *run > RUN_LIMIT {
            return Err(Error::Corrupt);
        }
    }
    Ok(())
}

/// The largest number that a count in these bytes has; a number beyond `u64` is the largest there is.
fn largest_count(bytes: &[u8]) -> u64 {
    let mut largest = 0;
    let mut rest = bytes;
    while let Some(at) = rest.windows(COUNT.len()).position(|window| window == COUNT) {
        rest = rest.get(at + COUNT.len()..).unwrap_or_default();
        let digits = rest.iter().skip_while(|byte| b" \t\r\n='\"+".contains(byte));
        let number = digits
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0_u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
        largest = largest.max(number);
    }
    largest
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Seek, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn room() -> Room {
        Room { unpacked: 20_000_000, held: 1_000_000 }
    }

    #[test]
    fn sizes_are_those_that_are_read() {
        let endless = || std::io::repeat(b'<');
        assert_eq!(check_held(endless(), &mut room()), Err(Error::TooLarge { limit: HELD_LIMIT }));
        let mut little = Room { unpacked: 1_000_000, held: 0 };
        assert_eq!(check_streamed(endless(), &mut little), Err(Error::TooLarge { limit: UNPACKED_LIMIT }));
    }

    #[test]
    fn a_bomb_is_refused_whether_or_not_it_declares_its_size() {
        for (part, limit) in
            [("xl/sharedStrings.xml", HELD_LIMIT), ("xl/worksheets/sheet1.xml", UNPACKED_LIMIT)]
        {
            let mut seekable = ZipWriter::new(Cursor::new(Vec::new()));
            let mut streamed = ZipWriter::new_stream(Vec::new());
            fill(&mut seekable, part);
            fill(&mut streamed, part);
            let streamed = streamed.finish().unwrap().into_inner();
            for bomb in [seekable.finish().unwrap().into_inner(), streamed] {
                assert!(bomb.len() < 20_000);
                let mut source: Box<dyn Source> = Box::new(Cursor::new(bomb));
                let room = Room { unpacked: 2_500_000, held: 1_000_000 };
                assert_eq!(check_within(&mut source, room), Err(Error::TooLarge { limit }));
            }
        }
    }

    fn fill(writer: &mut ZipWriter<impl Write + Seek>, part: &str) {
        let size = if part.contains("sheet1") { 3_000_000 } else { 2_000_000 };
        writer.start_file(part, SimpleFileOptions::default()).unwrap();
        writer.write_all(&vec![b'<'; size]).unwrap();
    }

    #[test]
    fn an_endless_text_is_refused() {
        assert_eq!(check_streamed(std::io::repeat(b'x'), &mut room()), Err(Error::Corrupt));
    }

    #[test]
    fn a_count_of_more_strings_than_there_is_room_for_is_refused() {
        let part = |count: &str| format!("<sst count=\"1\" uniqueCount=\"{count}\"><si><t>a</t></si></sst>");
        assert_eq!(check_held(part("1").as_bytes(), &mut room()), Ok(()));
        assert_eq!(check_held(part("1000").as_bytes(), &mut room()), Err(Error::Corrupt));
        assert_eq!(check_held(part("99999999999999999999999").as_bytes(), &mut room()), Err(Error::Corrupt));
        let late = format!("{}{}", "<!---->".repeat(10_000), part("1000000000000"));
        assert_eq!(check_held(late.as_bytes(), &mut room()), Err(Error::Corrupt));
    }
}
