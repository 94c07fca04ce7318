//! A package as the compiler sees it: its modules, what each defines, and what each names of others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, ItemMod, ItemUse, Meta, UseTree};

/// A path as it is written: `super`, `writer`, `Order`.
pub type Written = Vec<String>;

/// Where a module stands below the package's root, which is empty.
pub type ModulePath = Vec<String>;

/// A package without what only its tests see.
pub struct Package {
    pub modules: BTreeMap<ModulePath, Module>,
}

/// The contents of one file, or of a module within a file.
#[derive(Default)]
pub struct Module {
    /// Its file, without the ending, below the package's sources.
    pub file: String,
    /// Its imports: the path by the name that it has here.
    imports: BTreeMap<String, Written>,
    /// Paths of more than one word.
    paths: BTreeSet<Written>,
    /// The named fields of its structs.
    pub fields: BTreeMap<String, usize>,
    /// The methods that it gives to types, by the path of the type.
    pub methods: Vec<(Written, usize)>,
    /// True if documentation leaves it out although it is public.
    pub is_hidden: bool,
}

/// The target of a path.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    /// Something that a module of the same package defines.
    Inside(ModulePath),
    /// Something of another package.
    Outside(Written),
}

impl Package {
    /// Reads the package whose sources begin with `lib.rs` or `main.rs` in a directory.
    pub fn read(sources: &Path) -> Self {
        let root = ["lib", "main"].map(|root| sources.join(root).with_extension("rs"));
        let root = root.iter().find(|root| root.exists()).unwrap();
        let mut package = Self { modules: BTreeMap::new() };
        package.read_file(&ModulePath::new(), root, sources);
        package
    }

    fn read_file(&mut self, path: &ModulePath, file: &Path, sources: &Path) {
        let text = fs::read_to_string(file).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        self.read_items(path, &parsed.items, file, sources);
    }

    fn read_items(&mut self, path: &ModulePath, items: &[Item], file: &Path, sources: &Path) {
        let inside = file.strip_prefix(sources).unwrap().with_extension("");
        let mut module =
            Module { file: inside.to_str().unwrap().replace('\\', "/"), ..Module::default() };
        let mut reader = Reader { module: &mut module, children: Vec::new(), depth: 0 };
        items.iter().for_each(|item| reader.visit_item(item));
        let children = reader.children;
        self.modules.insert(path.clone(), module);
        for child in children {
            let mut below = path.clone();
            below.push(child.ident.to_string());
            match &child.content {
                Some((_, items)) => self.read_items(&below, items, file, sources),
                None => self.read_file(&below, &file_of(&below, sources), sources),
            }
            let is_hidden = child.attrs.iter().any(|attribute| says(attribute, "hidden"));
            self.modules.get_mut(&below).unwrap().is_hidden = is_hidden;
        }
    }

    /// The target of a path that is written in a module.
    pub fn resolve(&self, module: &ModulePath, written: &[String]) -> Option<Target> {
        self.resolve_within(module, written, 16)
    }

    fn resolve_within(&self, module: &ModulePath, written: &[String], left: u8) -> Option<Target> {
        let left = left.checked_sub(1)?;
        let (mut at, mut rest) = match written.first()?.as_str() {
            "crate" => (ModulePath::new(), &written[1..]),
            "self" => (module.clone(), &written[1..]),
            _ => (module.clone(), written),
        };
        while let Some((first, after)) = rest.split_first() {
            let mut below = at.clone();
            below.push(first.clone());
            if first == "super" {
                at.pop()?;
            } else if self.modules.contains_key(&below) {
                at = below;
            } else if let Some(import) = self.modules[&at].imports.get(first) {
                // An import of the same name says that it is of another package.
                let goes_on: Written = import.iter().chain(after).cloned().collect();
                return match import.first() {
                    Some(begins) if at == *module && begins == first => {
                        Some(Target::Outside(goes_on))
                    }
                    _ => self.resolve_within(&at, &goes_on, left),
                };
            } else if at == *module && rest.len() == written.len() {
                // Neither a module nor an import: another package, or something that the module defines.
                return Some(Target::Outside(written.to_vec()));
            } else {
                break;
            }
            rest = after;
        }
        Some(Target::Inside(at))
    }

    /// The targets that a module names in others.
    pub fn named_by(&self, module: &ModulePath) -> BTreeSet<Target> {
        let paths = self.modules[module].paths.iter();
        paths.filter_map(|written| self.resolve(module, written)).collect()
    }
}

