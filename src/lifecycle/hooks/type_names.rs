//! Reads names of types, if a type is known by nothing else.
//!
//! A state that is hidden in one of the game's conditions has no type path: only its Rust name is
//! in the name of the condition's type.

/// The arguments of a generic type or function, wherever the name of a type has it: `game::Level<game::Kind>` of
/// `in_state<game::Level<game::Kind>>::{{closure}}`. Each once, sorted.
pub(super) fn arguments<'a>(type_name: &'a str, generic: &str) -> Vec<&'a str> {
    let mut found: Vec<&str> = type_name
        .match_indices(generic)
        .filter(|(place, _)| begins_a_path(type_name, *place))
        .filter_map(|(place, _)| in_brackets(type_name.get(place + generic.len()..)?))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn begins_a_path(type_name: &str, place: usize) -> bool {
    let before = type_name.get(..place).unwrap_or_default();
    !before.ends_with(|letter: char| letter.is_alphanumeric() || matches!(letter, '_' | ':'))
}

/// The text between the opening bracket at its start and the matching one.
fn in_brackets(text: &str) -> Option<&str> {
    let text = text.strip_prefix('<')?;
    let (mut depth, mut before) = (1_usize, ' ');
    for (place, letter) in text.char_indices() {
        match letter {
            '<' => depth += 1,
            // The arrow of a function's type closes nothing.
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(..place);
        }
        before = letter;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_found_however_they_are_nested() {
        let of = |name| arguments(name, "a::in_state");
        assert_eq!(of("a::in_state<game::Phase>::{{closure}}"), ["game::Phase"]);
        assert_eq!(
            of("a::in_state<b::Level<b::Kind<u8>>>::{{closure}}"),
            ["b::Level<b::Kind<u8>>"]
        );
        assert_eq!(
            of("a::in_state<b::By<fn(u8) -> b::To<u8>>>::x"),
            ["b::By<fn(u8) -> b::To<u8>>"]
        );
        assert_eq!(of("Or<a::in_state<b::B>::x, (a::in_state<b::A>::x, u8)>"), ["b::A", "b::B"]);
        assert_eq!(of("Or<a::in_state<b::B>::x, a::in_state<b::B>::x>"), ["b::B"]);
    }

    #[test]
    fn names_that_only_resemble_the_type_have_no_arguments() {
        let of = |name| arguments(name, "a::in_state");
        for name in ["", "a::in_state", "a::in_state<", "a::in_state<b", "a::in_states<b::B>"] {
            assert!(of(name).is_empty(), "{name}");
        }
        assert!(of("game::a::in_state<b::B>").is_empty());
    }
}
