fn bad_options(x: u8) -> ::orch::Call<u8> {
    ::core::compile_error! {
        "`#[task]` has no option `retrise`\n= help: did you mean `retries`?"
    }
    ::core::compile_error! {
        "a duration is one or more whole numbers, each with a unit (`ms`, `s`, `m`, `h`, `d`), the largest unit first\n= note: `10` has no unit\n= help: write \"10s\" or \"10ms\""
    }
    async fn __orch_body(x: u8) -> u8 {
        x
    }
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::task(
            ::orch::__private::Place {
                name: "bad_options",
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
                column: ::core::column!(),
                path: __orch_path,
            },
            0x96120aa24db40504u64,
            &["x"],
        )
        .tags(&["kept"]);
    fn __orch_run(
        (x,): (u8,),
    ) -> impl ::core::future::Future<
        Output = ::orch::__private::BodyResult<u8>,
    > + ::core::marker::Send {
        async move { ::core::result::Result::Ok(__orch_body(x).await) }
    }
    fn __orch_start(
        from: ::orch::__private::Source<'_, (u8,)>,
    ) -> ::orch::__private::Started<u8> {
        ::orch::__private::start_async_1::<
            u8,
            u8,
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
            arguments: (x,),
        }),
    )
}
