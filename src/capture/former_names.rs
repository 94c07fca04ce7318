//! The former path of a renamed type.

/// The path with `former` wherever it names `current`; `None` if it never does.
///
/// A path names a type by being its own, or as an argument, as in `Stat<game::Strength>`. With `::`
/// at its end `current` is a module, which each of its types names.
pub(super) fn former_path(path: &str, current: &str, former: &str) -> Option<String> {
    let mut renamed = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once(current) {
        let copied = path.get(..path.len() - rest.len() + before.len()).unwrap_or_default();
        let ends = current.ends_with("::") || !after.starts_with(is_part_of_a_name);
        let is_whole = ends && !copied.ends_with(is_part_of_a_name);
        renamed.push_str(before);
        renamed.push_str(if is_whole { former } else { current });
        rest = after;
    }
    renamed.push_str(rest);
    (renamed != path).then_some(renamed)
}

fn is_part_of_a_name(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | ':')
}

#[cfg(test)]
mod tests {
    use super::former_path;

    #[test]
    fn a_type_is_renamed_as_itself_and_as_an_argument() {
        let renamed = |path| former_path(path, "game::Health", "old::Hp");
        assert_eq!(renamed("game::Health").as_deref(), Some("old::Hp"));
        assert_eq!(renamed("game::Stat<game::Health>").as_deref(), Some("game::Stat<old::Hp>"));
        assert_eq!(
            renamed("a::Pair<game::Health, b::Of<game::Health>>").as_deref(),
            Some("a::Pair<old::Hp, b::Of<old::Hp>>")
        );
    }

    #[test]
    fn a_type_whose_name_only_contains_the_other_is_not_renamed() {
        for path in ["game::HealthBar", "my_game::Health", "game::Health::Part", "x::game::Health"]
        {
            assert_eq!(former_path(path, "game::Health", "old::Hp"), None, "{path}");
        }
    }
}
