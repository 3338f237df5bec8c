fn f() -> ::orch::Call<<std::fmt::Result as ::orch::__private::Fallible>::Ok> {
    fn __orch_body() -> std::fmt::Result {
        Ok(())
    }
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::task(
        ::orch::__private::Place {
            name: "f",
            module: ::core::module_path!(),
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
            path: __orch_path,
        },
        0xb3599108fbe09382u64,
        &[],
    );
    fn __orch_run(
        (): (),
    ) -> ::orch::__private::BodyResult<
        <std::fmt::Result as ::orch::__private::Fallible>::Ok,
    > {
        match ::orch::__private::Fallible::into_result(__orch_body()) {
            ::core::result::Result::Ok(value) => ::core::result::Result::Ok(value),
            ::core::result::Result::Err(error) => {
                ::core::result::Result::Err(::orch::__private::body_error(error))
            }
        }
    }
    fn __orch_start(
        from: ::orch::__private::Source<'_, ()>,
    ) -> ::orch::__private::Started<
        <std::fmt::Result as ::orch::__private::Fallible>::Ok,
    > {
        ::orch::__private::start_sync_0::<
            <std::fmt::Result as ::orch::__private::Fallible>::Ok,
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
            arguments: (),
        }),
    )
}
