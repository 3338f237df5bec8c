fn f<T: Clone, const N: usize>(x: [T; N]) -> ::orch::Call<Vec<T>>
where
    T: Send + Sync + 'static,
{
    async fn __orch_body<T: Clone, const N: usize>(x: [T; N]) -> Vec<T>
    where
        T: Send + Sync + 'static,
    {
        x.to_vec()
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
        0x0108adbfb3fd9b32u64,
        &["x"],
    );
    fn __orch_run<T: Clone, const N: usize>(
        (x,): ([T; N],),
    ) -> impl ::core::future::Future<
        Output = ::orch::__private::BodyResult<Vec<T>>,
    > + ::core::marker::Send
    where
        T: Send + Sync + 'static,
    {
        async move { ::core::result::Result::Ok(__orch_body::<T, N>(x).await) }
    }
    fn __orch_start<T: Clone, const N: usize>(
        from: ::orch::__private::Source<'_, ([T; N],)>,
    ) -> ::orch::__private::Started<Vec<T>>
    where
        T: Send + Sync + 'static,
    {
        ::orch::__private::start_async_1::<
            [T; N],
            Vec<T>,
            _,
            _,
        >(::core::marker::PhantomData, from, __orch_run::<T, N>)
    }
    ::orch::__private::call(
        __orch_start::<
            T,
            N,
        >(::orch::__private::Source::Arguments {
            definition: &__ORCH_DEFINITION,
            type_arguments: ::core::any::type_name_of_val(&__orch_run::<T, N>),
            arguments: (x,),
        }),
    )
}
