/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <string.h>
#include <xxhash.h>

void fl_hash128(const void *bytes, size_t size, uint8_t ret[16])
{
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size));
	memcpy(ret, canonical.digest, 16);
}

uint64_t fl_hash64(const void *bytes, size_t size)
{
	return XXH3_64bits(bytes, size);
}
