# tocsin-collect.
add_py_test(system collect)
add_py_test(system collect_inputs)
add_py_test(system collect_tocsind)
add_py_test(system collect_docs)
add_py_test(system collect_kafka)
add_c_test(system output_kafka
	tocsin-collectors PkgConfig::libevent PkgConfig::rdkafka)
