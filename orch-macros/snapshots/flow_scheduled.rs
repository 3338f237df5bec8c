#[allow(dead_code)]
fn watch_price(url: String, budget: u32) -> ::orch::Call<bool, ::orch::Flow> {
    async fn __orch_body(url: String, budget: u32) -> anyhow::Result<bool> {
        Ok(url.len() as u32 > budget)
    }
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    fn __orch_input_0() -> ::core::result::Result<
        ::orch::__private::Bytes,
        ::orch::__private::CodecError,
    > {
        let (url, budget): (String, u32) = (
            ::std::string::String::from("https://shop.example/1"),
            120,
        );
        ::orch::__private::stored_input(&(url, budget))
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::flow(
            ::orch::__private::Place {
                name: "watch_price",
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
                column: ::core::column!(),
                path: __orch_path,
            },
            0xbc5c9a78c46093b5u64,
            &["url", "budget"],
        )
        .schedules(const {
            &[
                ::orch::__private::ScheduleDefinition::new(
                        ::orch::__private::ScheduleDefinition::DEFAULT_NAME,
                        ::orch::__private::RuleText::Cron("0 9 * * MON-FRI"),
                        __orch_input_0,
                        ::core::line!(),
                    )
                    .zone("Europe/Berlin"),
            ]
        });
    fn __orch_run(
        (url, budget): (String, u32),
    ) -> impl ::core::future::Future<
        Output = ::orch::__private::BodyResult<bool>,
    > + ::core::marker::Send {
        async move {
            match __orch_body(url, budget).await {
                ::core::result::Result::Ok(value) => ::core::result::Result::Ok(value),
                ::core::result::Result::Err(error) => {
                    ::core::result::Result::Err(::orch::__private::body_error(error))
                }
            }
        }
    }
    fn __orch_start(
        from: ::orch::__private::Source<'_, (String, u32)>,
    ) -> ::orch::__private::Started<bool> {
        ::orch::__private::start_async_2::<
            String,
            u32,
            bool,
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
            arguments: (url, budget),
        }),
    )
}
