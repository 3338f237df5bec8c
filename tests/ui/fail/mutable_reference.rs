use orch::task;

#[task]
async fn f(list: &mut Vec<u8>) {
    list.push(1);
}

async fn caller() -> Result<(), orch::Error> {
    f(&mut vec![]).await
}

fn main() {}
