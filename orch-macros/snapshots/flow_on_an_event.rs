#[allow(dead_code)]
fn ship(id: u64, note: &str, currency: String) -> ::orch::Call<(), ::orch::Flow> {
    async fn __orch_body(id: u64, note: &str, currency: String, db: &Pool) {}
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    fn __orch_on_0() -> ::orch::__private::On {
        ::orch::__private::On::event("order paid")
    }
    fn __orch_given_0(
        given: &::orch::__private::Given<'_>,
    ) -> ::core::result::Result<
        ::core::option::Option<::orch::__private::Bytes>,
        ::orch::Error,
    > {
        if !given.passes(|order: &Order| order.total > 100)? {
            return ::core::result::Result::Ok(::core::option::Option::None);
        }
        let (
            id,
            note,
            currency,
        ): (u64, <str as ::std::borrow::ToOwned>::Owned, String) = (
            given.field("id")?,
            given.field("note")?,
            ::std::string::String::from("EUR"),
        );
        given.input(&(id, note, currency))
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::flow(
            ::orch::__private::Place {
                name: "ship",
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
                column: ::core::column!(),
                path: __orch_path,
            },
            0xcbb818fd83f23b41u64,
            &["id", "note", "currency"],
        )
        .triggers(const {
            &[
                ::orch::__private::TriggerDefinition::new(
                    "event(\"order paid\")",
                    __orch_on_0,
                    __orch_given_0,
                    ::core::line!(),
                ),
            ]
        });
    fn __orch_run(
        (id, note, currency): (u64, <str as ::std::borrow::ToOwned>::Owned, String),
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
            ::core::result::Result::Ok(
                __orch_body(
                        id,
                        ::std::borrow::Borrow::<str>::borrow(&note),
                        currency,
                        &*db,
                    )
                    .await,
            )
        }
    }
    fn __orch_start(
        from: ::orch::__private::Source<
            '_,
            (u64, <str as ::std::borrow::ToOwned>::Owned, String),
        >,
    ) -> ::orch::__private::Started<()> {
        ::orch::__private::start_async_3::<
            u64,
            <str as ::std::borrow::ToOwned>::Owned,
            String,
            (),
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
            arguments: (id, <str as ::std::borrow::ToOwned>::to_owned(note), currency),
        }),
    )
}
