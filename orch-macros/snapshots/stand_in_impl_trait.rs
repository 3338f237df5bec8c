#[allow(unused)]
fn anything() -> ::orch::Call<()> {
    ::core::compile_error! {
        "a task returns a named type, not `impl Trait`\n= note: the result is read back from the journal, and for that its type must be known\n= help: write the type, or collect into one: `Vec<T>` instead of `impl Iterator<Item = T>`"
    }
    fn __orch_body() -> impl Clone {
        1
    }
    ::core::unreachable!()
}
