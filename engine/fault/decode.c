/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/decode.h"

#include "fault/bits.h"
#include "target/scs.h"

static const uint32_t addresses[FL_SCS_COUNT] = {
	[FL_SHCSR] = FL_ADDR_SHCSR, [FL_CFSR] = FL_ADDR_CFSR,   [FL_HFSR] = FL_ADDR_HFSR,
	[FL_DFSR] = FL_ADDR_DFSR,   [FL_MMFAR] = FL_ADDR_MMFAR, [FL_BFAR] = FL_ADDR_BFAR,
	[FL_AFSR] = FL_ADDR_AFSR,   [FL_SFSR] = FL_ADDR_SFSR,   [FL_SFAR] = FL_ADDR_SFAR,
	[FL_ABFSR] = FL_ADDR_ABFSR, [FL_ICSR] = FL_ADDR_ICSR,   [FL_VTOR] = FL_ADDR_VTOR,
	[FL_CCR] = FL_ADDR_CCR,     [FL_CPUID] = FL_ADDR_CPUID, [FL_ACTLR] = FL_ADDR_ACTLR,
};

static bool read_captured(const struct fl_memory *memory, uint32_t addr, uint32_t *ret)
{
	for (uint32_t i = 0; i < 4; i++) {
		const struct fl_span *span = fl_memory_find(memory, addr + i);
		if (!span || span->source != FL_SPAN_DUMP)
			return false;
	}
	return fl_memory_u32(memory, addr, ret);
}

static bool is_v8m(enum fl_arch arch)
{
	return arch == FL_ARCH_V8M_BASE || arch == FL_ARCH_V8M_MAIN || arch == FL_ARCH_UNKNOWN;
}

/*
 * ABFSR is the Cortex-M7's: an M4 has the same profile, but nothing at that address, and so has
 * no dump of one.
 */
static bool has_register(enum fl_scs_register reg, enum fl_arch arch)
{
	if (reg == FL_SFSR || reg == FL_SFAR)
		return arch == FL_ARCH_V8M_MAIN || arch == FL_ARCH_UNKNOWN;
	if (reg == FL_ABFSR)
		return arch == FL_ARCH_V7EM || arch == FL_ARCH_UNKNOWN;
	return true;
}

static void add_facts(const struct fl_fault_bits *table, enum fl_arch arch, struct fl_fault *ret)
{
	uint32_t value = fl_scs_value(ret, table->reg);
	for (size_t i = 0; i < table->count; i++) {
		const struct fl_fault_bit *bit = &table->bits[i];
		if (!(value >> bit->bit & 1) || ret->fact_count == FL_FAULT_FACTS)
			continue;
		if (bit->effects & FL_EFFECT_V8M_ONLY && !is_v8m(arch))
			continue;
		ret->effects |= bit->effects & ~(unsigned)FL_EFFECT_V8M_ONLY;
		ret->facts[ret->fact_count++] = (struct fl_fault_fact){
			.reg = table->reg,
			.bit = bit->bit,
			.name = bit->name,
			.meaning = bit->meaning,
		};
	}
}

/*
 * Code built for Armv6-M also runs on cores that have the registers; where one of them is set,
 * they are there.
 */
static bool are_absent(const struct fl_fault *fault, enum fl_arch arch)
{
	if (arch != FL_ARCH_V6M && arch != FL_ARCH_V8M_BASE)
		return false;
	return !fl_scs_value(fault, FL_CFSR) && !fl_scs_value(fault, FL_HFSR);
}

void fl_fault_decode(const struct fl_memory *memory, enum fl_arch arch, struct fl_fault *ret)
{
	*ret = (struct fl_fault){ 0 };
	for (unsigned reg = 0; reg < FL_SCS_COUNT; reg++)
		if (has_register(reg, arch) &&
		    read_captured(memory, addresses[reg], &ret->value[reg]))
			ret->known |= UINT32_C(1) << reg;
	ret->absent = are_absent(ret, arch);
	for (size_t i = 0; i < fl_fault_table_count; i++)
		add_facts(&fl_fault_tables[i], arch, ret);
}
