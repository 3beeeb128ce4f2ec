#ifndef TOCSIN_METHODS_H
#define TOCSIN_METHODS_H

/*
 * Every method of the table in detect.c, by the file that defines it.  Inside
 * the library only: others find a method by its name.
 */

#include "detectors/detect.h"

/* ears.c */
extern const struct det_method det_ears_c1;
extern const struct det_method det_ears_c2;
extern const struct det_method det_ears_c3;

#endif
