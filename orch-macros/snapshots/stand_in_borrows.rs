#[allow(unused)]
unsafe fn borrowed<'a>(x: &'a mut u8) -> ::orch::Call<&'a u8> {
    ::core::compile_error! {
        "a task is not `unsafe`\n= note: the body is called again on retries and resumes, where no caller can uphold its conditions\n= help: write a safe function around the `unsafe` block and annotate that"
    }
    ::core::compile_error! {
        "a task has no lifetime parameters\n= note: a call owns its arguments: they are stored, hashed and handed to later attempts\n= help: remove `'a`; a plain `&T` parameter needs none"
    }
    ::core::compile_error! {
        "a parameter is not borrowed mutably\n= note: the body works on its own copy, and the caller would never see the change\n= help: take `u8` by value, and return what has changed"
    }
    ::core::compile_error! {
        "a borrowed parameter names no lifetime\n= note: a call owns its arguments: they are stored, hashed and handed to later attempts\n= help: write `&u8`"
    }
    ::core::compile_error! {
        "a task returns an owned value\n= note: the result is stored, and it outlives the arguments that it would borrow from\n= help: return `u8`"
    }
    unsafe fn __orch_body<'a>(x: &'a mut u8) -> &'a u8 {
        x
    }
    ::core::unreachable!()
}
