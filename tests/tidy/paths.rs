//! From a path in the code to the file of `src` that it means: modules, imports and re-exports,
//! read from the text. It knows as much of Rust as this tree uses.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Source;
use crate::syntax::{Path, expand, items, names, paths_in, uses, without_imports};

/// The modules of a crate.
pub struct Modules<'a> {
    files: BTreeMap<Path, Module<'a>>,
}

/// One file, and what its names mean.
pub struct Module<'a> {
    pub source: &'a Source,
    /// Names that `use` brings in: the paths, from the root, and whether others see them.
    imports: BTreeMap<String, Import>,
    /// Modules whose names are all brought in.
    globs: Vec<Path>,
    /// The names that it defines itself.
    items: BTreeSet<String>,
}

struct Import {
    path: Path,
    is_public: bool,
}

impl<'a> Modules<'a> {
    /// Reads the files of `src`. The program's own file is outside the library, and left out.
    pub fn of(sources: &'a [Source]) -> Modules<'a> {
        let mut files = BTreeMap::new();
        for source in sources.iter().filter(|it| it.path != "src/main.rs") {
            let here = module_path(&source.path);
            files.insert(here.clone(), Module::of(source, &here));
        }
        let mut modules = Modules { files };
        modules.expand_relative_imports();
        modules
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Module<'a>)> {
        self.files.iter()
    }

    /// The file in which the thing is defined that `path` means, from the root: through the
    /// re-exports and imports of modules on the way. None: it is not of this crate.
    pub fn home(&self, path: &[String]) -> Option<&Path> {
        self.find(path, 8).map(|(home, _)| home)
    }

    fn find(&self, path: &[String], depth: usize) -> Option<(&Path, Option<String>)> {
        let length = (1..=path.len())
            .rev()
            .find(|&it| self.files.contains_key(&path[..it]))?;
        let (home, module) = self.files.get_key_value(&path[..length])?;
        let Some(name) = path.get(length).filter(|_| depth > 0) else {
            return Some((home, None));
        };
        let own = Some((home, Some(name.clone())));
        if module.items.contains(name) {
            return own;
        }
        if let Some(import) = module.imports.get(name) {
            let further: Path = import
                .path
                .iter()
                .chain(&path[length + 1..])
                .cloned()
                .collect();
            return self.find(&further, depth - 1);
        }
        let through_globs = module.globs.iter().find_map(|glob| {
            let further: Path = glob.iter().chain(&path[length..]).cloned().collect();
            let (home, found) = self.find(&further, depth - 1)?;
            let items = &self.files[home].items;
            found
                .filter(|name| items.contains(name))
                .map(|name| (home, Some(name)))
        });
        through_globs.or(own)
    }

    /// The home of a name as it stands in a file: its own, or one that it imports.
    pub fn home_of_name(&self, here: &Path, name: &str) -> Option<&Path> {
        self.home(&[&here[..], &[name.to_string()]].concat())
    }

    /// All files of this crate whose things a file uses, itself left out. A re-export uses nothing,
    /// unless the code of the file names it as well.
    pub fn uses(&self, here: &Path) -> BTreeSet<&Path> {
        let module = &self.files[here];
        let code = without_imports(&module.source.code);
        let mut found = BTreeSet::new();
        for (name, import) in &module.imports {
            let is_module = self.files.contains_key(&import.path);
            if !is_module && (!import.is_public || names(&code, name)) {
                found.extend(self.home(&import.path));
            }
        }
        found.extend(module.globs.iter().filter_map(|glob| self.home(glob)));
        for path in paths_in(&code) {
            let Some(path) = absolute(&path, here) else {
                // It begins with a name: a module that was imported, or a child.
                let whole = [&here[..], &path[..]].concat();
                let head = [&here[..], &path[..1]].concat();
                let is_module = self.files.contains_key(&head)
                    || module
                        .imports
                        .get(&path[0])
                        .is_some_and(|it| self.files.contains_key(&it.path));
                found.extend(self.home(&whole).filter(|_| is_module));
                continue;
            };
            found.extend(self.home(&path));
        }
        found.remove(here);
        found
    }

    /// `use child::Thing` begins with a module that stands in the same file.
    fn expand_relative_imports(&mut self) {
        let known: BTreeSet<Path> = self.files.keys().cloned().collect();
        for (here, module) in &mut self.files {
            let paths = module.imports.values_mut().map(|import| &mut import.path);
            for path in paths.chain(&mut module.globs) {
                let child = [&here[..], &path[..1]].concat();
                if path[0] != "crate" && known.contains(&child) {
                    *path = [&here[..], &path[..]].concat();
                }
            }
        }
    }
}

impl<'a> Module<'a> {
    fn of(source: &'a Source, here: &Path) -> Module<'a> {
        let (mut imports, mut globs) = (BTreeMap::new(), Vec::new());
        for (is_public, tree) in uses(&source.code) {
            for (path, name) in expand(&tree) {
                let path = absolute(&path, here).unwrap_or(path);
                match &name[..] {
                    "*" => globs.push(path),
                    _ => drop(imports.insert(name, Import { path, is_public })),
                }
            }
        }
        Module {
            source,
            imports,
            globs,
            items: items(&source.code),
        }
    }
}

/// All paths of this crate, from the root, that a file mentions: in its imports, and in its code.
pub fn mentioned(source: &Source) -> Vec<Path> {
    let here = module_path(&source.path);
    let imports = uses(&source.code).into_iter();
    let imported = imports
        .flat_map(|(_, tree)| expand(&tree))
        .map(|(path, _)| path);
    let all = imported.chain(paths_in(&without_imports(&source.code)));
    all.filter_map(|path| absolute(&path, &here)).collect()
}

/// The path of the module in a file.
fn module_path(file: &str) -> Path {
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
    let inside = inside.trim_end_matches("/mod");
    let parts = inside.split('/').filter(|part| *part != "lib");
    ["crate"]
        .into_iter()
        .chain(parts)
        .map(String::from)
        .collect()
}

/// A path from the root; none where it begins with a mere name.
fn absolute(path: &[String], here: &Path) -> Option<Path> {
    match &path[0][..] {
        "crate" | "herd" => Some([&["crate".to_string()], &path[1..]].concat()),
        "self" => Some([&here[..], &path[1..]].concat()),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            let above = &here[..here.len().saturating_sub(ups)];
            Some([above, &path[ups..]].concat())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::segments;

    fn path(text: &str) -> Path {
        segments(text)
    }

    #[test]
    fn uses_are_found_through_imports_and_reexports() {
        let sources = [
            Source::new("src/lib.rs", "pub mod a;\npub mod b;\n"),
            Source::new(
                "src/a/mod.rs",
                "mod one;\nmod two;\npub use one::One;\nuse two::Two;\npub const MAX: u8 = 1;\n\
                 fn f(two: Two) {}\n",
            ),
            Source::new("src/a/one.rs", "use super::MAX;\npub struct One;\n"),
            Source::new("src/a/two.rs", "pub struct Two(super::One);\n"),
            Source::new(
                "src/b.rs",
                "use crate::{a::{self, One}};\nfn f() { a::MAX; std::io::stdin(); }\n",
            ),
        ];
        let modules = Modules::of(&sources);
        let uses = |here: &str| {
            let found = modules.uses(&path(here)).into_iter();
            found.map(|it| it.join("::")).collect::<Vec<String>>()
        };
        assert_eq!(uses("crate::a"), ["crate::a::two"]);
        assert_eq!(uses("crate::a::one"), ["crate::a"]);
        assert_eq!(uses("crate::a::two"), ["crate::a::one"]);
        assert_eq!(uses("crate::b"), ["crate::a", "crate::a::one"]);
        assert_eq!(
            modules.home_of_name(&path("crate::b"), "One"),
            Some(&path("crate::a::one"))
        );
    }
}
