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

/* r_ears.c */
extern const struct det_method det_r_ears_c1;
extern const struct det_method det_r_ears_c2;
extern const struct det_method det_r_ears_c3;

/* rnssp_ewma.c, rnssp_regression.c, rnssp_switch.c */
extern const struct det_method det_rnssp_ewma;
extern const struct det_method det_rnssp_regression;
extern const struct det_method det_rnssp_switch;

#endif
