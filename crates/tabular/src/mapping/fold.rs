//! One spelling for all ways of writing a header.

/// Drops case, blank space, punctuation and accents. `å`, `aa`, `æ`, `ae` and `ä` become `a`; `ø`, `oe` and `ö` become
/// `o`. That brings together more than is the same, but a vocabulary has no two columns that differ only in that.
pub(super) fn fold(header: &str) -> String {
    let mut folded = String::with_capacity(header.len());
    let letters = header.chars().flat_map(char::to_lowercase);
    for letter in letters.filter(|&c| !is_ignored(c)).map(base) {
        let second_half =
            matches!((folded.chars().next_back(), letter), (Some('a'), 'a' | 'e') | (Some('o'), 'e'));
        if !second_half {
            folded.push(letter);
        }
    }
    folded
}

/// Also combining accents, of which macOS makes `å` and `ö`.
fn is_ignored(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '-' | '_' | ':' | '*' | '\u{300}'..='\u{36F}')
}

fn base(c: char) -> char {
    match c {
        'å' | 'æ' | 'ä' | 'á' | 'à' => 'a',
        'ø' | 'ö' | 'ó' => 'o',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'ü' | 'ú' => 'u',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn spellings_of_one_word_are_equal() {
        let groups: &[&[&str]] = &[
            &["CVR-nr.", "cvrnr", " CVR nr: ", "Cvr_Nr*", "CVR\u{A0}Nr"],
            &["Køn", "KOEN", "kon", "Kön"],
            &["Årsag", "Aarsag", "arsag", "A\u{30A}rsag"],
            &["Ændret", "aendret", "ÄNDRET"],
            &["Företag", "Foretag", "fo\u{308}retag"],
        ];
        for group in groups {
            for word in *group {
                assert_eq!(fold(word), fold(group[0]), "{word}");
            }
        }
    }

    #[test]
    fn different_words_stay_different() {
        assert_ne!(fold("Navn"), fold("Fornavn"));
        assert_ne!(fold("Tel 1"), fold("Tel 2"));
        assert_eq!(fold(" .-_:* "), "");
    }
}
