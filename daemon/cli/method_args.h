#ifndef TOCSIN_METHOD_ARGS_H
#define TOCSIN_METHOD_ARGS_H

/* A method and its parameters from the words of a command line. */

#include "detectors/detect.h"

/* The method, or NULL after an error line with the nearest name. */
const struct det_method *method_arg(const char *name);

/*
 * Applies "key=value" to p.  Returns 0, or -1 after an error line that says
 * what the key takes.
 */
int method_set_arg(const struct det_method *m, double p[DET_MAX_PARAMS],
		   const char *setting) __attribute__((warn_unused_result));

#endif
