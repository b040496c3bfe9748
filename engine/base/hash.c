/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "base/hash_wide.h"

#include <string.h>
#include <xxhash.h>

enum { LARGE = 4096 };

void fl_hash128(const void *bytes, size_t size, uint8_t ret[16])
{
#if FL_HAVE_AVX2
	if (size >= LARGE && __builtin_cpu_supports("avx2")) {
		fl_hash128_avx2(bytes, size, ret);
		return;
	}
#endif
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size));
	memcpy(ret, canonical.digest, 16);
}

uint64_t fl_hash64(const void *bytes, size_t size)
{
	return XXH3_64bits(bytes, size);
}
