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
const ATTRIBUTE: &str = "#[orch::task]\n";

/// What a build took.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    /// Of all processors, which does not count what else the machine does; not known everywhere.
    cpu: Option<f64>,
}

/// A debug build, incremental, over the build of the plain function.
pub(super) fn lines(rounds: usize) -> Result<Vec<Line>> {
    let dir = directory()?;
    let target = dir.join("target");
    let plain = package(&dir, "plain", "")?;
    let annotated = package(&dir, "annotated", ATTRIBUTE)?;
    let mut measured = Vec::new();
    for round in 0..=rounds {
        let annotated = build(&annotated, ATTRIBUTE, &target, round)?;
        let plain = build(&plain, "", &target, round)?;
        if round > 0 {
            measured.push((annotated, plain));
        }
    }
    let wall = measured.iter().map(|(annotated, plain)| (annotated.wall, plain.wall)).collect();
    let mut lines = vec![line(WHAT, wall, Some(Budget::Most(10.0)))];
    let cpu = measured.iter().map(|(annotated, plain)| Some((annotated.cpu?, plain.cpu?))).collect();
    lines.extend(Option::map(cpu, |cpu| line("the same, processor time", cpu, None)));
    Ok(lines)
}

fn line(what: &str, builds: Vec<(f64, f64)>, budget: Option<Budget>) -> Line {
    let each = |milliseconds: f64| milliseconds / FUNCTIONS as f64;
    let over = builds.iter().map(|(annotated, plain)| each(annotated - plain)).collect();
    let alone = builds.iter().map(|(_, plain)| each(*plain)).collect();
    let ratios = builds.iter().map(|(annotated, plain)| (annotated - plain) / plain).collect();
    Line {
        what: what.into(),
        unit: Unit::Millis("fn"),
        ours: Series::new(over),
        theirs: Some(("the function alone", Series::new(alone), Series::new(ratios))),
        budget,
    }
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
fn build(package: &Path, attribute: &str, target: &Path, edit: usize) -> Result<Took> {
    write(package, attribute, 1_000 + edit)?;
    let (start, before) = (Instant::now(), cpu_of_children());
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--target-dir"])
        .arg(target)
        .current_dir(package)
        .output()?;
    let wall = start.elapsed().as_nanos() as f64 / 1e6;
    let cpu = cpu_of_children().zip(before).map(|(after, before)| after - before);
    if built.status.success() {
        return Ok(Took { wall, cpu });
    }
    Err(format!("cargo build: {}", String::from_utf8_lossy(&built.stderr)).into())
}

/// Milliseconds of processor time that ended children have used, where Linux tells.
fn cpu_of_children() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the program's name, which may hold anything: state is the first field, theirs the 14th and 15th.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(13..15)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Some(ticks as f64 * 10.0)
}
