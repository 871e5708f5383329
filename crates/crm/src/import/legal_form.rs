use crate::company::LegalForm;

/// The legal form that a word of the Danish or Swedish register means, or its name in the API. `AS` is none: it is
/// another form in Denmark than in Norway.
#[must_use]
pub fn legal_form(word: &str) -> Option<LegalForm> {
    let folded: String =
        word.to_lowercase().chars().filter(|c| !c.is_whitespace() && !".-_()".contains(*c)).collect();
    FORMS.iter().find(|(_, words)| words.contains(&folded.as_str())).map(|(form, _)| *form)
}

const FORMS: &[(LegalForm, &[&str])] = &[
    (
        LegalForm::SoleProprietor,
        &[
            "enkeltmandsvirksomhed",
            "enkeltmandsfirma",
            "personligtejetmindrevirksomhed",
            "pmv",
            "enskildfirma",
            "enskildnäringsidkare",
            "enskildnäringsverksamhet",
            "soleproprietor",
            "soleproprietorship",
            "soletrader",
        ],
    ),
    (
        LegalForm::Limited,
        &[
            "anpartsselskab",
            "aps",
            "iværksætterselskab",
            "ivs",
            "aktiebolag",
            "ab",
            "privataktiebolag",
            "privatab",
            "aksjeselskap",
            "limited",
            "ltd",
            "limitedcompany",
        ],
    ),
    (
        LegalForm::PublicLimited,
        &[
            "aktieselskab",
            "a/s",
            "publiktaktiebolag",
            "publiktab",
            "abpubl",
            "aktiebolagpubl",
            "allmennaksjeselskap",
            "asa",
            "publiclimited",
            "plc",
            "publiclimitedcompany",
        ],
    ),
    (
        LegalForm::Partnership,
        &[
            "interessentskab",
            "i/s",
            "kommanditselskab",
            "k/s",
            "partnerselskab",
            "p/s",
            "handelsbolag",
            "hb",
            "kommanditbolag",
            "kb",
            "partnership",
            "limitedpartnership",
        ],
    ),
    (
        LegalForm::Cooperative,
        &[
            "andelsforening",
            "andelsselskab",
            "andelsselskabmedbegrænsetansvar",
            "amba",
            "ekonomiskförening",
            "ekför",
            "bostadsrättsförening",
            "cooperative",
        ],
    ),
    (
        LegalForm::Association,
        &[
            "forening",
            "frivilligforening",
            "foreningmedbegrænsetansvar",
            "fmba",
            "ideellförening",
            "förening",
            "association",
        ],
    ),
    (
        LegalForm::Foundation,
        &["fond", "erhvervsdrivendefond", "selvejendeinstitution", "stiftelse", "foundation"],
    ),
    (
        LegalForm::Public,
        &["kommune", "region", "statsligadministrativenhed", "offentlig", "kommun", "myndighet", "public"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danish_swedish_and_api_words_are_known() {
        for (word, form) in [
            ("Enkeltmandsvirksomhed", LegalForm::SoleProprietor),
            ("Enskild firma", LegalForm::SoleProprietor),
            ("SOLE_PROPRIETOR", LegalForm::SoleProprietor),
            ("ApS", LegalForm::Limited),
            ("Aktiebolag", LegalForm::Limited),
            ("AB (publ)", LegalForm::PublicLimited),
            ("A/S", LegalForm::PublicLimited),
            ("I/S", LegalForm::Partnership),
            ("A.M.B.A.", LegalForm::Cooperative),
            ("ek. för.", LegalForm::Cooperative),
            ("Forening", LegalForm::Association),
            ("Stiftelse", LegalForm::Foundation),
            ("Kommune", LegalForm::Public),
        ] {
            assert_eq!(legal_form(word), Some(form), "{word}");
        }
        for word in ["", "AS", "Bageri"] {
            assert_eq!(legal_form(word), None, "{word}");
        }
        for (form, _) in FORMS {
            assert_eq!(legal_form(form.name()), Some(*form));
        }
    }

    #[test]
    fn no_word_means_two_forms() {
        let mut words: Vec<_> = FORMS.iter().flat_map(|(_, words)| words.iter()).collect();
        words.sort_unstable();
        let count = words.len();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
