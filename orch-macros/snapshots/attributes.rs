/// Docs.
#[allow(clippy::all)]
#[cfg(unix)]
#[deprecated(note = "x")]
pub(crate) fn r#match() -> ::orch::Call<u8> {
    #[inline]
    #[tracing::instrument]
    #[must_use]
    fn __orch_body() -> u8 {
        1
    }
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::task(
        ::orch::__private::Place {
            name: "match",
            module: ::core::module_path!(),
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
            path: __orch_path,
        },
        0x44786eb8b627c538u64,
        &[],
    );
    fn __orch_run((): ()) -> ::orch::__private::BodyResult<u8> {
        ::core::result::Result::Ok(__orch_body())
    }
    fn __orch_start(
        from: ::orch::__private::Source<'_, ()>,
    ) -> ::orch::__private::Started<u8> {
        ::orch::__private::start_sync_0::<
            u8,
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
