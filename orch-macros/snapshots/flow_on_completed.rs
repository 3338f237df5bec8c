#[allow(dead_code)]
fn tidy() -> ::orch::Call<(), ::orch::Flow> {
    fn __orch_body() {}
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    fn __orch_on_0() -> ::orch::__private::On {
        ::orch::__private::On::completed(etl)
    }
    fn __orch_given_0(
        given: &::orch::__private::Given<'_>,
    ) -> ::core::result::Result<
        ::core::option::Option<::orch::__private::Bytes>,
        ::orch::Error,
    > {
        given.input(&())
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::flow(
            ::orch::__private::Place {
                name: "tidy",
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
                column: ::core::column!(),
                path: __orch_path,
            },
            0x727c8c8cd3bc4bc6u64,
            &[],
        )
        .triggers(const {
            &[
                ::orch::__private::TriggerDefinition::new(
                    "completed(etl)",
                    __orch_on_0,
                    __orch_given_0,
                    ::core::line!(),
                ),
            ]
        });
    fn __orch_run((): ()) -> ::orch::__private::BodyResult<()> {
        ::core::result::Result::Ok(__orch_body())
    }
    fn __orch_start(
        from: ::orch::__private::Source<'_, ()>,
    ) -> ::orch::__private::Started<()> {
        ::orch::__private::start_sync_0::<
            (),
            _,
        >(::core::marker::PhantomData, from, __orch_run)
    }
    ::orch::__private::inventory::submit! {
        ::orch::__private::Registered::new(& __ORCH_DEFINITION, | bytes |
        ::orch::__private::decoded(__orch_start(::orch::__private::Source::Stored(bytes))))
    }
    ::orch::__private::flow(
        __orch_start(::orch::__private::Source::Arguments {
            definition: &__ORCH_DEFINITION,
            type_arguments: "",
            arguments: (),
        }),
    )
}
