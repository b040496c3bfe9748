/* SPDX-License-Identifier: Apache-2.0 */
/** @file An image opened from a written ELF, and what else a test of image/ has to free. */
#ifndef TESTS_IMAGE_CASE_H
#define TESTS_IMAGE_CASE_H

#include "image/image.h"
#include "support/cmocka.h"
#include "support/elf_writer.h"

#include <stdlib.h>

struct image_case {
	uint8_t *bytes;
	struct fl_image *image;
};

static inline void free_image_case(struct image_case *c)
{
	fl_image_close(c->image);
	free(c->bytes);
}
#define IMAGE __attribute__((__cleanup__(free_image_case))) struct image_case

/** Finish the file and open it. */
static inline struct image_case open_image(struct elf_writer *w)
{
	struct image_case c = { 0 };
	struct fl_error err = { 0 };
	elf_end(w);
	c.bytes = exact_copy(w->file.data, w->file.size);
	if (fl_image_open("fw.elf", c.bytes, w->file.size, NULL, &c.image, &err))
		fail_msg("%s", err.message);
	return c;
}

#endif
