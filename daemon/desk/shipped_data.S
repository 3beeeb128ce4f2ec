/* The shipped triggers of etc/triggers.d, as they are. */
	.section .rodata
	.globl shipped_respiratory, shipped_respiratory_end
shipped_respiratory:
	.incbin "etc/triggers.d/respiratory.conf"
shipped_respiratory_end:
	.byte 0
	.globl shipped_enteric, shipped_enteric_end
shipped_enteric:
	.incbin "etc/triggers.d/enteric.conf"
shipped_enteric_end:
	.byte 0
	.globl shipped_single_case, shipped_single_case_end
shipped_single_case:
	.incbin "etc/triggers.d/single-case.conf"
shipped_single_case_end:
	.byte 0
	.section .note.GNU-stack,"",%progbits
