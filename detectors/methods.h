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

/* cusum.c, ewma_jhu.c */
extern const struct det_method det_cusum;
extern const struct det_method det_ewma_jhu;

/* w2.c, holt_winters.c */
extern const struct det_method det_w2;
extern const struct det_method det_holt_winters;

/* fixed.c, percentile.c, drop.c */
extern const struct det_method det_fixed;
extern const struct det_method det_percentile;
extern const struct det_method det_drop;

/* r_ears.c */
extern const struct det_method det_r_ears_c1;
extern const struct det_method det_r_ears_c2;
extern const struct det_method det_r_ears_c3;

/* r_cusum.c */
extern const struct det_method det_r_cusum;

/* r_lr.c */
extern const struct det_method det_r_lr;
extern const struct det_method det_r_glr;

/* r_farrington.c, r_farrington_flexible.c */
extern const struct det_method det_r_farrington;
extern const struct det_method det_r_farrington_flexible;

/* r_bayes.c */
extern const struct det_method det_r_bayes1;
extern const struct det_method det_r_bayes2;
extern const struct det_method det_r_bayes3;

/* r_rki.c */
extern const struct det_method det_r_rki1;
extern const struct det_method det_r_rki2;
extern const struct det_method det_r_rki3;

/* r_cdc.c */
extern const struct det_method det_r_cdc;

/* rnssp_ewma.c, rnssp_regression.c, rnssp_switch.c */
extern const struct det_method det_rnssp_ewma;
extern const struct det_method det_rnssp_regression;
extern const struct det_method det_rnssp_switch;

/* glm_nb.c */
extern const struct det_method det_glm_nb;

/* count_cusum.c */
extern const struct det_method det_poisson_cusum;
extern const struct det_method det_nb_cusum;

/* tocsin.c */
extern const struct det_method det_tocsin;

#endif
