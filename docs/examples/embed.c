/*
 * Judges the last of the counts given as arguments with EARS C2, "-" being a
 * missing one:  cc embed.c $(pkg-config --static --cflags --libs tocsin-detect)
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <detectors/detect.h>

#define MAX_CELLS 1000

int
main(int argc, char **argv)
{
	const struct det_method *method = det_find("ears-c2");
	double params[DET_MAX_PARAMS];
	double count[MAX_CELLS];
	double scratch[MAX_CELLS];
	struct det_window window = { .count = count,
				     .first_t = 1,
				     .first_day = 4, /* a Monday */
				     .period = DET_DAY };
	struct det_verdict v;

	if (argc < 2 || argc > MAX_CELLS || method == NULL)
		return 2;
	for (int i = 1; i < argc; i++)
		count[window.n++] =
			strcmp(argv[i], "-") == 0 ? NAN : atof(argv[i]);
	det_params_default(method, params);
	if (det_params_set(method, params, "min_sigma", "1") != DET_OK ||
	    method->scratch(params, window.n) > sizeof(scratch) ||
	    det_judge(method, params, &window, window.n - 1, scratch, &v) !=
		    DET_OK)
		return 2;
	printf("%s: expected %.2f, limit %.2f, p %.3g\n",
	       det_level_str(v.level), v.expected, v.upper, v.p);
	return v.level == DET_ALERT;
}
