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
    fn __orch_start(
        from: ::orch::__private::Source<'_, (<str as ::std::borrow::ToOwned>::Owned,)>,
    ) -> ::orch::__private::Started<u32> {
        ::orch::__private::start_async_1::<
            <str as ::std::borrow::ToOwned>::Owned,
            u32,
            _,
            _,
        >(::core::marker::PhantomData, from, __orch_run)
    }
    ::orch::__private::inventory::submit! {
        ::orch::__private::Registered::new(& __ORCH_DEFINITION, | bytes |
        ::orch::__private::decoded(__orch_start(::orch::__private::Source::Stored(bytes))))
    }
    ::orch::__private::call(
        __orch_start(::orch::__private::Source::Arguments {
            definition: &__ORCH_DEFINITION,
            type_arguments: "",
            arguments: (<str as ::std::borrow::ToOwned>::to_owned(url),),
        }),
    )
}
