//! Fonts: those in the program, and those of the system for letters that they lack.
//!
//! The program has Latin, Greek and Cyrillic letters. For others (Arabic, Hebrew, Chinese, emoji …) the usual font folders are
//! looked through, once, and only when a report needs such letters. Where no font has them a mark stands in their place, and the
//! report says so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use typst::foundations::Bytes;
use typst::text::Font;
use unicode_segmentation::UnicodeSegmentation;

/// Files looked at, at most; a desktop has hundreds.
const MOST_FILES: usize = 4_000;
/// Folders within folders.
const DEEPEST: usize = 6;
/// Larger files are left alone, bytes.
const LARGEST: u64 = 40 * 1024 * 1024;
/// System fonts in one report.
const MOST_FONTS: usize = 24;

/// The fonts in the program.
pub fn bundled() -> &'static [Font] {
    static FONTS: LazyLock<Vec<Font>> = LazyLock::new(|| typst_assets::fonts().flat_map(|data| Font::iter(Bytes::new(data))).collect());
    &FONTS
}

/// Stands for a letter that no font has.
pub const MARK: &str = "▯";

/// Fonts for a text, and what they lack.
#[derive(Debug)]
pub struct Chosen {
    /// The bundled fonts, then those of the system.
    pub fonts: Vec<Font>,
    /// Letters that none of them has.
    pub missing: BTreeSet<char>,
}

impl Chosen {
    /// The bundled fonts alone.
    pub fn bundled(text: &str) -> Self {
        let missing = text.chars().filter(|c| needs_a_shape(*c) && !in_program(*c)).collect();
        Self { fonts: bundled().to_vec(), missing }
    }

    /// A text in which [`MARK`] stands for each letter, whole sign or picture that no font has, and how many they are;
    /// `None` when nothing is missing. Of a letter with marks on it only the marks go when they are what is missing.
    pub fn marked(&self, text: &str) -> Option<(String, usize)> {
        if self.missing.is_empty() || !text.contains(|c| self.missing.contains(&c)) {
            return None;
        }
        let (mut out, mut count) = (String::with_capacity(text.len()), 0);
        for sign in text.graphemes(true) {
            let lacks = |c: char| self.missing.contains(&c);
            if !sign.contains(lacks) {
                out.push_str(sign);
                continue;
            }
            count += 1;
            if sign.starts_with(lacks) {
                out.push_str(MARK);
            } else {
                out.extend(sign.chars().filter(|c| !lacks(*c)));
            }
        }
        Some((out, count))
    }
}

/// Joiners and variation selectors have no shape of their own.
fn needs_a_shape(c: char) -> bool {
    let invisible = matches!(c, '\u{200B}'..='\u{200F}' | '\u{FE00}'..='\u{FE0F}' | '\u{2060}'..='\u{2064}');
    !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !invisible
}

fn has(font: &Font, c: char) -> bool {
    font.info().coverage.contains(u32::from(c))
}

fn in_program(c: char) -> bool {
    bundled().iter().any(|font| has(font, c))
}

/// The bundled fonts, and as many of the system as are needed for the letters of these texts.
pub fn for_texts<'a>(texts: impl Iterator<Item = &'a str>) -> Chosen {
    let mut missing: BTreeSet<char> = texts.flat_map(str::chars).filter(|c| needs_a_shape(*c)).collect();
    let main = bundled().iter().filter(|f| f.info().family.as_str() == crate::chart::svg::FAMILY);
    for font in main.clone() {
        missing.retain(|c| !has(font, *c));
    }
    let mut fonts = bundled().to_vec();
    let mut taken = 0;
    // Not asked for before something is missing: the folders are read then.
    let folders = if missing.is_empty() { Arc::default() } else { files() };
    for path in folders.iter() {
        if missing.is_empty() || taken >= MOST_FONTS {
            break;
        }
        for font in load(path) {
            let before = missing.len();
            missing.retain(|c| !has(&font, *c));
            if missing.len() < before {
                taken += 1;
                fonts.push(font);
            }
        }
    }
    // Letters that stand in none of those may be in another family of the program.
    missing.retain(|c| !in_program(*c));
    Chosen { fonts, missing }
}

