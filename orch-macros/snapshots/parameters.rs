fn f(
    a: Vec<u8>,
    arg1: (u8, u8),
    arg2: u8,
    r#type: &[u8],
    progress: Progress,
) -> ::orch::Call<()> {
    async fn __orch_body(
        mut a: Vec<u8>,
        (b, c): (u8, u8),
        _: u8,
        #[allow(unused)]
        r#type: &[u8],
        progress: Progress,
        db: &Pool,
        client: Client,
    ) {}
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
        0x524c9fc402cc98deu64,
        &["a", "arg1", "arg2", "type"],
    );
    fn __orch_run(
        (
            a,
            arg1,
            arg2,
            r#type,
            ::orch::__private::Skipped(progress),
        ): (
            Vec<u8>,
            (u8, u8),
            u8,
            <[u8] as ::std::borrow::ToOwned>::Owned,
            ::orch::__private::Skipped<Progress>,
        ),
    ) -> impl ::core::future::Future<
        Output = ::orch::__private::BodyResult<()>,
    > + ::core::marker::Send {
        async move {
            let db = match ::orch::__private::provided::<Pool>("db") {
                ::core::result::Result::Ok(value) => value,
                ::core::result::Result::Err(error) => {
                    return ::core::result::Result::Err(error);
                }
            };
            let client = match ::orch::__private::provided::<Client>("client") {
                ::core::result::Result::Ok(value) => value,
                ::core::result::Result::Err(error) => {
                    return ::core::result::Result::Err(error);
                }
            };
            ::core::result::Result::Ok(
                __orch_body(
                        a,
                        arg1,
                        arg2,
                        ::std::borrow::Borrow::<[u8]>::borrow(&r#type),
                        progress,
                        &*db,
                        <Client as ::core::clone::Clone>::clone(&*client),
                    )
                    .await,
            )
        }
    }
    fn __orch_start(
        from: ::orch::__private::Source<
            '_,
            (
                Vec<u8>,
                (u8, u8),
                u8,
                <[u8] as ::std::borrow::ToOwned>::Owned,
                ::orch::__private::Skipped<Progress>,
            ),
        >,
    ) -> ::orch::__private::Started<()> {
        ::orch::__private::start_async_5::<
            Vec<u8>,
            (u8, u8),
            u8,
            <[u8] as ::std::borrow::ToOwned>::Owned,
            ::orch::__private::Skipped<Progress>,
            (),
            _,
            _,
        >(::core::marker::PhantomData, from, __orch_run)
    }
    ::orch::__private::call(
        __orch_start(::orch::__private::Source::Arguments {
            definition: &__ORCH_DEFINITION,
            type_arguments: "",
            arguments: (
                a,
                arg1,
                arg2,
                <[u8] as ::std::borrow::ToOwned>::to_owned(r#type),
                ::orch::__private::Skipped(progress),
            ),
        }),
    )
}
