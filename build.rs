//! With the feature `rust-bert`, programs and tests find libtorch where the build found it. Nothing to do without.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Set by the build script of `torch-sys`, which is there with the feature only.
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
