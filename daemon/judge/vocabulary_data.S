/* The shipped lists of etc/, as they are. */
	.section .rodata
	.globl vocabulary_kinds, vocabulary_kinds_end
vocabulary_kinds:
	.incbin "etc/kinds.csv"
vocabulary_kinds_end:
	.byte 0
	.globl vocabulary_indicators, vocabulary_indicators_end
vocabulary_indicators:
	.incbin "etc/indicators.csv"
vocabulary_indicators_end:
	.byte 0
	.globl vocabulary_calendars, vocabulary_calendars_end
vocabulary_calendars:
	.incbin "etc/calendars/cn.conf"
	.incbin "etc/calendars/us.conf"
vocabulary_calendars_end:
	.byte 0
	.section .note.GNU-stack,"",%progbits
