# tocsin-collect's modules.
add_unit(outbox tocsin-collectors)
add_unit(sender tocsin-collectors)
add_unit(enrol tocsin-text)
