#[allow(dead_code)]
fn wait() -> ::orch::Call<u8, ::orch::Flow> {
    async fn __orch_body() -> u8 {
        tokio::time::sleep(SECOND).await;
        work(1).await
    }
    const _: () = {
        #[deprecated(
            note = "the body of a flow does without `tokio::time::sleep`\n= note: replay does not know of it: a resumed run waits anew, and what it races with may win the other way round\n= help: use `orch::sleep`; where it does no harm, put `#[allow(deprecated)]` on the flow"
        )]
        const NOT_RECORDED: () = ();
        NOT_RECORDED
    };
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::flow(
        ::orch::__private::Place {
            name: "wait",
            module: ::core::module_path!(),
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
            path: __orch_path,
        },
        0xca4868514c7f5861u64,
        &[],
    );
    fn __orch_run(
        (): (),
    ) -> impl ::core::future::Future<
        Output = ::orch::__private::BodyResult<u8>,
    > + ::core::marker::Send {
        async move { ::core::result::Result::Ok(__orch_body().await) }
    }
    fn __orch_start(
        from: ::orch::__private::Source<'_, ()>,
    ) -> ::orch::__private::Started<u8> {
        ::orch::__private::start_async_0::<
            u8,
            _,
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
