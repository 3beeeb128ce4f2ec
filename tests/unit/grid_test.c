#include "daemon/cli/grid.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *
print(const struct grid *g, size_t width)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	grid_print(g, f, width);
	fclose(f);
	return text;
}

static void
test_columns_are_as_wide_as_their_cells(void **state)
{
	struct grid *g = grid_new((const char *[]){ "area", ">n", "name", NULL });
	char *text;

	(void)state;
	grid_add(g, (const char *[]){ "1", "5", "x" });
	grid_add(g, (const char *[]){ "990101", "12", NULL });
	text = print(g, 80);
	assert_string_equal(text, "area     n  name\n"
				  "1        5  x\n"
				  "990101  12  \n");
	free(text);
	grid_free(&g);
	assert_null(g);
}

static void
test_chinese_characters_are_two_wide(void **state)
{
	struct grid *g = grid_new((const char *[]){ "name", "k", NULL });
	char *text;

	(void)state;
	assert_int_equal(grid_width("发热门诊"), 8);
	grid_add(g, (const char *[]){ "发热门诊", "a" });
	grid_add(g, (const char *[]){ "ed", "b" });
	text = print(g, 80);
	assert_string_equal(text, "name      k\n"
				  "发热门诊  a\n"
				  "ed        b\n");
	free(text);
	grid_free(&g);
}

static void
test_a_long_line_is_cut_in_its_widest_column(void **state)
{
	struct grid *g = grid_new((const char *[]){ "id", "text", NULL });
	char *text;

	(void)state;
	grid_add(g, (const char *[]){ "1", "发热门诊发热门诊发热门诊" });
	text = print(g, 20);
	for (char *line = strtok(text, "\n"); line != NULL;
	     line = strtok(NULL, "\n"))
		assert_true(grid_width(line) <= 20);
	free(text);
	grid_free(&g);
}

/* What names the row stays whole; the others give in turn. */
static void
test_columns_give_in_turn(void **state)
{
	struct grid *g = grid_new((const char *[]){ "id", "a", "b", NULL });
	char *text;

	(void)state;
	grid_add(g, (const char *[]){ "0123456789", "aaaaaaaaaaaaaaaa",
				      "bbbbbbbbbbbbbbbbbb" });
	text = print(g, 34);
	assert_string_equal(text, "id          a           b\n"
				  "0123456789  aaaaa…aaaa  bbbbb…bbbb\n");
	free(text);
	grid_free(&g);
}

/* Names that differ only at their end can be told apart. */
static void
test_cut_in_the_middle(void **state)
{
	struct grid *g = grid_new((const char *[]){ "a", "b", NULL });
	char *text;

	(void)state;
	grid_add(g, (const char *[]){ "1", "nursing-home-respiratory" });
	grid_add(g, (const char *[]){ "2", "发热门诊就诊人数异常" });
	grid_add(g, (const char *[]){ "3", "school, pharmacy, lab" });
	text = print(g, 15);
	assert_string_equal(text, "a  b\n"
				  "1  nursin…atory\n"
				  "2  发热门…异常\n"
				  "3  school, pha…\n");
	free(text);
	grid_free(&g);
}

/* Bytes that are no character are still counted, never read past. */
static void
test_any_bytes(void **state)
{
	(void)state;
	assert_int_equal(grid_width("\xff\xfe"), 2);
	assert_int_equal(grid_width("\xe5\x8f"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_as_wide_as_their_cells),
		cmocka_unit_test(test_chinese_characters_are_two_wide),
		cmocka_unit_test(test_a_long_line_is_cut_in_its_widest_column),
		cmocka_unit_test(test_columns_give_in_turn),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_cut_in_the_middle),
	};

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 77;
	return cmocka_run_group_tests_name("grid", tests, NULL, NULL);
}
