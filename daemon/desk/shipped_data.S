/* The shipped triggers of etc/triggers.d, one after the other. */
	.section .rodata
	.globl shipped_conf, shipped_conf_end
shipped_conf:
	.incbin "shipped.conf"
shipped_conf_end:
	.byte 0
	.section .note.GNU-stack,"",%progbits
