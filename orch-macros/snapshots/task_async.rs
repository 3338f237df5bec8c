/// Reads the price.
pub fn find_price(url: &str) -> ::orch::Call<u32> {
    async fn __orch_body(url: &str) -> anyhow::Result<u32> {
        fetch(url).await
    }
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::task(
        ::orch::__private::Place {
            name: "find_price",
            module: ::core::module_path!(),
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
            path: __orch_path,
        },
        0x582bb50337586c2bu64,
        &["url"],
    );
    fn __orch_run(
        (url,): (<str as ::std::borrow::ToOwned>::Owned,),
    ) -> impl ::core::future::Future<
        Output = ::orch::__private::BodyResult<u32>,
    > + ::core::marker::Send {
        async move {
            match __orch_body(::std::borrow::Borrow::<str>::borrow(&url)).await {
                ::core::result::Result::Ok(value) => ::core::result::Result::Ok(value),
                ::core::result::Result::Err(error) => {
                    ::core::result::Result::Err(::orch::__private::body_error(error))
                }
            }
        }
    }
    ::orch::__private::inventory::submit! {
        ::orch::__private::Registered::new(& __ORCH_DEFINITION, | bytes |
        ::orch::__private::decode_async(bytes, __orch_run))
    }
    ::orch::__private::call(
        &__ORCH_DEFINITION,
        "",
        (<str as ::std::borrow::ToOwned>::to_owned(url),),
        __orch_run,
    )
}
