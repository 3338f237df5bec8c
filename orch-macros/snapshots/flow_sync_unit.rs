#[allow(dead_code)]
fn tidy() -> ::orch::Call<(), ::orch::Flow> {
    fn __orch_body() {}
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
        0x727c8c8cd3bc4bc6u64,
        &[],
    );
    fn __orch_run((): ()) -> ::orch::__private::BodyResult<()> {
        ::core::result::Result::Ok(__orch_body())
    }
    ::orch::__private::inventory::submit! {
        ::orch::__private::Registered::new(& __ORCH_DEFINITION, | bytes |
        ::orch::__private::decode_sync(bytes, __orch_run))
    }
    ::orch::__private::flow_sync(&__ORCH_DEFINITION, "", (), __orch_run)
}
