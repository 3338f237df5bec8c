struct NoFunction {
    x: u8,
}
::core::compile_error! {
    "`#[task]` goes on a function, not on a `struct`\n= note: an annotation makes the calls of a function tracked, and only a function is called\n= help: move the attribute to the function that does the work"
}