/// A font file is read once in the life of the process when it was useful, and forgotten otherwise.
fn load(path: &Path) -> Vec<Font> {
    type Known = Vec<(PathBuf, Vec<Font>)>;
    static KNOWN: Mutex<Known> = Mutex::new(Vec::new());
    if let Ok(known) = KNOWN.lock()
        && let Some((_, fonts)) = known.iter().find(|(p, _)| p == path)
    {
        return fonts.clone();
    }
    let Ok(data) = std::fs::read(path) else { return Vec::new() };
    let fonts: Vec<Font> = Font::iter(Bytes::new(data)).take(64).collect();
    if let Ok(mut known) = KNOWN.lock()
        && known.len() < MOST_FONTS
    {
        known.push((path.to_owned(), fonts.clone()));
    }
    fonts
}

/// Font files in the usual folders, in a fixed order: fonts for reading before those for signs and old scripts.
fn files() -> Arc<Vec<PathBuf>> {
    static FILES: LazyLock<Arc<Vec<PathBuf>>> = LazyLock::new(|| {
        let mut found = Vec::new();
        for folder in folders() {
            walk(&folder, 0, &mut found);
        }
        found.sort_by_cached_key(|path| (rank(path), path.clone()));
        Arc::new(found)
    });
    FILES.clone()
}

fn folders() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let of_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
    let fixed = ["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", "C:\\Windows\\Fonts"];
    let own = [of_home(".local/share/fonts"), of_home(".fonts"), of_home("Library/Fonts")];
    fixed.iter().map(PathBuf::from).chain(own.into_iter().flatten()).collect()
}

/// Regular faces first: they are the ones that quotes are set in.
fn rank(path: &Path) -> u8 {
    let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or_default().to_lowercase();
    let styled = ["bold", "italic", "oblique", "light", "thin", "black", "condensed", "mono"].iter().any(|word| name.contains(word));
    let of_signs = name.contains("emoji") || name.contains("symbol");
    u8::from(styled) * 2 + u8::from(of_signs)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if found.len() >= MOST_FILES {
            return;
        }
        let (Ok(kind), path) = (entry.file_type(), entry.path()) else { continue };
        if kind.is_dir() && depth < DEEPEST {
            walk(&path, depth + 1, found);
        } else if kind.is_file() && is_font(&path) && entry.metadata().is_ok_and(|m| m.len() <= LARGEST) {
            found.push(path);
        }
    }
}

fn is_font(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    matches!(ending.as_deref(), Some("ttf" | "otf" | "ttc" | "otc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_texts_need_no_font_of_the_system() {
        let chosen = for_texts(["Perché “così” – № 5 €, Łódź, Ελλάδα"].into_iter());
        assert_eq!((chosen.fonts.len(), chosen.missing.len()), (bundled().len(), 0));
    }

    #[test]
    fn a_mark_stands_for_what_no_font_has_and_is_itself_in_the_program() {
        assert!(MARK.chars().all(in_program));
        let text = "so 漢字 e\u{301} 👩\u{200D}👩\u{200D}👧 ok";
        let chosen = Chosen { missing: "漢👩👧\u{301}".chars().collect(), fonts: Vec::new() };
        assert_eq!(chosen.marked(text), Some(("so ▯字 e ▯ ok".to_owned(), 3)));
        assert_eq!(chosen.marked("all there"), None);
        assert_eq!(Chosen::bundled("Łódź 漢").missing.into_iter().collect::<String>(), "漢");
    }

    #[test]
    fn the_family_of_the_charts_is_in_the_program() {
        assert!(bundled().iter().any(|f| f.info().family.as_str() == crate::chart::svg::FAMILY));
    }
}
