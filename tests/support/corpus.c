/* SPDX-License-Identifier: Apache-2.0 */
#include "support/corpus.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t *corpus_read(const char *path, size_t *size_ret)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	uint8_t *bytes = size < 0 ? NULL : malloc((size_t)size + 1);
	if (bytes && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
		free(bytes);
		bytes = NULL;
	}
	fclose(file);
	if (!bytes)
		return NULL;
	bytes[size] = 0;
	*size_ret = (size_t)size;
	return bytes;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

struct walk {
	const char *root;
	void (*visit)(const struct corpus_case *, void *);
	void *user;
	size_t count;
};

static void visit_case(struct walk *w, const char *build, const char *scenario)
{
	char path[512];
	size_t size;
	struct corpus_case c = { 0 };
	snprintf(path, sizeof(path), "%s/%s/%s/dump.core", w->root, build, scenario);
	c.dump = corpus_read(path, &c.dump_size);
	if (!c.dump)
		return;
	snprintf(path, sizeof(path), "%s/%s/%s/expected.json", w->root, build, scenario);
	c.expected = (char *)corpus_read(path, &size);
	snprintf(c.elf, sizeof(c.elf), "%s/%s/fw.elf", w->root, build);
	snprintf(c.name, sizeof(c.name), "%.50s/%.70s", build, scenario);
	if (c.expected) {
		w->visit(&c, w->user);
		w->count++;
	}
	free(c.dump);
	free(c.expected);
}

static void visit_build(struct walk *w, const char *build)
{
	char path[512];
	struct dirent **entries;
	snprintf(path, sizeof(path), "%s/%s", w->root, build);
	int count = scandir(path, &entries, is_visible, alphasort);
	for (int i = 0; i < count; i++) {
		visit_case(w, build, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

size_t corpus_each(const char *root, void (*visit)(const struct corpus_case *, void *), void *user)
{
	struct walk w = { .root = root, .visit = visit, .user = user };
	struct dirent **entries;
	int count = scandir(root, &entries, is_visible, alphasort);
	for (int i = 0; i < count; i++) {
		visit_build(&w, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return w.count;
}
