#ifndef TOCSIN_METHODS_MAN_H
#define TOCSIN_METHODS_MAN_H

/* Prints the manual page tocsin-methods(7) as mdoc on standard output. */
void methods_man_print(void);

#endif
