use orch::task;

#[task]
fn f<T>(values: Vec<T>) -> usize {
    values.len()
}

fn main() {}
