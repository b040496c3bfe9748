/* SPDX-License-Identifier: Apache-2.0 */
/** @file The recorded crashes under fixtures/corpus, one after the other, in a fixed order. */
#ifndef SUPPORT_CORPUS_H
#define SUPPORT_CORPUS_H

#include <stddef.h>
#include <stdint.h>

/** Heap bytes of a file, exact size, with a NUL behind the end of text; NULL when there is none. */
uint8_t *corpus_read(const char *path, size_t *size_ret);

struct corpus_case {
	char name[128]; /**< "m4f-og/null-read" */
	char elf[512];  /**< path of the image */
	uint8_t *dump;
	size_t dump_size;
	char *expected; /**< text of expected.json */
};

/**
 * Call @p visit with every case below @p root (FL_CORPUS).
 * @return how many there were.
 */
size_t corpus_each(const char *root, void (*visit)(const struct corpus_case *, void *), void *user);

#endif
