#[allow(dead_code)]
fn tidy() -> ::orch::Call<(), ::orch::Flow> {
    fn __orch_body(db: &Pool) {}
    fn __orch_path() -> &'static str {
        ::core::any::type_name_of_val(&__orch_path)
    }
    static __ORCH_DEFINITION: ::orch::__private::Definition = ::orch::__private::Definition::flow(
            ::orch::__private::Place {
                name: "tidy",
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
                column: ::core::column!(),
                path: __orch_path,
            },
            0x5a3ef41a589d409du64,
            &[],
        )
        .schedules(const {
            &[
                ::orch::__private::ScheduleDefinition::new(
                        ::orch::__private::ScheduleDefinition::DEFAULT_NAME,
                        ::orch::__private::RuleText::Every {
                            period: ::orch::__private::millis(300000u64),
                            anchor: ::core::option::Option::None,
                        },
                        ::orch::__private::no_input,
                        ::core::line!(),
                    )
                    .jitter(::orch::__private::millis(30000u64)),
                ::orch::__private::ScheduleDefinition::new(
                        "eve",
                        ::orch::__private::RuleText::At(
                            &["2026-12-24 18:00", "2026-12-31"],
                        ),
                        ::orch::__private::no_input,
                        ::core::line!(),
                    )
                    .zone("Europe/Berlin")
                    .dst(::orch::__private::Dst {
                        missing: ::orch::__private::Missing::Skip,
                        doubled: ::orch::__private::Doubled::Both,
                    })
                    .catch_up(::orch::__private::CatchUp::All)
                    .max_late(::orch::__private::millis(3600000u64))
                    .overlap(::orch::__private::Overlap::Queue)
                    .until("2027-01-01")
                    .max_runs(3u64),
                ::orch::__private::ScheduleDefinition::new(
                    "counted",
                    ::orch::__private::RuleText::Every {
                        period: ::orch::__private::millis(3600000u64),
                        anchor: ::core::option::Option::Some("2026-01-01 06:30"),
                    },
                    ::orch::__private::no_input,
                    ::core::line!(),
                ),
            ]
        });
    fn __orch_run((): ()) -> ::orch::__private::BodyResult<()> {
        let db = match ::orch::__private::provided::<Pool>("db") {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(error) => {
                return ::core::result::Result::Err(error);
            }
        };
        ::core::result::Result::Ok(__orch_body(&*db))
    }
    fn __orch_start(
        from: ::orch::__private::Source<'_, ()>,
    ) -> ::orch::__private::Started<()> {
        ::orch::__private::start_sync_0::<
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
            arguments: (),
        }),
    )
}
