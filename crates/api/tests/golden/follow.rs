//! Following a view reads of each row what its fold asks for, and writes what differs. Whatever happens, the rows must be
//! those of a rebuild.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta};
use lethe_ledger::{Recorded, Trial};

use crate::examples;
use crate::folder::golden;

/// Numbers that follow from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// The golden events that a view follows, one list per type of streams; what begins a stream comes first.
fn streams(view: Trial) -> Vec<Vec<Recorded>> {
    let all: Vec<Recorded> = examples::all()
        .iter()
        .map(|example| {
            let version = example.version();
            example.recorded(&version, &golden().text(&version.file("sealed")))
        })
        .collect();
    let of = |source: &&str| all.iter().filter(|event| event.aggregate_type == *source).cloned().collect();
    view.sources().iter().map(of).collect()
}

/// The same event about other objects, or at another date: a few ids and dates, so that they come again.
fn varied(mut event: Recorded, random: &mut Random) -> Recorded {
    const ID: &str = "-0000000000";
    let shift = u32::try_from(random.below(3)).unwrap();
    let mut payload = String::new();
    for (at, part) in event.payload.split(ID).enumerate() {
        // The last digit of an id is the one that differs.
        match part.chars().nth(1).and_then(|digit| digit.to_digit(16)).filter(|_| at > 0) {
            Some(digit) => {
                let digit = char::from_digit((digit + shift) % 16, 16).unwrap();
                write!(payload, "{ID}{}{digit}{}", &part[..1], &part[2..]).unwrap();
            }
            None if at > 0 => write!(payload, "{ID}{part}").unwrap(),
            None => payload.push_str(part),
        }
    }
    event.payload = payload.replace("\"20", &format!("\"2{}", random.below(4)));
    event
}

/// A history of one object: it begins as such a stream does, and goes on at random.
fn history(stream: &[Recorded], random: &mut Random) -> Vec<Recorded> {
    let mut events = vec![stream[0].clone()];
    for _ in 0..random.below(30) {
        let event = stream[random.below(stream.len())].clone();
        events.push(varied(event, random));
    }
    for (event, place) in events.iter_mut().zip(1..) {
        (event.position, event.sequence) = (place, place);
        event.recorded_at = DateTime::UNIX_EPOCH + TimeDelta::seconds(place);
    }
    events
}

#[test]
fn following_a_view_gives_the_rows_of_its_rebuild_whatever_is_read_and_written() {
    for view in lethe_api::views().trials() {
        let streams = streams(view);
        for seed in 0..60 {
            let random = &mut Random(seed);
            for stream in &streams {
                let events = history(stream, random);
                let at_once = 1 + random.below(5);
                let followed = view.followed(&events, at_once).unwrap();
                let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
                assert_eq!(
                    followed,
                    view.rebuilt(&events).unwrap(),
                    "{} after {types:?}, {at_once} at once",
                    view.name()
                );
            }
        }
    }
}