/// The file of a module. No module has a file `mod.rs` in a directory.
fn file_of(module: &ModulePath, sources: &Path) -> std::path::PathBuf {
    let mut file = sources.to_path_buf();
    file.extend(module);
    file.with_extension("rs")
}

fn says(attribute: &Attribute, word: &str) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    has_word(list.tokens.clone(), word)
}

/// True if a word is among tokens and not denied: `any(test, feature = "testing")`.
fn has_word(tokens: TokenStream, word: &str) -> bool {
    let mut is_denied = false;
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => {
            is_denied = ident == "not";
            ident == word
        }
        TokenTree::Group(group) => !is_denied && has_word(group.stream(), word),
        _ => false,
    })
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    let tests = ["test", "doctest"];
    let mut conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.any(|condition| tests.iter().any(|test| says(condition, test)))
}

/// Collects what a module says.
struct Reader<'a> {
    module: &'a mut Module,
    children: Vec<ItemMod>,
    /// The depth in functions; what they import is theirs.
    depth: usize,
}

impl Reader<'_> {
    fn import(&mut self, tree: &UseTree, mut written: Written) {
        match tree {
            UseTree::Path(path) => {
                written.push(path.ident.to_string());
                self.import(&path.tree, written);
            }
            UseTree::Name(name) => self.import_name(&name.ident, &name.ident, written),
            UseTree::Rename(rename) => self.import_name(&rename.ident, &rename.rename, written),
            UseTree::Glob(_) => drop(self.module.paths.insert(written)),
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, written.clone()));
            }
        }
    }

    fn import_name(&mut self, ident: &Ident, name: &Ident, mut written: Written) {
        if ident != "self" {
            written.push(ident.to_string());
        }
        if self.depth == 0 {
            self.module.imports.insert(name.to_string(), written.clone());
        }
        self.module.paths.insert(written);
    }

    /// Paths within a macro's input, which has no grammar here.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut written = Written::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.keep(&mut written);
                    }
                    written.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.keep(&mut written);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.read_tokens(group.stream());
                    }
                }
            }
        }
        self.keep(&mut written);
    }

    fn keep(&mut self, written: &mut Written) {
        let written = std::mem::take(written);
        if written.len() > 1 {
            self.module.paths.insert(written);
        }
    }
}

impl Visit<'_> for Reader<'_> {
    fn visit_item(&mut self, item: &Item) {
        let attributes = match item {
            Item::Const(it) => &it.attrs,
            Item::Enum(it) => &it.attrs,
            Item::Fn(it) => &it.attrs,
            Item::Impl(it) => &it.attrs,
            Item::Macro(it) => &it.attrs,
            Item::Mod(it) => &it.attrs,
            Item::Static(it) => &it.attrs,
            Item::Struct(it) => &it.attrs,
            Item::Trait(it) => &it.attrs,
            Item::Type(it) => &it.attrs,
            Item::Use(it) => &it.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &ItemMod) {
        self.children.push(item.clone());
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        // What is handed on isn't needed here.
        let before = self.module.paths.clone();
        self.import(&item.tree, Written::new());
        if !matches!(item.vis, syn::Visibility::Inherited) {
            self.module.paths = before;
        }
    }

    /// To be seen by a module isn't to need it: `pub(in crate::ui)`.
    fn visit_visibility(&mut self, _: &syn::Visibility) {}

    fn visit_item_fn(&mut self, item: &syn::ItemFn) {
        self.depth += 1;
        visit::visit_item_fn(self, item);
        self.depth -= 1;
    }

    fn visit_item_struct(&mut self, item: &syn::ItemStruct) {
        if let syn::Fields::Named(fields) = &item.fields {
            self.module.fields.insert(item.ident.to_string(), fields.named.len());
        }
        visit::visit_item_struct(self, item);
    }

    fn visit_item_impl(&mut self, item: &syn::ItemImpl) {
        self.depth += 1;
        if item.trait_.is_none()
            && let syn::Type::Path(of) = &*item.self_ty
        {
            let is_method = |item: &&syn::ImplItem| matches!(item, syn::ImplItem::Fn(method) if !is_for_tests(&method.attrs));
            let methods = item.items.iter().filter(is_method).count();
            self.module.methods.push((written(&of.path), methods));
        }
        visit::visit_item_impl(self, item);
        self.depth -= 1;
    }

    fn visit_impl_item_fn(&mut self, item: &syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let mut written = written(path);
        self.keep(&mut written);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &syn::Macro) {
        self.read_tokens(item.tokens.clone());
    }
}

fn written(path: &syn::Path) -> Written {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}
