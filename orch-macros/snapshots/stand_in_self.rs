#[allow(unused)]
fn method(&self, url: &'static str) -> ::orch::Call<u8> {
    ::core::compile_error! {
        "a task takes no `self`\n= note: a call is stored and may run again in another process, where the object does not exist\n= help: make it a free function: pass data as arguments and services as `#[provided]` parameters"
    }
    ::core::compile_error! {
        "a borrowed parameter names no lifetime\n= note: a call owns its arguments: they are stored, hashed and handed to later attempts\n= help: write `&str`"
    }
    let _ = async move || -> Result<u8, String> {
        let url: &'static str = url;
        { Ok(1) }
    };
    ::core::unreachable!()
}
