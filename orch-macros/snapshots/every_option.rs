fn find_price(url: &str, n: u8, progress: &Progress) -> ::shop::orch::Call<u32> {
    async fn __orch_body(
        url: &str,
        n: u8,
        progress: &Progress,
    ) -> Result<u32, ShopError> {
        Ok(url.len() as u32)
    }
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    static __ORCH_DEFINITION: ::shop::orch::__private::Definition = ::shop::orch::__private::Definition::task(
            ::shop::orch::__private::Place {
                name: "find_price",
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
                column: ::core::column!(),
                path: __orch_path,
            },
            0xb4d5b25f34691990u64,
            &["url", "n"],
        )
        .named("shop::price")
        .formerly(&["a::price", "b::price"])
        .version("2")
        .retries(3u32)
        .backoff(
            ::shop::orch::__private::Backoff::exponential(
                ::shop::orch::__private::millis(500u64),
                ::shop::orch::__private::millis(30000u64),
                true,
            ),
        )
        .timeout(::shop::orch::__private::millis(10000u64))
        .tags(&["shop"])
        .retry_budget(::shop::orch::__private::millis(600000u64))
        .cache(
            ::shop::orch::__private::CachePolicy::new()
                .ttl(::shop::orch::__private::millis(300000u64))
                .version("1")
                .scope(::shop::orch::__private::CacheScope::Run)
                .max_size(2147483648u64)
                .keyed(),
        );
    fn __orch_run(
        (
            url,
            n,
            ::shop::orch::__private::Skipped(progress),
        ): (
            <str as ::std::borrow::ToOwned>::Owned,
            u8,
            ::shop::orch::__private::Skipped<<Progress as ::std::borrow::ToOwned>::Owned>,
        ),
    ) -> impl ::core::future::Future<
        Output = ::shop::orch::__private::BodyResult<u32>,
    > + ::core::marker::Send {
        async move {
            match __orch_body(
                    ::std::borrow::Borrow::<str>::borrow(&url),
                    n,
                    ::std::borrow::Borrow::<Progress>::borrow(&progress),
                )
                .await
            {
                ::core::result::Result::Ok(value) => ::core::result::Result::Ok(value),
                ::core::result::Result::Err(error) => {
                    ::core::result::Result::Err({
                        let verdict = ::shop::orch::__private::verdict(
                            is_temporary(&error),
                        );
                        ::shop::orch::__private::body_error_typed::<ShopError>(error)
                            .verdict(verdict)
                    })
                }
            }
        }
    }
    fn __orch_start(
        from: ::shop::orch::__private::Source<
            '_,
            (
                <str as ::std::borrow::ToOwned>::Owned,
                u8,
                ::shop::orch::__private::Skipped<
                    <Progress as ::std::borrow::ToOwned>::Owned,
                >,
            ),
        >,
    ) -> ::shop::orch::__private::Started<u32> {
        ::shop::orch::__private::start_async_3::<
            <str as ::std::borrow::ToOwned>::Owned,
            u8,
            ::shop::orch::__private::Skipped<
                <Progress as ::std::borrow::ToOwned>::Owned,
            >,
            u32,
            _,
            _,
        >(::core::marker::PhantomData, from, __orch_run)
    }
    #[allow(clippy::ptr_arg, clippy::trivially_copy_pass_by_ref)]
    fn __orch_key(
        url: &str,
        n: &u8,
    ) -> ::core::result::Result<
        ::shop::orch::__private::KeyDigest,
        ::shop::orch::Error,
    > {
        ::shop::orch::__private::cache_key(&{ (url.len(), *n) })
    }
    let key = __orch_key(url, &n);
    ::shop::orch::__private::call(
            __orch_start(::shop::orch::__private::Source::Arguments {
                definition: &__ORCH_DEFINITION,
                type_arguments: "",
                arguments: (
                    <str as ::std::borrow::ToOwned>::to_owned(url),
                    n,
                    ::shop::orch::__private::Skipped(
                        <Progress as ::std::borrow::ToOwned>::to_owned(progress),
                    ),
                ),
            }),
        )
        .__cache_key(key)
}
