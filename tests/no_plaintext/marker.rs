//! Values that occur nowhere else.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use lethe_nordic::{Country, Personnummer, Phone};

/// What is looked for: a name for the failure's message, and the text as it would be left behind.
#[derive(Default)]
pub(crate) struct Markers {
    texts: BTreeMap<String, String>,
    shown: Vec<(String, String)>,
}

/// A number below `bound`.
fn below(bound: u64) -> u64 {
    RandomState::new().build_hasher().finish() % bound
}

/// Random small letters.
pub(crate) fn letters(count: usize) -> String {
    (0..count).map(|_| char::from(b'a' + u8::try_from(below(26)).unwrap())).collect()
}

impl Markers {
    fn add(&mut self, name: &str, text: &str) {
        let number = self.texts.len();
        self.texts.insert(format!("{name} ({number})"), text.to_owned());
    }

    /// A word that is stored, and shown to whoever may read it.
    pub(crate) fn word(&mut self, name: &str) -> String {
        let word = self.unshown(name);
        self.shown.push((name.to_owned(), word.clone()));
        word
    }

    /// A word that is refused or never shown: with the letters that encodings differ in, and plain ones.
    pub(crate) fn unshown(&mut self, name: &str) -> String {
        let word = format!("Q{}æØå{}", letters(9), letters(9));
        self.add(name, &word);
        for part in word.split("æØå") {
            self.add(&format!("{name}, a part"), part);
        }
        word
    }

    /// A word of ASCII, for names that GraphQL and HTTP do not allow other letters in.
    pub(crate) fn plain(&mut self, name: &str) -> String {
        let word = format!("q{}", letters(15));
        self.add(name, &word);
        word
    }

    /// A text that was made elsewhere.
    pub(crate) fn made(&mut self, name: &str, text: &str) {
        self.add(name, text);
    }

    /// An e-mail address, by its local part.
    pub(crate) fn email(&mut self, name: &str) -> String {
        let local = self.plain(name);
        self.shown.push((name.to_owned(), local.clone()));
        format!("{local}@example.org")
    }

    /// A Danish phone number, as people write it and as it is stored.
    pub(crate) fn phone(&mut self, name: &str) -> String {
        loop {
            let written = format!("+45 {} {:03} {:03}", 20 + below(79), below(1000), below(1000));
            let Ok(phone) = Phone::parse(&written, Country::Denmark) else { continue };
            self.add(name, phone.as_str());
            self.add(name, &written[4..]);
            self.shown.push((name.to_owned(), phone.as_str().to_owned()));
            return written;
        }
    }

    /// The CPR number of somebody born in the nineteenth century. Nobody is shown more than its date.
    pub(crate) fn cpr(&mut self, name: &str) -> String {
        let date = format!("{:02}{:02}{:02}", 1 + below(28), 1 + below(12), 58 + below(42));
        let serial = format!("{}{:03}", 5 + below(4), below(1000));
        self.add(name, &format!("{date}{serial}"));
        self.add(name, &format!("{date}-{serial}"));
        format!("{date}-{serial}")
    }

    /// The personnummer of somebody born in the nineteenth century.
    pub(crate) fn personnummer(&mut self, name: &str) -> String {
        let date = format!("{:02}{:02}{:02}", 10 + below(90), 1 + below(12), 1 + below(28));
        let serial = format!("{:03}", below(1000));
        let whole = |check: u64| format!("18{date}-{serial}{check}");
        let number = (0..10).map(whole).find(|number| Personnummer::parse(number).is_ok()).unwrap();
        self.add(name, &number[2..]);
        self.add(name, &number.replace('-', "")[2..]);
        number
    }

    /// Everything to look for.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// What must have been read back, each with its name.
    pub(crate) fn shown(&self) -> &[(String, String)] {
        &self.shown
    }
}
