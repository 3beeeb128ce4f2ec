# tocsin-collect's modules.
add_unit(outbox tocsin-collectors)
add_unit(sender tocsin-collectors)
add_unit(enrol tocsin-text)
add_unit(hl7 tocsin-collectors)
add_unit(settings tocsin-collectors)
add_unit(syndromes tocsin-collectors)
add_unit(pack tocsin-collectors)
