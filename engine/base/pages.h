/* SPDX-License-Identifier: Apache-2.0 */
/** @file The memory of a mapped file, given back while the file is read. */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stddef.h>

/** All of a file in memory, from which parts are read. Functions take NULL: bytes that stay. */
struct fl_pages {
	const void *bytes;
	size_t size;
	/** Makes the bytes take no memory until they are read again. NULL: they stay. */
	void (*release)(const void *bytes, size_t size);
	size_t read; /**< bytes, since the last release */
};

/** @p size more bytes were read: release all once that is much. Pointers into them stay valid. */
void fl_pages_read(struct fl_pages *pages, size_t size);

/** Release all, for what comes next is read elsewhere. */
void fl_pages_release(struct fl_pages *pages);

#endif
