fn ask(user: &str, question: String) -> ::orch::Call<String> {
    async fn __orch_body(user: &str, question: String) -> String {
        question
    }
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    fn __orch_permits_2(
        attempt: u64,
    ) -> ::core::result::Result<u64, ::std::string::String> {
        ::orch::__private::permits(attempt * 2)
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::task(
            ::orch::__private::Place {
                name: "ask",
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
                column: ::core::column!(),
                path: __orch_path,
            },
            0xae60357eca45db2fu64,
            &["user", "question"],
        )
        .limits(const {
            &[
                ::orch::__private::Need::fixed("api", 1u64),
                ::orch::__private::Need::fixed("shop-memory", 2147483648u64),
                ::orch::__private::Need::by_attempt("gpu", __orch_permits_2),
            ]
        })
        .rate(::orch::__private::Rate::new(100u32, ::orch::__private::millis(60000u64)))
        .limited_per_key()
        .priority(-5i32);
    fn __orch_run(
        (user, question): (<str as ::std::borrow::ToOwned>::Owned, String),
    ) -> impl ::core::future::Future<
        Output = ::orch::__private::BodyResult<String>,
    > + ::core::marker::Send {
        async move {
            ::core::result::Result::Ok(
                __orch_body(::std::borrow::Borrow::<str>::borrow(&user), question).await,
            )
        }
    }
    fn __orch_start(
        from: ::orch::__private::Source<
            '_,
            (<str as ::std::borrow::ToOwned>::Owned, String),
        >,
    ) -> ::orch::__private::Started<String> {
        ::orch::__private::start_async_2::<
            <str as ::std::borrow::ToOwned>::Owned,
            String,
            String,
            _,
            _,
        >(::core::marker::PhantomData, from, __orch_run)
    }
    ::orch::__private::inventory::submit! {
        ::orch::__private::Registered::new(& __ORCH_DEFINITION, | bytes |
        ::orch::__private::decoded(__orch_start(::orch::__private::Source::Stored(bytes))))
    }
    #[allow(clippy::ptr_arg, clippy::trivially_copy_pass_by_ref)]
    fn __orch_per(
        user: &str,
    ) -> ::core::result::Result<::orch::__private::KeyDigest, ::orch::Error> {
        ::orch::__private::limit_key(&{ user.to_owned() })
    }
    let limit_key = __orch_per(user);
    ::orch::__private::call(
            __orch_start(::orch::__private::Source::Arguments {
                definition: &__ORCH_DEFINITION,
                type_arguments: "",
                arguments: (<str as ::std::borrow::ToOwned>::to_owned(user), question),
            }),
        )
        .__limit_key(limit_key)
}
