/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled for processors with AVX2, xxHash included; everything else is for any of their family.
 */
#include "base/hash_wide.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

void fl_hash128_avx2(const void *bytes, size_t size, uint8_t ret[16])
{
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size));
	memcpy(ret, canonical.digest, 16);
}
