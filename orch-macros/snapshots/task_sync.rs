fn within_budget(price: u32, budget: u32) -> ::orch::Call<bool> {
    fn __orch_body(price: u32, budget: u32) -> bool {
        price <= budget
    }
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::task(
            ::orch::__private::Place {
                name: "within_budget",
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
                column: ::core::column!(),
                path: __orch_path,
            },
            0xe63548fc3144e585u64,
            &["price", "budget"],
        )
        .inline()
        .once();
    fn __orch_run((price, budget): (u32, u32)) -> ::orch::__private::BodyResult<bool> {
        ::core::result::Result::Ok(__orch_body(price, budget))
    }
    fn __orch_start(
        from: ::orch::__private::Source<'_, (u32, u32)>,
    ) -> ::orch::__private::Started<bool> {
        ::orch::__private::start_sync_2::<
            u32,
            u32,
            bool,
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
            arguments: (price, budget),
        }),
    )
}
