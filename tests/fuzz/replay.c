/* Gives every file of a corpus to a fuzz target once, as a plain test. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>

enum { MAX_BYTES = 1 << 20 };

static int
replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data;
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return -1;
	}
	data = malloc(MAX_BYTES);
	if (!data)
		abort();
	n = fread(data, 1, MAX_BYTES, file);
	fclose(file);
	data = realloc(data, n ? n : 1); /* so that ASan sees the end */
	if (!data)
		abort();
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	return 0;
}

int
main(int argc, char **argv)
{
	struct dirent *entry;
	int files = 0;
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;

	if (!folder) {
		fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay(argv[1], entry->d_name) < 0)
			return 1;
		files++;
	}
	closedir(folder);
	printf("%d inputs of %s replayed\n", files, argv[1]);
	return files > 0 ? 0 : 1;
}
