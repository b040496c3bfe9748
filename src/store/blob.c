/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"

#include <inttypes.h>
#include <stdlib.h>

/* Dumps are RAM and stacks of some ten KB: higher levels make them a few per cent smaller, and take
 * longer to read as well. */
enum { COMPRESSION_LEVEL = 1 };

enum fl_code fl_blob_pack(struct fl_store *store, const void *bytes, size_t size,
			  struct fl_buffer *ret, struct fl_error *err)
{
	if (!store->compressor && !(store->compressor = ZSTD_createCCtx()))
		return fl_store_nomem(err);
	size_t room = ZSTD_compressBound(size);
	struct fl_buffer packed = { .data = malloc(room) };
	if (!packed.data)
		return fl_store_nomem(err);
	packed.size = ZSTD_compressCCtx(store->compressor, packed.data, room, bytes, size,
					COMPRESSION_LEVEL);
	if (ZSTD_isError(packed.size)) {
		const char *words = ZSTD_getErrorName(packed.size);
		fl_buffer_deinit(&packed);
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "cannot compress the dump: %s",
			       words);
	}
	*ret = packed;
	return FL_OK;
}

enum fl_code fl_blob_unpack(struct fl_store *store, const void *packed, size_t packed_size,
			    int64_t size, struct fl_buffer *ret, struct fl_error *err)
{
	if (size < 0 || size > FL_STORE_DUMP_MAX || !packed ||
	    ZSTD_getFrameContentSize(packed, packed_size) != (unsigned long long)size)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0,
			       "the stored bytes of the dump are damaged");
	if (!store->decompressor && !(store->decompressor = ZSTD_createDCtx()))
		return fl_store_nomem(err);
	struct fl_buffer bytes = { .data = malloc(size ? (size_t)size : 1) };
	if (!bytes.data)
		return fl_store_nomem(err);
	bytes.size = ZSTD_decompressDCtx(store->decompressor, bytes.data, (size_t)size, packed,
					 packed_size);
	if (bytes.size != (size_t)size) {
		fl_buffer_deinit(&bytes);
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0,
			       "the stored bytes of the dump are damaged");
	}
	*ret = bytes;
	return FL_OK;
}
