/*
 * tocsin methods: what detectors there are and what can be set, for people
 * and as JSON.
 */
#include "daemon/cli/cli.h"
#include "daemon/cli/method_args.h"
#include "daemon/cli/methods_man.h"
#include "detectors/detect.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 80

static json_t *
choices_json(const struct det_param *row)
{
	json_t *list = json_array();

	for (size_t i = 0; row->choices[i] != NULL; i++)
		json_array_append_new(list, json_string(row->choices[i]));
	return list;
}

static json_t *
param_json(const struct det_param *row)
{
	json_t *o = json_object();

	json_object_set_new(o, "name", json_string(row->name));
	json_object_set_new(o, "unit", json_string(row->unit));
	if (row->choices != NULL) {
		json_object_set_new(o, "default",
				    json_string(row->choices[(int)row->def]));
		json_object_set_new(o, "min", json_null());
		json_object_set_new(o, "max", json_null());
		json_object_set_new(o, "choices", choices_json(row));
	} else {
		json_object_set_new(o, "default", json_real(row->def));
		json_object_set_new(o, "min", json_real(row->min));
		json_object_set_new(o, "max", json_real(row->max));
	}
	json_object_set_new(o, "help", json_string(row->help));
	return o;
}

static json_t *
method_json(const struct det_method *m)
{
	json_t *o = json_object();
	json_t *params = json_array();
	double p[DET_MAX_PARAMS];
	size_t reach;

	det_params_default(m, p);
	reach = m->reach(p);
	for (const struct det_param *row = m->param; row->name != NULL; row++)
		json_array_append_new(params, param_json(row));
	json_object_set_new(o, "name", json_string(m->name));
	json_object_set_new(o, "summary", json_string(m->summary));
	json_object_set_new(o, "parameters", params);
	json_object_set_new(o, "reach",
			    reach == DET_REACH_ALL
				    ? json_null()
				    : json_integer((json_int_t)reach));
	json_object_set_new(o, "reference", json_string(m->reference));
	return o;
}

static int
print_json(const struct det_method *only)
{
	json_t *list = json_array();

	for (size_t i = 0; det_at(i) != NULL; i++) {
		if (only == NULL || only == det_at(i))
			json_array_append_new(list, method_json(det_at(i)));
	}
	json_dumpf(list, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(list);
	return cli_finish();
}

/* Prints text from the column on, broken at blanks to stay within WIDTH. */
static void
print_wrapped(const char *text, int column)
{
	int at = column;

	while (*text != '\0') {
		int word = (int)strcspn(text, " ");

		if (at > column && at + 1 + word > WIDTH) {
			printf("\n%*s", column, "");
			at = column;
		} else if (at > column) {
			putchar(' ');
			at++;
		}
		printf("%.*s", word, text);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static int
print_list(void)
{
	puts("METHOD                  SUMMARY");
	for (size_t i = 0; det_at(i) != NULL; i++) {
		printf("%-23s ", det_at(i)->name);
		print_wrapped(det_at(i)->summary, 24);
	}
	puts("\n'tocsin methods NAME' shows a method's parameters.");
	return cli_finish();
}

static void
print_param(const struct det_param *row)
{
	printf("  %-11s ", row->name);
	if (row->choices != NULL) {
		char list[256] = "";
		size_t used = 0;

		for (size_t i = 0; row->choices[i] != NULL; i++) {
			used += (size_t)snprintf(list + used, sizeof(list) - used,
						 "%s%s", used > 0 ? ", " : "",
						 row->choices[i]);
			if (used >= sizeof(list))
				break;
		}
		printf("default %s, one of ", row->choices[(int)row->def]);
		print_wrapped(list, 33);
	} else {
		printf("default %g, from %g to %g%s%s\n", row->def, row->min,
		       row->max, row->unit[0] != '\0' ? ", " : "", row->unit);
	}
	printf("%14s", "");
	print_wrapped(row->help, 14);
}

static int
print_method(const struct det_method *m)
{
	double p[DET_MAX_PARAMS];
	size_t reach;

	det_params_default(m, p);
	reach = m->reach(p);
	printf("%s: ", m->name);
	print_wrapped(m->summary, (int)strlen(m->name) + 2);
	printf("Source: ");
	print_wrapped(m->reference, 8);
	if (reach == DET_REACH_ALL)
		puts("Reach: the whole series");
	else
		printf("Reach: %zu periods\n", reach);
	if (m->param->name != NULL)
		puts("Parameters:");
	for (const struct det_param *row = m->param; row->name != NULL; row++)
		print_param(row);
	return cli_finish();
}

int
cli_methods(int argc, char **argv)
{
	const struct det_method *only = NULL;
	int json = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = 1;
		} else if (strcmp(argv[i], "--help") == 0) {
			puts("Usage: tocsin methods [NAME] [--json|--man]");
			return cli_finish();
		} else if (strcmp(argv[i], "--man") == 0) {
			methods_man_print();
			return cli_finish();
		} else if (argv[i][0] == '-' || only != NULL) {
			cli_error("methods takes one name and --json, not "
				  "'%.80s'",
				  argv[i]);
			return CLI_EX_USAGE;
		} else if ((only = method_arg(argv[i])) == NULL) {
			return CLI_EX_USAGE;
		}
	}
	if (json)
		return print_json(only);
	return only != NULL ? print_method(only) : print_list();
}
