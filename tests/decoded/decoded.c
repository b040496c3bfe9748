/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked into a test with --wrap, so that it runs once more with symbols that went through a file:
 * compiled, encoded, decoded, the compiled ones and the ELF gone.
 */
#include <faultline/symbols.h>

#include <stdlib.h>

enum { OPEN_MAX = 4096 };

enum fl_code
__real_fl_symbols_open(const void *, size_t, const char *, struct fl_symbols **, struct fl_error *);
enum fl_code
__wrap_fl_symbols_open(const void *, size_t, const char *, struct fl_symbols **, struct fl_error *);
void __real_fl_symbols_close(struct fl_symbols *);
void __wrap_fl_symbols_close(struct fl_symbols *);

/* Decoded symbols borrow their bytes. */
static struct {
	struct fl_symbols *symbols;
	struct fl_buffer bytes;
} open_files[OPEN_MAX];

static enum fl_code decode(size_t slot, const struct fl_symbols *compiled, struct fl_symbols **ret,
			   struct fl_error *err)
{
	enum fl_code code = fl_symbols_encode(compiled, NULL, &open_files[slot].bytes, err);
	if (!code)
		code = fl_symbols_decode(open_files[slot].bytes.data, open_files[slot].bytes.size,
					 &open_files[slot].symbols, err);
	if (code)
		fl_buffer_deinit(&open_files[slot].bytes);
	else
		*ret = open_files[slot].symbols;
	return code;
}

enum fl_code __wrap_fl_symbols_open(const void *bytes, size_t size, const char *name,
				    struct fl_symbols **ret, struct fl_error *err)
{
	struct fl_symbols *compiled = NULL;
	enum fl_code code = __real_fl_symbols_open(bytes, size, name, &compiled, err);
	size_t slot = 0;
	while (!code && open_files[slot].symbols)
		if (++slot == OPEN_MAX)
			abort();
	if (!code)
		code = decode(slot, compiled, ret, err);
	__real_fl_symbols_close(compiled);
	return code;
}

void __wrap_fl_symbols_close(struct fl_symbols *symbols)
{
	__real_fl_symbols_close(symbols);
	for (size_t i = 0; symbols && i < OPEN_MAX; i++) {
		if (open_files[i].symbols != symbols)
			continue;
		fl_buffer_deinit(&open_files[i].bytes);
		open_files[i].symbols = NULL;
	}
}
