fn count(page: &Page) -> ::orch::Call<usize> {
    fn __orch_body(page: &Page) -> usize {
        1
    }
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    fn __orch_depends() -> ::std::vec::Vec<&'static str> {
        ::std::vec![
            ::orch::__private::dependency(parse),
            ::orch::__private::dependency(clean::all)
        ]
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::task(
            ::orch::__private::Place {
                name: "count",
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
                column: ::core::column!(),
                path: __orch_path,
            },
            0xe542db3252fc32c5u64,
            &["page"],
        )
        .retries(2u32)
        .backoff(
            ::orch::__private::Backoff::list(
                const {
                    &[
                        ::orch::__private::millis(0u64),
                        ::orch::__private::millis(5000u64),
                    ]
                },
                true,
            ),
        )
        .cache(::orch::__private::CachePolicy::new().depends(__orch_depends));
    fn __orch_run(
        (page,): (<Page as ::std::borrow::ToOwned>::Owned,),
    ) -> ::orch::__private::BodyResult<usize> {
        ::core::result::Result::Ok(
            __orch_body(::std::borrow::Borrow::<Page>::borrow(&page)),
        )
    }
    fn __orch_start(
        from: ::orch::__private::Source<'_, (<Page as ::std::borrow::ToOwned>::Owned,)>,
    ) -> ::orch::__private::Started<usize> {
        ::orch::__private::start_sync_1::<
            <Page as ::std::borrow::ToOwned>::Owned,
            usize,
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
            arguments: (<Page as ::std::borrow::ToOwned>::to_owned(page),),
        }),
    )
}
