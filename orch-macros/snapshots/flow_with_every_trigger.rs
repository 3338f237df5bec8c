#[allow(dead_code)]
fn check(what: u8) -> ::orch::Call<(), ::orch::Flow> {
    fn __orch_body(what: u8) {}
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    fn __orch_input_0() -> ::core::result::Result<
        ::orch::__private::Bytes,
        ::orch::__private::CodecError,
    > {
        let (what,): (u8,) = (1u8,);
        ::orch::__private::stored_input(&(what,))
    }
    fn __orch_on_0() -> ::orch::__private::On {
        ::orch::__private::On::completed(jobs::etl)
    }
    fn __orch_given_0(
        given: &::orch::__private::Given<'_>,
    ) -> ::core::result::Result<
        ::core::option::Option<::orch::__private::Bytes>,
        ::orch::Error,
    > {
        let (what,): (u8,) = (given.only("what")?,);
        given.input(&(what,))
    }
    fn __orch_on_1() -> ::orch::__private::On {
        ::orch::__private::On::failed(etl)
    }
    fn __orch_given_1(
        given: &::orch::__private::Given<'_>,
    ) -> ::core::result::Result<
        ::core::option::Option<::orch::__private::Bytes>,
        ::orch::Error,
    > {
        let (what,): (u8,) = (2u8,);
        given.input(&(what,))
    }
    fn __orch_on_2() -> ::orch::__private::On {
        ::orch::__private::On::absent("heartbeat", ::orch::__private::millis(5400000u64))
    }
    fn __orch_given_2(
        given: &::orch::__private::Given<'_>,
    ) -> ::core::result::Result<
        ::core::option::Option<::orch::__private::Bytes>,
        ::orch::Error,
    > {
        let (what,): (u8,) = (3u8,);
        given.input(&(what,))
    }
    fn __orch_on_3() -> ::orch::__private::On {
        ::orch::__private::On::file("incoming/*.csv", ::core::option::Option::None)
    }
    fn __orch_given_3(
        given: &::orch::__private::Given<'_>,
    ) -> ::core::result::Result<
        ::core::option::Option<::orch::__private::Bytes>,
        ::orch::Error,
    > {
        let (what,): (u8,) = (given.only("what")?,);
        given.input(&(what,))
    }
    fn __orch_on_4() -> ::orch::__private::On {
        ::orch::__private::On::file(
            "incoming/*.json",
            ::core::option::Option::Some(::orch::__private::millis(2000u64)),
        )
    }
    fn __orch_given_4(
        given: &::orch::__private::Given<'_>,
    ) -> ::core::result::Result<
        ::core::option::Option<::orch::__private::Bytes>,
        ::orch::Error,
    > {
        if !given.passes(is_small)? {
            return ::core::result::Result::Ok(::core::option::Option::None);
        }
        let (what,): (u8,) = (given.only("what")?,);
        given.input(&(what,))
    }
    fn __orch_on_5() -> ::orch::__private::On {
        ::orch::__private::On::overrun(etl, 3.0)
    }
    fn __orch_given_5(
        given: &::orch::__private::Given<'_>,
    ) -> ::core::result::Result<
        ::core::option::Option<::orch::__private::Bytes>,
        ::orch::Error,
    > {
        let (what,): (u8,) = (given.only("what")?,);
        given.input(&(what,))
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::flow(
            ::orch::__private::Place {
                name: "check",
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
                column: ::core::column!(),
                path: __orch_path,
            },
            0xc6bcc98a054816eau64,
            &["what"],
        )
        .schedules(const {
            &[
                ::orch::__private::ScheduleDefinition::new(
                    ::orch::__private::ScheduleDefinition::DEFAULT_NAME,
                    ::orch::__private::RuleText::Cron("@daily"),
                    __orch_input_0,
                    ::core::line!(),
                ),
            ]
        })
        .triggers(const {
            &[
                ::orch::__private::TriggerDefinition::new(
                    "completed(jobs::etl)",
                    __orch_on_0,
                    __orch_given_0,
                    ::core::line!(),
                ),
                ::orch::__private::TriggerDefinition::new(
                    "failed(etl)",
                    __orch_on_1,
                    __orch_given_1,
                    ::core::line!(),
                ),
                ::orch::__private::TriggerDefinition::new(
                    "absent(\"heartbeat\", \"1h30m\")",
                    __orch_on_2,
                    __orch_given_2,
                    ::core::line!(),
                ),
                ::orch::__private::TriggerDefinition::new(
                    "file(\"incoming/*.csv\")",
                    __orch_on_3,
                    __orch_given_3,
                    ::core::line!(),
                ),
                ::orch::__private::TriggerDefinition::new(
                    "file(\"incoming/*.json\")",
                    __orch_on_4,
                    __orch_given_4,
                    ::core::line!(),
                ),
                ::orch::__private::TriggerDefinition::new(
                    "overrun(etl, 3)",
                    __orch_on_5,
                    __orch_given_5,
                    ::core::line!(),
                ),
            ]
        });
    fn __orch_run((what,): (u8,)) -> ::orch::__private::BodyResult<()> {
        ::core::result::Result::Ok(__orch_body(what))
    }
    fn __orch_start(
        from: ::orch::__private::Source<'_, (u8,)>,
    ) -> ::orch::__private::Started<()> {
        ::orch::__private::start_sync_1::<
            u8,
            (),
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
            arguments: (what,),
        }),
    )
}
