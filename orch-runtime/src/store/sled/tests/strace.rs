//! What the operating system sees between a commit and its acknowledgement.

use std::{io::Write, process::Command};

use super::{
    kill::child_process,
    support::{Writer, block_on, new_run},
};
use crate::store::SledStore;

const DIR: &str = "ORCH_TEST_TRACED_STORE";
const CALLS: u32 = 1_000;

#[test]
#[ignore = "what `a_sync_of_the_database_precedes_each_acknowledgement` starts"]
fn traced_child() {
    // Without the variable this is a run of all ignored tests.
    let Some(dir) = std::env::var_os(DIR) else { return };
    let store = SledStore::open(dir).expect("a store");
    block_on(async {
        let mut out = std::io::stdout();
        let mut writer = Writer::submit(&store, new_run("test::traced")).await.expect("submitted");
        out.write_all(b"\n").expect("written");
        for number in 0..CALLS {
            writer.durable_call(b"x").await.expect("committed");
            out.write_all(format!("acknowledged {number}\n").as_bytes()).expect("written");
            out.flush().expect("written");
        }
    });
}

#[test]
#[ignore = "needs `strace` and the right to trace"]
fn a_sync_of_the_database_precedes_each_acknowledgement() {
    let dir = tempfile::tempdir().expect("a directory");
    let trace = dir.path().join("trace");
    let child = child_process("strace::traced_child");
    let status = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=fdatasync,write", "-o"])
        .arg(&trace)
        .arg(child.get_program())
        .args(child.get_args())
        .env(DIR, dir.path().join("store"))
        .status()
        .expect("`strace` is installed");
    assert!(status.success());
    let trace = std::fs::read_to_string(trace).expect("a trace");
    let (mut synced, mut acknowledged) = (false, 0);
    for line in trace.lines() {
        let ended = line.trim_end().ends_with("= 0");
        if ended
            && (line.contains("fdatasync(") && line.contains("/state/db>")
                || line.contains("fdatasync resumed"))
        {
            synced = true;
        } else if line.contains("\"acknowledged ") {
            assert!(synced, "call {acknowledged} was acknowledged without a sync");
            synced = false;
            acknowledged += 1;
        }
    }
    assert_eq!(acknowledged, CALLS);
}
