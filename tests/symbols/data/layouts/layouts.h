/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler says of its own layouts: rows of a table in read-only memory that the test
 * holds against the debug information of the same file (see README.md).
 */
#include <stddef.h>
#include <stdint.h>

enum { SIGNED = 1, POINTER = 2, FLOAT = 4 };

/* A row without a path is about the structure, one without a structure about a variable. */
struct expected {
	const char *structure, *path;
	uint32_t off, size, count, flags;
	const void *probe; /* of a bit-field: its structure with all of its bits and no others */
	uint32_t probe_size;
};

#define WHOLE(type) \
	{ \
#type, "", 0, sizeof(type), 0, 0, NULL, 0 \
	}
#define PART(type, path, count, flags) \
	{ \
#type, #path, offsetof(type, path), sizeof(((type *)0)->path), count, flags, NULL, \
			0 \
	}
#define BITS(type, path, flags, probe) \
	{ \
#type, #path, 0, 0, 1, flags, &(probe), sizeof(probe) \
	}
#define VARIABLE(name, count, flags) \
	{ \
		"", #name, (uint32_t)(uintptr_t) & (name), sizeof(name), count, flags, NULL, 0 \
	}
