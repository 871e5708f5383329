use super::*;

/// What the fields of a type of the schema lead to, by the names of types.
fn fields(sdl: &str, of: &str) -> Vec<String> {
    let begins = [format!("type {of} {{"), format!("type {of} implements Node {{")];
    let lines = sdl.lines().skip_while(|line| !begins.iter().any(|begins| line == begins)).skip(1);
    let fields = lines.take_while(|line| *line != "}").filter(|line| !line.trim().starts_with('"'));
    let types = fields.filter_map(|line| line.rsplit_once(": ").map(|(_, of)| of));
    types.map(|of| of.replace(['[', ']', '!'], "")).collect()
}

/// The kind that a field of this type leads to, itself or through a connection.
fn kind(of: &str) -> Option<Kind> {
    Kind::from_name(of.strip_suffix("Connection").unwrap_or(of))
}

#[test]
fn what_an_object_shows_names_the_view_of_every_object_its_fields_lead_to() {
    let sdl = crate::Graph::sdl();
    let mut led = 0;
    for of in Kind::ALL.iter().copied().filter(|of| !views_of(*of).is_empty()) {
        let names = |kind| views_of(kind).iter().map(|view| view.name).collect::<Vec<_>>();
        for to in fields(&sdl, of.name()).iter().filter_map(|field| kind(field)) {
            let Some(view) = names(to).first().copied() else { continue };
            assert!(
                names(of).contains(&view),
                "a {} leads to a {}, and shows no {view}",
                of.name(),
                to.name()
            );
            led += 1;
        }
    }
    assert!(led > 20, "only {led} fields lead to an object: the schema is not read as it is written");
}
