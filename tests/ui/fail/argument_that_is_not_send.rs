use orch::task;

#[task]
async fn f(id: u8, shared: std::rc::Rc<str>) -> u8 {
    let _ = shared;
    id
}

fn main() {}
