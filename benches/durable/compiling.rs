//! What an annotation costs the compiler: two crates that differ in nothing else, built again after an edit.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use super::{
    Result,
    harness::{Budget, Line, Series, Unit, directory},
};

/// The line of the table.
pub(super) const WHAT: &str = "compile time of an annotated function";

const FUNCTIONS: usize = 200;

/// A debug build, incremental, over the build of the plain function.
pub(super) fn line(rounds: usize) -> Result<Line> {
    let dir = directory()?;
    let target = dir.join("target");
    let plain = package(&dir, "plain", "")?;
    let annotated = package(&dir, "annotated", "#[orch::task]\n")?;
    let (mut over, mut alone) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let annotated = build(&annotated, "#[orch::task]\n", &target, round)?;
        let plain = build(&plain, "", &target, round)?;
        if round > 0 {
            over.push((annotated - plain) / FUNCTIONS as f64);
            alone.push(plain / FUNCTIONS as f64);
        }
    }
    let ratios = over.iter().zip(&alone).map(|(over, alone)| over / alone).collect();
    Ok(Line {
        what: WHAT.into(),
        unit: Unit::Millis("fn"),
        ours: Series::new(over),
        theirs: Some(("the function alone", Series::new(alone), Series::new(ratios))),
        budget: Some(Budget::Most(10.0)),
    })
}

fn package(dir: &Path, name: &str, attribute: &str) -> Result<PathBuf> {
    let (package, root) = (dir.join(name), env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(package.join("src"))?;
    // The same lockfile, so that nothing has to be fetched or chosen.
    fs::copy(Path::new(root).join("Cargo.lock"), package.join("Cargo.lock"))?;
    let manifest = format!(
        "[workspace]\n[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [dependencies]\norch-flow = {{ path = {root:?} }}\n"
    );
    fs::write(package.join("Cargo.toml"), manifest)?;
    write(&package, attribute, 0)?;
    Ok(package)
}

/// Functions as people write them: some arguments, a result, a few lines. The edit is a number in one of them.
fn write(package: &Path, attribute: &str, edit: usize) -> Result<()> {
    let mut source = String::from("#![allow(dead_code)]\n");
    for n in 0..FUNCTIONS {
        let added = if n == 0 { edit } else { n };
        source += &format!(
            "{attribute}pub async fn f{n}(id: u64, name: &str, sizes: Vec<u32>) -> Result<Vec<String>, std::io::Error> {{\n\
             \x20   let wanted = id + {added};\n\
             \x20   let found: Vec<String> = sizes.iter().map(|size| format!(\"{{name}}-{{size}}\")).collect();\n\
             \x20   if found.len() as u64 > wanted {{\n\
             \x20       return Err(std::io::Error::other(\"too many\"));\n\
             \x20   }}\n\
             \x20   Ok(found)\n\
             }}\n"
        );
    }
    Ok(fs::write(package.join("src/lib.rs"), source)?)
}

/// Milliseconds of a build after an edit; the first one builds everything.
fn build(package: &Path, attribute: &str, target: &Path, edit: usize) -> Result<f64> {
    write(package, attribute, 1_000 + edit)?;
    let start = Instant::now();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--target-dir"])
        .arg(target)
        .current_dir(package)
        .output()?;
    let took = start.elapsed();
    if built.status.success() {
        return Ok(took.as_nanos() as f64 / 1e6);
    }
    Err(format!("cargo build: {}", String::from_utf8_lossy(&built.stderr)).into())
}
