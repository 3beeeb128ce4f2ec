/*
 * The manual page of the methods, in mdoc, from the same tables as everything
 * else: the build makes tocsin-methods.7 of it and docs/detectors.md.
 */
#include "daemon/cli/methods_man.h"

#include "detectors/detect.h"

#include <stdio.h>
#include <string.h>

/* Text of a line of its own; a leading dot or quote would be a macro. */
static void
print_text(const char *text)
{
	if (text[0] == '.' || text[0] == '\'')
		fputs("\\&", stdout);
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '\\')
			fputs("\\e", stdout);
		else
			putchar(*c);
	}
	putchar('\n');
}

static void
print_param(const struct det_param *row)
{
	printf(".It Cm %s\n", row->name);
	print_text(row->help);
	if (row->choices == NULL) {
		printf("(default %g, from %g to %g%s%s).\n", row->def, row->min,
		       row->max, row->unit[0] != '\0' ? ", " : "", row->unit);
		return;
	}
	printf("(default %s; one of", row->choices[(int)row->def]);
	for (size_t i = 0; row->choices[i] != NULL; i++)
		printf("%s %s", i > 0 ? "," : "", row->choices[i]);
	puts(").");
}

static void
print_method(const struct det_method *m)
{
	double p[DET_MAX_PARAMS];
	size_t reach;

	det_params_default(m, p);
	reach = m->reach(p);
	printf(".Ss %s\n", m->name);
	print_text(m->summary);
	puts(".Pp");
	if (reach == DET_REACH_ALL)
		puts("Reads back to the start of the series.");
	else
		printf("Reads %zu periods with its defaults.\n", reach);
	puts("Source:");
	print_text(m->reference);
	puts(".Bl -tag -width threshold");
	for (const struct det_param *row = m->param; row->name != NULL; row++)
		print_param(row);
	puts(".El");
}

void
methods_man_print(void)
{
	puts(".Dd March 1, 2024\n.Dt TOCSIN-METHODS 7\n.Os\n.Sh NAME\n"
	     ".Nm tocsin-methods\n.Nd the outbreak detectors of tocsin\n"
	     ".Sh DESCRIPTION\n"
	     "Every method judges a period, a day or a week, from the periods\n"
	     "before it.\n"
	     "The level is unknown, normal, warning or alert; p is one-sided.\n"
	     "A missing count is never zero.\n"
	     "A parameter is set by\n"
	     ".Ic tocsin detect --set Ar KEY Ns = Ns Ar VALUE\n"
	     "and in the configuration.\n"
	     "Formulas and deviations from the originals are in\n"
	     ".Pa docs/detectors.md ,\n"
	     "with which the installed page ends.\n"
	     ".Sh METHODS");
	for (size_t i = 0; det_at(i) != NULL; i++)
		print_method(det_at(i));
	puts(".Sh SEE ALSO\n.Xr tocsin 1 ,\n.Xr tocsin.conf 5");
}
