/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/mpu.h"

enum { GUARD_MAX = 0x1000 };

static bool is_v8m(enum fl_arch arch)
{
	return arch == FL_ARCH_V8M_BASE || arch == FL_ARCH_V8M_MAIN;
}

bool fl_mpu_enabled(const struct fl_mpu *mpu)
{
	return mpu->words && mpu->count >= 2 && mpu->arch != FL_ARCH_UNKNOWN && mpu->words[1] & 1;
}

bool fl_mpu_has_default_map(const struct fl_mpu *mpu)
{
	return mpu->words && mpu->count >= 2 && mpu->words[1] >> 2 & 1;
}

/* AP[2:0], Arm DDI 0403E table B3-14; 4 is reserved. */
static void v7m_access(struct fl_mpu_region *region, uint32_t rasr)
{
	unsigned ap = rasr >> 24 & 7;
	region->read = ap != 0 && ap != 4;
	region->write = ap >= 1 && ap <= 3;
	region->user_read = ap == 2 || ap == 3 || ap == 6 || ap == 7;
	region->user_write = ap == 3;
	region->execute = !(rasr >> 28 & 1) && region->read;
}

static bool v7m_region(uint32_t rbar, uint32_t rasr, uint32_t addr, struct fl_mpu_region *ret)
{
	unsigned log2 = (rasr >> 1 & 0x1f) + 1;
	if (!(rasr & 1) || log2 < 5)
		return false;
	uint64_t size = UINT64_C(1) << log2;
	ret->start = rbar & ~(uint32_t)(size - 1);
	ret->end = ret->start + size;
	if (addr < ret->start || addr >= ret->end)
		return false;
	if (log2 >= 8 && rasr >> (8 + (addr - ret->start) / (size / 8)) & 1)
		return false; /* this eighth is switched off */
	v7m_access(ret, rasr);
	return true;
}

/* Arm DDI 0553 D1.2.162, D1.2.165. */
static bool v8m_region(uint32_t rbar, uint32_t rlar, uint32_t addr, struct fl_mpu_region *ret)
{
	ret->start = rbar & ~UINT32_C(0x1f);
	ret->end = (uint64_t)(rlar | 0x1f) + 1;
	if (!(rlar & 1) || addr < ret->start || addr >= ret->end)
		return false;
	bool any = rbar >> 1 & 1;
	ret->read = true;
	ret->write = !(rbar >> 2 & 1);
	ret->user_read = any;
	ret->user_write = any && ret->write;
	ret->execute = !(rbar & 1);
	return true;
}

bool fl_mpu_find(const struct fl_mpu *mpu, uint32_t addr, struct fl_mpu_region *ret,
		 bool *overlap_ret)
{
	bool v8m = is_v8m(mpu->arch);
	unsigned hits = 0;
	*overlap_ret = false;
	if (!fl_mpu_enabled(mpu))
		return false;
	for (size_t i = 0; 2 * i + 3 < mpu->count; i++) {
		struct fl_mpu_region region = { .number = (unsigned)i };
		const uint32_t *pair = &mpu->words[2 + 2 * i];
		bool hit = v8m ? v8m_region(pair[0], pair[1], addr, &region)
			       : v7m_region(pair[0], pair[1], addr, &region);
		if (!hit)
			continue;
		if (!v8m || !hits)
			*ret = region;
		hits++;
	}
	*overlap_ret = v8m && hits > 1;
	return hits != 0;
}

const char *fl_mpu_words(const struct fl_mpu_region *region)
{
	if (!region->read)
		return "no access";
	if (!region->write)
		return region->user_read ? "read-only access"
					 : "read-only access, privileged code only";
	if (region->user_write)
		return region->execute ? "full access" : "read and write access, no execution";
	return region->user_read ? "read-only access for unprivileged code"
				 : "access for privileged code only";
}

bool fl_mpu_is_guard(const struct fl_mpu_region *region)
{
	return region->end - region->start <= GUARD_MAX && !region->write;
}
