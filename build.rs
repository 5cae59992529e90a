//! Build script: lists the catalogues of reports, so that a further language is one file in their folder; with the feature
//! `rust-bert`, programs and tests find libtorch where the build found it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Where the catalogues lie, one file a language.
const CATALOGUES: &str = "src/report/texts";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    catalogues()?;
    // Set by the build script of `torch-sys`, which is there with the feature only.
    if let Ok(folder) = env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
    Ok(())
}

/// Writes `catalogues.rs`: a constant with the code and the text of each language.
fn catalogues() -> io::Result<()> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join(CATALOGUES);
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "ftl")
            && let Some(code) = path.file_stem().and_then(|name| name.to_str())
        {
            found.push((code.to_owned(), path));
        }
    }
    // English first: it is what the others are held against, and what is written when nothing is asked for.
    found.sort_by_key(|(code, _)| (code != "en", code.clone()));
    let mut table = format!("const CATALOGUES: [(&str, &str); {}] = [", found.len());
    for (code, path) in &found {
        let path = path.to_str().ok_or_else(|| io::Error::other("the path of a catalogue is no text"))?;
        write!(table, "({code:?}, include_str!({path:?})), ").map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("catalogues.rs"), table)
}
